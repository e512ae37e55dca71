import type { ApprovalDecision } from "../definition/wait.js";

/** Where an approval stands. */
export interface ApprovalAnswer {
  readonly status: "pending" | "approved" | "rejected" | "timed_out";
  /** Those that counted; none once it has timed out. */
  readonly decisions: readonly ApprovalDecision[];
}

/** What decisions alone amount to, whatever the time. */
export type ApprovalJudgement = ApprovalAnswer & { readonly status: "pending" | "approved" | "rejected" };

/** What decisions amount to: each person counts once, the first rejection rejects, `quorum` approvals approve. */
export function judgeApproval(decisions: readonly ApprovalDecision[], quorum: number): ApprovalJudgement {
  const counted: ApprovalDecision[] = [];
  let approvals = 0;
  for (const decision of decisions) {
    if (counted.some(({ by }) => by === decision.by)) continue;
    counted.push(decision);
    if (decision.decision === "reject") return { status: "rejected", decisions: counted };
    approvals++;
    if (approvals >= quorum) return { status: "approved", decisions: counted };
  }
  return { status: "pending", decisions: counted };
}

/** Marks a decision for one asking of a node: it may ask again later, and the same person then counts again. */
export function approvalKey(ordinal: number, by: string): string {
  return JSON.stringify([ordinal, by]);
}

/** Which asking an {@link approvalKey} is about. */
export function ordinalOfApproval(key: string | null): number | undefined {
  return key === null ? undefined : (JSON.parse(key) as [number, string])[0];
}
