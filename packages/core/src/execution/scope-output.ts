import { EDGE, NODE, type ScopeState } from "./scope-state.js";

/**
 * Output of a scope that completed: that of its one completed `end`; of several, an object by node id; without one,
 * the same over the completed nodes none of whose edges was live; null when there is nothing.
 */
export function scopeOutput(state: ScopeState): unknown {
  const { plan } = state;
  if (plan.nodes.length === 0) return state.input;
  const ends = plan.ends.filter((node) => state.status[node] === NODE.completed);
  return collect(state, ends.length > 0 ? ends : completedSinks(state));
}

function collect(state: ScopeState, nodes: readonly number[]): unknown {
  if (nodes.length === 0) return null;
  if (nodes.length === 1) return state.outputs[nodes[0] as number];
  return Object.freeze(
    Object.fromEntries(nodes.map((node) => [state.plan.nodes[node]?.id as string, state.outputs[node]])),
  );
}

function completedSinks(state: ScopeState): readonly number[] {
  const { graph } = state.plan;
  const sinks: number[] = [];
  for (let node = 0; node < graph.nodeCount; node++) {
    if (state.status[node] !== NODE.completed) continue;
    let isSink = true;
    for (let at = graph.outStart[node] as number; at < (graph.outStart[node + 1] as number) && isSink; at++) {
      isSink = state.edges[graph.outEdges[at] as number] !== EDGE.live;
    }
    if (isSink) sinks.push(node);
  }
  return sinks;
}
