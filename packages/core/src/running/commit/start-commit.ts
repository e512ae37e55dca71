import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type { ExecutionRecord, NodeRecord, StepRecord } from "../../ports/execution-record.js";
import { createDeferred } from "../../shared/deferred.js";
import type { CommitSource } from "./commit-queue.js";
import { PendingCommit } from "./pending-commit.js";

/** What a new execution takes over from an earlier one. */
export interface TakenOver {
  readonly seeds: ReadonlyMap<string, NodeRecord> | undefined;
  readonly steps: readonly StepRecord[] | undefined;
}

/** Writes the row of a new execution with everything that it takes over. */
export function writeStart(pending: PendingCommit, record: ExecutionRecord, { seeds, steps }: TakenOver): void {
  const { id: executionId, createdAt: at, workflowId, workflowName } = record;
  pending.create = record;
  pending.events.push({ seq: 0, type: "execution.created", at, executionId, data: { workflowId, workflowName } });
  for (const node of seeds?.values() ?? []) {
    pending.nodes.push(node);
    const type = node.status === "completed" ? "node.completed" : "node.failed";
    pending.events.push({ seq: 0, type, at, executionId, nodeId: node.path, attempt: node.attempts, data: node });
  }
  for (const step of steps ?? []) pending.addStep(step);
}

/** Creates an execution that nobody owns yet: it is queued until a worker claims it. */
export class QueuedStart implements CommitSource {
  isFlushRequested = false;
  readonly isDropped = false;
  readonly #pending = new PendingCommit();
  readonly #record: ExecutionRecord;
  readonly #refuseAtLimit: boolean;
  readonly #written = createDeferred<CommitOutcome>();

  constructor(record: ExecutionRecord, params: TakenOver & { readonly refuseAtLimit: boolean }) {
    this.#record = record;
    this.#refuseAtLimit = params.refuseAtLimit;
    writeStart(this.#pending, record, params);
  }

  /** Resolves when the row is durable, or refused. */
  get written(): Promise<CommitOutcome> {
    return this.#written.promise;
  }

  get executionId(): string {
    return this.#record.id;
  }

  takeCommit(): ExecutionCommit | undefined {
    const { id: executionId, epoch } = this.#record;
    const commit = this.#pending.take({ executionId, epoch, afterSeq: 0 });
    return this.#refuseAtLimit ? { ...commit, refuseAtLimit: true } : commit;
  }

  committed(_commit: ExecutionCommit, outcome: CommitOutcome): void {
    this.#written.resolve(outcome);
  }

  commitFailed(_commit: ExecutionCommit, error: Error): void {
    this.#written.reject(error);
  }
}
