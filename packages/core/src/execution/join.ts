import type { SkipReason } from "../definition/status.js";
import type { PlannedNode } from "./plan.js";
import { DEAD, type ScopeState } from "./scope-state.js";

/**
 * Decides a join: it runs at the first moment at which that is certain and skips only when every edge is known, so
 * that a reason never depends on the order of arrival.
 */
export function decideJoin(state: ScopeState, node: PlannedNode): "run" | "skip" | "undecided" {
  const unknown = state.unknownIn[node.index] as number;
  const live = state.liveIn[node.index] as number;
  switch (node.join.mode) {
    case "auto":
      return unknown > 0 ? "undecided" : live > 0 ? "run" : "skip";
    case "all":
      return unknown > 0 ? "undecided" : live === inDegree(state, node.index) ? "run" : "skip";
    case "any":
      return live > 0 ? "run" : unknown > 0 ? "undecided" : "skip";
    case "quorum":
      return live >= node.join.count ? "run" : unknown > 0 ? "undecided" : "skip";
    case "always":
      return unknown > 0 ? "undecided" : "run";
  }
}

/** Why a node whose edges are all known is skipped: the first that applies. */
export function skipReasonOf(state: ScopeState, node: PlannedNode): SkipReason {
  const reasons = state.deadReasons[node.index] as number;
  if (reasons & DEAD.upstreamFailed) return "upstream_failed";
  if (reasons & DEAD.cancelled) return "cancelled";
  if (node.join.mode === "all" || node.join.mode === "quorum") return "join_unsatisfied";
  return reasons & DEAD.branchNotTaken ? "branch_not_taken" : "upstream_skipped";
}

/** What the edges of a skipped node tell the nodes behind it. */
export function deadReasonAfterSkip(reason: SkipReason): number {
  if (reason === "upstream_failed") return DEAD.upstreamFailed;
  return reason === "cancelled" ? DEAD.cancelled : DEAD.upstreamSkipped;
}

export function inDegree(state: ScopeState, node: number): number {
  const { inStart } = state.plan.graph;
  return (inStart[node + 1] as number) - (inStart[node] as number);
}
