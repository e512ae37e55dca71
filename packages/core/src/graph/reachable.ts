import type { Graph } from "./graph.js";

/** Marks with 1 the given nodes and everything that can be reached from them along edges. O(nodes + edges). */
export function reachableFrom(graph: Graph, starts: Iterable<number>): Uint8Array {
  return spread(graph.nodeCount, starts, { start: graph.outStart, edges: graph.outEdges, ends: graph.target });
}

/** Marks with 1 every node from which `node` can be reached; the node itself only if it lies on a cycle. O(nodes + edges). */
export function ancestorsOf(graph: Graph, node: number): Uint8Array {
  const { inStart, inEdges, source } = graph;
  const parents: number[] = [];
  for (let slot = inStart[node] as number; slot < (inStart[node + 1] as number); slot += 1) {
    parents.push(source[inEdges[slot] as number] as number);
  }
  return spread(graph.nodeCount, parents, { start: inStart, edges: inEdges, ends: source });
}

interface Rows {
  readonly start: Int32Array;
  readonly edges: Int32Array;
  readonly ends: Int32Array;
}

function spread(nodeCount: number, starts: Iterable<number>, rows: Rows): Uint8Array {
  const marked = new Uint8Array(nodeCount);
  const queue = new Int32Array(nodeCount);
  let queued = 0;
  const mark = (node: number): void => {
    if (marked[node] === 1) return;
    marked[node] = 1;
    queue[queued++] = node;
  };
  for (const node of starts) mark(node);
  for (let read = 0; read < queued; read += 1) {
    const node = queue[read] as number;
    const end = rows.start[node + 1] as number;
    for (let slot = rows.start[node] as number; slot < end; slot += 1)
      mark(rows.ends[rows.edges[slot] as number] as number);
  }
  return marked;
}
