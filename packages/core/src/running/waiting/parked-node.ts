import type { ApprovalDecision, Wait } from "../../definition/wait.js";
import type { ErrorRecord, WaitRecord } from "../../ports/execution-record.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import type { ChildExecution } from "../services.js";
import type { Timer } from "../timers.js";

/** A `once` node of which nobody knows whether it took place waits for a person to decide. */
export interface UnknownOutcomeWait {
  readonly kind: "unknown_outcome";
  /** Says what is unknown; its `details.lostBy` is `crash` or `failure`. */
  readonly error: ErrorRecord;
}

/** A node that waits, and what for. */
export interface ParkedNode {
  readonly scope: ScopeRunner;
  readonly node: number;
  readonly wait: Wait | UnknownOutcomeWait;
  record: WaitRecord;
  /** What the node set before it waited: set once it completes. */
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  timer: Timer | undefined;
  child: ChildExecution | undefined;
  readonly decisions: ApprovalDecision[];
  /** True once nobody waits any more. */
  isForgotten?: boolean;
}
