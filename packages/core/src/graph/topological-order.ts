import type { Graph } from "./graph.js";

/**
 * Nodes in an order in which every edge points forward, or undefined when there is a cycle. Kahn's algorithm with a
 * first-in-first-out queue that starts with the entries in definition order: the same graph always gives the same
 * order. O(nodes + edges), without recursion.
 */
export function topologicalOrder(graph: Graph): Int32Array | undefined {
  const { nodeCount, outStart, outEdges, inStart, target } = graph;
  const order = new Int32Array(nodeCount);
  const missing = new Int32Array(nodeCount);
  let queued = 0;
  for (let node = 0; node < nodeCount; node += 1) {
    const incoming = (inStart[node + 1] as number) - (inStart[node] as number);
    missing[node] = incoming;
    if (incoming === 0) order[queued++] = node;
  }
  for (let read = 0; read < queued; read += 1) {
    const node = order[read] as number;
    const end = outStart[node + 1] as number;
    for (let slot = outStart[node] as number; slot < end; slot += 1) {
      const next = target[outEdges[slot] as number] as number;
      const left = (missing[next] as number) - 1;
      missing[next] = left;
      if (left === 0) order[queued++] = next;
    }
  }
  return queued === nodeCount ? order : undefined;
}
