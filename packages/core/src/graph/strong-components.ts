import type { Graph } from "./graph.js";

/** The strongly connected components of a graph: sets of nodes that all reach each other. */
export interface StrongComponents {
  readonly count: number;
  /** Component of each node. Every edge leads to its own component or to one with a smaller number. */
  readonly componentOf: Int32Array;
  /** All nodes, those of a component side by side, upstream components first. */
  readonly order: Int32Array;
}

/** Finds the components in O(nodes + edges) with an explicit stack. Origin: Tarjan 1972. */
export function strongComponents(graph: Graph): StrongComponents {
  const { nodeCount, outStart, outEdges, target } = graph;
  const visited = new Int32Array(nodeCount);
  const low = new Int32Array(nodeCount);
  const componentOf = new Int32Array(nodeCount).fill(-1);
  const slot = outStart.slice(0, nodeCount);
  const order = new Int32Array(nodeCount);
  const open = new Int32Array(nodeCount);
  const path = new Int32Array(nodeCount);
  let openLength = 0;
  let pathLength = 0;
  let clock = 0;
  let count = 0;
  let firstPlaced = nodeCount;

  const enter = (node: number): void => {
    clock += 1;
    visited[node] = clock;
    low[node] = clock;
    open[openLength++] = node;
    path[pathLength++] = node;
  };
  const close = (root: number): void => {
    let node: number;
    do {
      node = open[--openLength] as number;
      componentOf[node] = count;
      order[--firstPlaced] = node;
    } while (node !== root);
    count += 1;
  };
  const lower = (node: number, value: number): void => {
    if (value < (low[node] as number)) low[node] = value;
  };

  for (let start = 0; start < nodeCount; start += 1) {
    if (visited[start] !== 0) continue;
    enter(start);
    while (pathLength > 0) {
      const node = path[pathLength - 1] as number;
      const at = slot[node] as number;
      if (at < (outStart[node + 1] as number)) {
        slot[node] = at + 1;
        const next = target[outEdges[at] as number] as number;
        if (visited[next] === 0) enter(next);
        else if (componentOf[next] === -1) lower(node, visited[next] as number);
        continue;
      }
      pathLength -= 1;
      if (pathLength > 0) lower(path[pathLength - 1] as number, low[node] as number);
      if (low[node] === visited[node]) close(node);
    }
  }
  return { count, componentOf, order };
}
