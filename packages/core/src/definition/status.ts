/** Where an execution stands. The last three are final. */
export type ExecutionStatus = "queued" | "running" | "waiting" | "completed" | "failed" | "cancelled";

/** Where a node stands. */
export type NodeStatus = "pending" | "running" | "waiting" | "completed" | "failed" | "skipped" | "cancelled";

/** Why a node was skipped. */
export type SkipReason =
  | "branch_not_taken"
  | "upstream_failed"
  | "upstream_skipped"
  | "join_unsatisfied"
  | "disabled"
  | "cancelled";
