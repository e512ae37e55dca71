import type { Graph } from "../graph/graph.js";

/** Nodes from which every path leads through the join, in definition order. O(nodes + edges). */
export function findCancellable(graph: Graph, order: Int32Array, join: number): readonly number[] {
  const leadsOnlyHere = new Uint8Array(graph.nodeCount);
  leadsOnlyHere[join] = 1;
  for (let position = order.length - 1; position >= 0; position--) {
    const node = order[position] as number;
    const first = graph.outStart[node] as number;
    const last = graph.outStart[node + 1] as number;
    if (node === join || first === last) continue;
    let all = true;
    for (let at = first; at < last && all; at++)
      all = leadsOnlyHere[graph.target[graph.outEdges[at] as number] as number] === 1;
    if (all) leadsOnlyHere[node] = 1;
  }
  return Array.from(leadsOnlyHere.keys()).filter((node) => node !== join && leadsOnlyHere[node] === 1);
}
