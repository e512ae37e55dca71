import type { ApprovalDecision, Wait } from "../definition/wait.js";
import type { WaitRecord } from "../ports/storage.js";
import type { ScopeRunner } from "./scope-runner.js";
import type { ChildExecution } from "./services.js";
import type { Timer } from "./timers.js";

/** A node that waits, and what for. */
export interface ParkedNode {
  readonly scope: ScopeRunner;
  readonly node: number;
  readonly wait: Wait;
  readonly record: WaitRecord;
  timer: Timer | undefined;
  child: ChildExecution | undefined;
  readonly decisions: ApprovalDecision[];
  /** True once nobody waits any more. */
  isForgotten?: boolean;
}
