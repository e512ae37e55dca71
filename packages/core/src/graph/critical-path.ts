import type { Graph } from "./graph.js";

/**
 * For each node the weight of the heaviest path from it to any node without outgoing edges, itself included. Running
 * the node with the highest value first shortens the whole (list scheduling by critical path).
 *
 * @param order - a topological order of the graph
 * @param weight - cost of a node; 1 when left out, which makes the value a count of nodes
 */
export function criticalPath(graph: Graph, order: Int32Array, weight?: (node: number) => number): Float64Array {
  const { outStart, outEdges, target } = graph;
  const length = new Float64Array(graph.nodeCount);
  for (let position = order.length - 1; position >= 0; position -= 1) {
    const node = order[position] as number;
    const end = outStart[node + 1] as number;
    let rest = 0;
    for (let slot = outStart[node] as number; slot < end; slot += 1) {
      const below = length[target[outEdges[slot] as number] as number] as number;
      if (below > rest) rest = below;
    }
    length[node] = rest + (weight === undefined ? 1 : weight(node));
  }
  return length;
}
