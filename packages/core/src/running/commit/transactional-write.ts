import type { StorageError } from "../../errors/errors.js";
import type { EventDraft } from "../../events/event.js";
import type { CommitOutcome, ExecutionCommit, StorageTransaction } from "../../ports/execution-commit.js";
import type { NodeRecord } from "../../ports/execution-record.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import { handleRefusal } from "../execution/refused-commit.js";
import type { CommitOwner } from "./commit-sender.js";

/** A commit with a node's code in its transaction; `nodes` and `events` are filled in by then. */
export interface TransactionalWriteParams {
  readonly nodes: readonly NodeRecord[];
  readonly events: readonly EventDraft[];
  readonly transaction: (opened: StorageTransaction) => Promise<void>;
  readonly onCommitted: () => void;
  readonly onRolledBack: (error: unknown) => void;
}

/** Writes a node's result beside the gathered writes of its execution: a commit that goes by itself. */
export class TransactionalWrite implements CommitOwner {
  readonly commit: ExecutionCommit;
  readonly #runner: ExecutionRunner;
  readonly #params: TransactionalWriteParams;

  constructor(runner: ExecutionRunner, params: TransactionalWriteParams) {
    this.#runner = runner;
    this.#params = params;
    const { nodes, events, transaction } = params;
    const commit: { -readonly [Key in keyof ExecutionCommit]: ExecutionCommit[Key] } = {
      executionId: runner.id,
      epoch: runner.record.epoch,
      nodes,
      events,
      transaction: async (opened) => {
        await transaction(opened);
        // Only from here on is it known what is written: sent again, it must not run twice.
        commit.afterSeq = runner.writer.lastSeq;
      },
    };
    this.commit = commit;
  }

  get executionId(): string {
    return this.#runner.id;
  }

  get isDropped(): boolean {
    return this.#runner.isDropped;
  }

  committed(commit: ExecutionCommit, outcome: CommitOutcome): void {
    const { events, onCommitted, onRolledBack } = this.#params;
    if (outcome.ok) {
      this.#runner.writer.publish(events, outcome.firstSeq);
      return onCommitted();
    }
    if (outcome.reason === "transaction_failed") onRolledBack(outcome.error);
    else handleRefusal(this.#runner, { commit, outcome });
  }

  commitFailed(commit: ExecutionCommit, error: StorageError): void {
    this.#runner.writer.commitFailed(commit, error);
  }
}
