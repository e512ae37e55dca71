/** An edge between two nodes, each named by its index. */
export interface IndexedEdge {
  readonly source: number;
  readonly target: number;
}

/**
 * A directed graph in compressed sparse rows. Nodes and edges are numbered in the order of the definition, and the
 * edges of a node are listed in edge order; nothing depends on the order of object keys or on arrival.
 *
 * The edges that leave node `n` are `outEdges[outStart[n]]` up to, not including, `outEdges[outStart[n + 1]]`; those
 * that enter it likewise with `inStart` and `inEdges`.
 */
export interface Graph {
  readonly nodeCount: number;
  readonly edgeCount: number;
  /** Source of each edge. */
  readonly source: Int32Array;
  /** Target of each edge. */
  readonly target: Int32Array;
  readonly outStart: Int32Array;
  readonly outEdges: Int32Array;
  readonly inStart: Int32Array;
  readonly inEdges: Int32Array;
}

/**
 * Builds the adjacency of a graph in O(nodes + edges).
 *
 * @param edges - in the order of the definition; both ends within `0 … nodeCount - 1`; parallel edges and self edges are kept
 * @throws RangeError when an edge names a node outside the graph
 */
export function compileGraph(nodeCount: number, edges: readonly IndexedEdge[]): Graph {
  const edgeCount = edges.length;
  const source = new Int32Array(edgeCount);
  const target = new Int32Array(edgeCount);
  edges.forEach((edge, index) => {
    assertNode(edge.source, nodeCount);
    assertNode(edge.target, nodeCount);
    source[index] = edge.source;
    target[index] = edge.target;
  });
  const [outStart, outEdges] = groupByNode(nodeCount, source);
  const [inStart, inEdges] = groupByNode(nodeCount, target);
  return { nodeCount, edgeCount, source, target, outStart, outEdges, inStart, inEdges };
}

function assertNode(node: number, nodeCount: number): void {
  if (!Number.isInteger(node) || node < 0 || node >= nodeCount) {
    throw new RangeError(`Edge names node ${node}, but the graph has nodes 0 to ${nodeCount - 1}.`);
  }
}

/** Counting sort of edge indexes by one end; stable, so that each group stays in edge order. */
function groupByNode(nodeCount: number, ends: Int32Array): readonly [Int32Array, Int32Array] {
  const start = new Int32Array(nodeCount + 1);
  for (const node of ends) start[node + 1] = (start[node + 1] as number) + 1;
  for (let node = 0; node < nodeCount; node += 1)
    start[node + 1] = (start[node + 1] as number) + (start[node] as number);
  const next = start.slice();
  const grouped = new Int32Array(ends.length);
  ends.forEach((node, edge) => {
    const slot = next[node] as number;
    grouped[slot] = edge;
    next[node] = slot + 1;
  });
  return [start, grouped];
}
