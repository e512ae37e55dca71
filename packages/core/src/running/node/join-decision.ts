/**
 * Which edges decided an `any` or `quorum` join. The record of a node keeps it: whoever goes on with the execution gives
 * the node the same inputs and variables, whatever else has come meanwhile.
 */
import type { NodeRecord } from "../../ports/execution-record.js";
import type { ScopeRunner } from "../scope/scope-runner.js";

/** The part of a node's record that tells which edges decided its join; empty for other joins. */
export function decisionOf(scope: ScopeRunner, node: number): Pick<NodeRecord, "decidedBy"> {
  const edges = scope.state.decidedEdges?.get(node);
  return edges === undefined ? {} : { decidedBy: edges.map((edge) => nameOf(scope, edge)) };
}

/** A final record, with the decision where that would not follow from the edges as they are known by now. */
export function withDecision(scope: ScopeRunner, node: number, record: NodeRecord): NodeRecord {
  const { decidedEdges, unknownIn, liveIn } = scope.state;
  const edges = decidedEdges?.get(node);
  if (edges === undefined || (unknownIn[node] === 0 && liveIn[node] === edges.length)) return record;
  return { ...record, ...decisionOf(scope, node) };
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
