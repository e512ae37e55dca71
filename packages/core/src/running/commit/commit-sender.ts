import { StorageError } from "../../errors/errors.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type { Storage } from "../../ports/storage.js";
import type { Timers } from "../timers.js";

const FIRST_RETRY_DELAY_MS = 50;
const MAX_RETRY_DELAY_MS = 1_000;

/** Somebody who waits for one commit. */
export interface CommitOwner {
  readonly executionId: string;
  /** True once nobody waits for its writes any more: they are not tried again. */
  readonly isDropped: boolean;
  committed(commit: ExecutionCommit, outcome: CommitOutcome): void;
  commitFailed(commit: ExecutionCommit, error: StorageError): void;
}

export interface Write {
  readonly owner: CommitOwner;
  readonly commit: ExecutionCommit;
}

export interface CommitSenderParams {
  readonly storage: Storage;
  readonly timers: Timers;
  readonly now: () => number;
  /** How long a batch is sent again while the storage does not answer, in milliseconds. */
  readonly retryForMs: number;
}

/**
 * Sends a batch and tells each owner what became of its commit.
 *
 * A storage that does not answer (`storage_unavailable`) is sent the same batch again, which it acknowledges without
 * writing twice when only its answer was lost. Any other error is one commit's fault: each is then tried alone, so
 * that it harms nobody else.
 */
export class CommitSender {
  readonly #params: CommitSenderParams;
  readonly #endPauses = new Set<() => void>();
  #isClosing = false;

  constructor(params: CommitSenderParams) {
    this.#params = params;
  }

  /** From now on a batch that the storage does not take is given up at once. */
  close(): void {
    this.#isClosing = true;
    for (const endPause of [...this.#endPauses]) endPause();
  }

  /** Resolves when every owner has been told. */
  async send(writes: readonly Write[]): Promise<void> {
    try {
      tell(writes, await this.#params.storage.commit(writes.map(({ commit }) => commit)));
    } catch (error) {
      await this.#recover(writes, toStorageError(error));
    }
  }

  async #recover(writes: readonly Write[], error: StorageError): Promise<void> {
    if (error.code === "storage_unavailable") return this.#sendAgain(writes, error);
    if (writes.length === 1) return fail(writes, error);
    for (const write of writes) await this.send([write]);
  }

  /** Until the storage answers, or the lease of this worker must have ended. */
  async #sendAgain(writes: readonly Write[], failure: StorageError): Promise<void> {
    const { storage, now, retryForMs } = this.#params;
    const giveUpAt = now() + retryForMs;
    let delayMs = FIRST_RETRY_DELAY_MS;
    for (let open = writes; ; ) {
      open = open.filter(({ owner }) => !owner.isDropped);
      if (open.length === 0) return;
      if (this.#isClosing || now() + delayMs > giveUpAt) return fail(open, failure);
      await this.#pause(delayMs);
      delayMs = Math.min(delayMs * 2, MAX_RETRY_DELAY_MS);
      try {
        return tell(open, await storage.commit(open.map(({ commit }) => commit)));
      } catch (error) {
        const next = toStorageError(error);
        if (next.code !== "storage_unavailable") return this.#recover(open, next);
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const endPause = () => {
        this.#endPauses.delete(endPause);
        timer.cancel();
        resolve();
      };
      const timer = this.#params.timers.set(this.#params.now() + delayMs, endPause);
      this.#endPauses.add(endPause);
    });
  }
}

function tell(writes: readonly Write[], outcomes: readonly CommitOutcome[]): void {
  for (let index = 0; index < writes.length; index++) {
    const { owner, commit } = writes[index] as Write;
    owner.committed(commit, outcomes[index] as CommitOutcome);
  }
}

function fail(writes: readonly Write[], error: StorageError): void {
  for (const { owner, commit } of writes) owner.commitFailed(commit, error);
}

function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError("storage_unavailable", "The storage could not commit.", { cause: error });
}
