import { StorageError } from "../errors/errors.js";
import type { CommitOutcome, ExecutionCommit, Storage } from "../ports/storage.js";
import { createDeferred, type Deferred } from "../shared/deferred.js";

/** Most executions in one transaction. */
const MAX_BATCH_SIZE = 1_000;

/** An execution with something to write. */
export interface CommitSource {
  /** Kept by the queue: true while a flush is asked for. */
  isFlushRequested: boolean;
  /** Everything it has to write now; undefined when there is nothing. */
  takeCommit(): ExecutionCommit | undefined;
  committed(commit: ExecutionCommit, outcome: CommitOutcome): void;
  commitFailed(commit: ExecutionCommit, error: StorageError): void;
}

/**
 * All writes of a process. Flushes at once when idle; what piles up during a flush goes into the next one, so the
 * batch grows with the load and each execution has at most one commit in a batch.
 */
export class CommitQueue {
  readonly #storage: Storage;
  #waiting: CommitSource[] = [];
  #isFlushing = false;
  #idle: Deferred<void> | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Asks for a flush of this source; its `takeCommit` is called when the batch is made up. */
  request(source: CommitSource): void {
    if (source.isFlushRequested) return;
    source.isFlushRequested = true;
    this.#waiting.push(source);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => void this.#flushAll());
  }

  /** Resolves when nothing is waiting or being written. */
  idle(): Promise<void> {
    if (!this.#isFlushing) return Promise.resolve();
    this.#idle ??= createDeferred<void>();
    return this.#idle.promise;
  }

  get isIdle(): boolean {
    return !this.#isFlushing;
  }

  async #flushAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#flush();
    this.#isFlushing = false;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  async #flush(): Promise<void> {
    const sources: CommitSource[] = [];
    const batch: ExecutionCommit[] = [];
    const waiting = this.#waiting;
    this.#waiting = waiting.length > MAX_BATCH_SIZE ? waiting.splice(MAX_BATCH_SIZE) : [];
    for (const source of waiting) {
      source.isFlushRequested = false;
      const commit = source.takeCommit();
      if (commit === undefined) continue;
      sources.push(source);
      batch.push(commit);
    }
    if (batch.length === 0) return;
    try {
      const outcomes = await this.#storage.commit(batch);
      for (let index = 0; index < sources.length; index++) {
        (sources[index] as CommitSource).committed(batch[index] as ExecutionCommit, outcomes[index] as CommitOutcome);
      }
    } catch (error) {
      const failure = toStorageError(error);
      for (const [index, source] of sources.entries()) source.commitFailed(batch[index] as ExecutionCommit, failure);
    }
  }
}

function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError("storage_unavailable", "The storage could not commit.", { cause: error });
}
