import type { Graph } from "../graph/graph.js";
import type { StrongComponents } from "../graph/strong-components.js";

/** Asks whether `to` is upstream of `from`. */
export interface UpstreamQuery {
  readonly from: number;
  readonly to: number;
}

/** Nodes whose descendants one pass marks: the bits of a number. */
const BLOCK_SIZE = 32;

/**
 * The queries whose `to` is not upstream of their `from`, in any order. Direct predecessors are found at once; for the
 * others, blocks of 32 nodes are marked side by side in one pass over the part of the graph between them and those who
 * ask. O(edges) for references to neighbours, O((nodes + edges) · queries / 32) at worst, in O(nodes) memory.
 */
export function findNotUpstream<Query extends UpstreamQuery>(
  queries: readonly Query[],
  params: { readonly graph: Graph; readonly components: StrongComponents },
): Query[] {
  const { graph, components } = params;
  const { componentOf } = components;
  const missing: Query[] = [];
  const distant: Query[] = [];
  const isPredecessor = predecessorTest(graph);
  for (const query of queries.toSorted((left, right) => left.from - right.from)) {
    const from = componentOf[query.from] as number;
    const to = componentOf[query.to] as number;
    if (query.from === query.to || to < from) missing.push(query);
    else if (to > from && !isPredecessor(query)) distant.push(query);
  }
  if (distant.length > 0) missing.push(...findUnmarked(distant, graph, components));
  return missing;
}

/** Marks the predecessors of the node that asked last; queries come ordered by it. */
function predecessorTest(graph: Graph): (query: UpstreamQuery) => boolean {
  const markedBy = new Int32Array(graph.nodeCount).fill(-1);
  let marked = -1;
  return ({ from, to }) => {
    if (marked !== from) {
      for (let slot = graph.inStart[from] as number; slot < (graph.inStart[from + 1] as number); slot += 1) {
        markedBy[graph.source[graph.inEdges[slot] as number] as number] = from;
      }
      marked = from;
    }
    return markedBy[to] === from;
  };
}

function findUnmarked<Query extends UpstreamQuery>(
  queries: readonly Query[],
  graph: Graph,
  components: StrongComponents,
): Query[] {
  const position = new Int32Array(graph.nodeCount);
  components.order.forEach((node, index) => {
    position[node] = index;
  });
  const at = (node: number): number => position[node] as number;
  const sorted = queries.toSorted((left, right) => at(left.to) - at(right.to));
  const marks = new Int32Array(components.count);
  const unmarked: Query[] = [];
  for (let start = 0; start < sorted.length; ) {
    const bits = new Map<number, number>();
    let end = start;
    let last = 0;
    for (; end < sorted.length; end += 1) {
      const { from, to } = sorted[end] as Query;
      if (!bits.has(to)) {
        if (bits.size === BLOCK_SIZE) break;
        bits.set(to, 1 << bits.size);
      }
      last = Math.max(last, at(from));
    }
    markDescendants(bits, { graph, components, marks, first: at((sorted[start] as Query).to), last });
    for (const query of sorted.slice(start, end)) {
      if (((marks[components.componentOf[query.from] as number] as number) & (bits.get(query.to) as number)) === 0)
        unmarked.push(query);
    }
    start = end;
  }
  return unmarked;
}

interface Pass {
  readonly graph: Graph;
  readonly components: StrongComponents;
  readonly marks: Int32Array;
  /** Positions in the order of the components, both included. */
  readonly first: number;
  readonly last: number;
}

/** Hands the bits of the given nodes on to every component downstream of theirs. */
function markDescendants(bits: ReadonlyMap<number, number>, { graph, components, marks, first, last }: Pass): void {
  const { componentOf, order } = components;
  const firstComponent = componentOf[order[first] as number] as number;
  const lastComponent = componentOf[order[last] as number] as number;
  marks.fill(0, lastComponent, firstComponent + 1);
  for (const [node, bit] of bits)
    marks[componentOf[node] as number] = (marks[componentOf[node] as number] as number) | bit;
  for (let position = first; position < order.length; position += 1) {
    const node = order[position] as number;
    const component = componentOf[node] as number;
    if (component < lastComponent) break;
    let mark = marks[component] as number;
    const end = graph.inStart[node + 1] as number;
    for (let slot = graph.inStart[node] as number; slot < end; slot += 1) {
      const above = componentOf[graph.source[graph.inEdges[slot] as number] as number] as number;
      if (above <= firstComponent) mark |= marks[above] as number;
    }
    marks[component] = mark;
  }
}
