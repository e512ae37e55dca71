/**
 * Which edges decided an `any` or `quorum` join. The record of a node keeps it as long as the node has no result: whoever
 * goes on with it after a crash gives it the same inputs, whatever else has come meanwhile.
 */
import type { NodeRecord } from "../../ports/execution-record.js";
import type { ScopeRunner } from "../scope/scope-runner.js";

/** The part of a node's record that tells which edges decided its join; empty for other joins. */
export function decisionOf(scope: ScopeRunner, node: number): Pick<NodeRecord, "decidedBy"> {
  const edges = scope.state.decidedEdges?.get(node);
  return edges === undefined ? {} : { decidedBy: edges.map((edge) => nameOf(scope, edge)) };
}

/** Takes over the decision of an earlier worker. */
export function restoreDecision(scope: ScopeRunner, node: number, { decidedBy }: NodeRecord): void {
  if (decidedBy === undefined) return;
  const { inStart, inEdges } = scope.plan.graph;
  const edges = [...inEdges.subarray(inStart[node], inStart[node + 1])];
  scope.dispatch({ type: "decided", node, edges: edges.filter((edge) => decidedBy.includes(nameOf(scope, edge))) });
}

/** Not its number, which another version of the workflow gives to another edge. An id holds no slash. */
function nameOf({ plan }: ScopeRunner, edge: number): string {
  return `${plan.nodes[plan.graph.source[edge] as number]?.id}/${plan.edgeHandle[edge]}`;
}
