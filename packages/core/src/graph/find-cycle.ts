import type { Graph } from "./graph.js";
import { type StrongComponents, strongComponents } from "./strong-components.js";

/**
 * One cycle of each strongly connected component that has any, as its nodes in order: each has an edge to the next,
 * the last one to the first. A cycle starts with its smallest node and is a shortest one through the smallest node of
 * its component; cycles are ordered by that node. A self edge is a cycle of one. O(nodes + edges), without recursion.
 */
export function findCycles(
  graph: Graph,
  components: StrongComponents = strongComponents(graph),
): readonly (readonly number[])[] {
  const { nodeCount } = graph;
  const parent = new Int32Array(nodeCount).fill(-1);
  const queue = new Int32Array(nodeCount);
  const done = new Uint8Array(components.count);
  const cycles: number[][] = [];
  for (let node = 0; node < nodeCount; node += 1) {
    const component = components.componentOf[node] as number;
    if (done[component] === 1) continue;
    done[component] = 1;
    const cycle = shortestCycleThrough(node, { graph, componentOf: components.componentOf, parent, queue });
    if (cycle !== undefined) cycles.push(cycle);
  }
  return cycles;
}

/** The first cycle of {@link findCycles}, or an empty list. */
export function findCycle(graph: Graph): readonly number[] {
  return findCycles(graph)[0] ?? [];
}

interface Search {
  readonly graph: Graph;
  readonly componentOf: Int32Array;
  readonly parent: Int32Array;
  readonly queue: Int32Array;
}

/** Breadth first from `start` within its component, until an edge leads back. */
function shortestCycleThrough(start: number, search: Search): number[] | undefined {
  const { graph, componentOf, parent, queue } = search;
  const { outStart, outEdges, target } = graph;
  const component = componentOf[start];
  let queued = 1;
  queue[0] = start;
  for (let read = 0; read < queued; read += 1) {
    const node = queue[read] as number;
    const end = outStart[node + 1] as number;
    for (let slot = outStart[node] as number; slot < end; slot += 1) {
      const next = target[outEdges[slot] as number] as number;
      if (next === start) return pathTo(node, start, parent);
      if (componentOf[next] !== component || parent[next] !== -1) continue;
      parent[next] = node;
      queue[queued++] = next;
    }
  }
  return undefined;
}

function pathTo(last: number, start: number, parent: Int32Array): number[] {
  const nodes = [last];
  for (let node = last; node !== start; ) {
    node = parent[node] as number;
    nodes.push(node);
  }
  return nodes.reverse();
}
