import { StorageError } from "../../errors/errors.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type { Storage } from "../../ports/storage.js";
import { createDeferred, type Deferred } from "../../shared/deferred.js";
import type { Timers } from "../timers.js";

/** Most executions in one transaction. */
const MAX_BATCH_SIZE = 1_000;
const FIRST_RETRY_DELAY_MS = 50;
const MAX_RETRY_DELAY_MS = 1_000;
/** A storage that works synchronously would else keep the event loop from timers, heartbeats and sockets. */
const MAX_MS_WITHOUT_TURN = 5;

/** An execution with something to write. */
export interface CommitSource {
  /** Kept by the queue: true while a flush is asked for. */
  isFlushRequested: boolean;
  /** True once nobody waits for its writes any more: they are not tried again. */
  readonly isDropped: boolean;
  /** Everything it has to write now; undefined when there is nothing. */
  takeCommit(): ExecutionCommit | undefined;
  committed(commit: ExecutionCommit, outcome: CommitOutcome): void;
  commitFailed(commit: ExecutionCommit, error: StorageError): void;
}

/** Somebody who waits for one commit. */
export type CommitOwner = Pick<CommitSource, "isDropped" | "committed" | "commitFailed">;

interface Write {
  readonly source: CommitOwner;
  readonly commit: ExecutionCommit;
}

export interface CommitQueueParams {
  readonly storage: Storage;
  readonly timers: Timers;
  readonly now: () => number;
  /** Lets the event loop turn, then calls `run`. */
  readonly defer: (run: () => void) => void;
  /** How long a batch is sent again while the storage does not answer, in milliseconds. */
  readonly retryForMs: number;
}

/**
 * All writes of a process. Flushes at once when idle; what piles up during a flush goes into the next one, so the
 * batch grows with the load and each execution has at most one commit in a batch.
 *
 * A storage that does not answer (`storage_unavailable`) is sent the same batch again, which it acknowledges without
 * writing twice when only its answer was lost. Any other error is one commit's fault: each is then tried alone, so
 * that it harms nobody else.
 */
export class CommitQueue {
  readonly #params: CommitQueueParams;
  #waiting: CommitSource[] = [];
  /** Commits with code of a node in their transaction. */
  readonly #alone: Write[] = [];
  #isFlushing = false;
  #idle: Deferred<void> | undefined;
  #isClosing = false;
  #endPause: (() => void) | undefined;

  constructor(params: CommitQueueParams) {
    this.#params = params;
  }

  /** Asks for a flush of this source; its `takeCommit` is called when the batch is made up. */
  request(source: CommitSource): void {
    if (source.isFlushRequested) return;
    source.isFlushRequested = true;
    this.#waiting.push(source);
    this.#startFlushing();
  }

  /** Commits this by itself, between two flushes: whatever else is to be written waits meanwhile. */
  commitAlone(source: CommitOwner, commit: ExecutionCommit): void {
    this.#alone.push({ source, commit });
    this.#startFlushing();
  }

  /** True when the storage can run code of nodes in its transactions. */
  get canRunTransactions(): boolean {
    return this.#params.storage.capabilities.transactional;
  }

  #startFlushing(): void {
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

  /** From now on a batch that the storage does not take is given up at once. */
  close(): void {
    this.#isClosing = true;
    this.#endPause?.();
  }

  get isIdle(): boolean {
    return !this.#isFlushing;
  }

  async #flushAll(): Promise<void> {
    let turnedAt = this.#params.now();
    while (this.#waiting.length > 0 || this.#alone.length > 0) {
      if (this.#params.now() - turnedAt >= MAX_MS_WITHOUT_TURN) {
        await new Promise<void>((resolve) => this.#params.defer(resolve));
        turnedAt = this.#params.now();
      }
      if (this.#waiting.length > 0) await this.#flush();
      const write = this.#alone.shift();
      if (write !== undefined && !write.source.isDropped) await this.#write([write]);
    }
    this.#isFlushing = false;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  async #flush(): Promise<void> {
    const writes: Write[] = [];
    const waiting = this.#waiting;
    this.#waiting = waiting.length > MAX_BATCH_SIZE ? waiting.splice(MAX_BATCH_SIZE) : [];
    for (const source of waiting) {
      source.isFlushRequested = false;
      const commit = source.takeCommit();
      if (commit === undefined) continue;
      writes.push({ source, commit });
    }
    if (writes.length > 0) await this.#write(writes);
  }

  async #write(writes: readonly Write[]): Promise<void> {
    try {
      tell(writes, await this.#params.storage.commit(writes.map(({ commit }) => commit)));
    } catch (error) {
      await this.#recover(writes, toStorageError(error));
    }
  }

  async #recover(writes: readonly Write[], error: StorageError): Promise<void> {
    if (error.code === "storage_unavailable") return this.#sendAgain(writes, error);
    if (writes.length === 1) return fail(writes, error);
    for (const write of writes) {
      try {
        tell([write], await this.#params.storage.commit([write.commit]));
      } catch (one) {
        await this.#recover([write], toStorageError(one));
      }
    }
  }

  /** Until the storage answers, or the lease of this worker must have ended. */
  async #sendAgain(writes: readonly Write[], failure: StorageError): Promise<void> {
    const { storage, now, retryForMs } = this.#params;
    const giveUpAt = now() + retryForMs;
    let delayMs = FIRST_RETRY_DELAY_MS;
    for (let open = writes; ; ) {
      open = open.filter(({ source }) => !source.isDropped);
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
      const timer = this.#params.timers.set(this.#params.now() + delayMs, resolve);
      this.#endPause = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function tell(writes: readonly Write[], outcomes: readonly CommitOutcome[]): void {
  for (let index = 0; index < writes.length; index++) {
    const { source, commit } = writes[index] as Write;
    source.committed(commit, outcomes[index] as CommitOutcome);
  }
}

function fail(writes: readonly Write[], error: StorageError): void {
  for (const { source, commit } of writes) source.commitFailed(commit, error);
}

function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError("storage_unavailable", "The storage could not commit.", { cause: error });
}
