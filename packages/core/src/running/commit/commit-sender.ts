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

/** What whoever sends hears of it. */
export interface SendingListener {
  /** This owner has been told what became of its commit. */
  told(write: Write): void;
  /** Some were told beside the sending that they came with. */
  toldLate(): void;
}

/**
 * Sends a batch and tells each owner what became of its commit.
 *
 * A storage that does not answer (`storage_unavailable`) is sent the same batch again, which it acknowledges without
 * writing twice when only its answer was lost. Any other error is one commit's fault: each is then tried alone, so
 * that it harms nobody else. What is held up by somebody else (`busy`) is sent again beside what comes after it.
 */
export class CommitSender {
  readonly #params: CommitSenderParams;
  readonly #listener: SendingListener;
  readonly #endPauses = new Set<() => void>();
  /** Commits that somebody else holds up, with the instant at which each is given up. */
  readonly #held = new Map<Write, number>();
  #isSendingHeld = false;
  #isClosing = false;

  constructor(params: CommitSenderParams, listener: SendingListener) {
    this.#params = params;
    this.#listener = listener;
  }

  /** From now on a batch that the storage does not take is given up at once. */
  close(): void {
    this.#isClosing = true;
    for (const endPause of [...this.#endPauses]) endPause();
  }

  /** Resolves when every owner has been told, but those whose commit somebody else holds up. */
  async send(writes: readonly Write[]): Promise<void> {
    const outcomes = await this.#commit(writes);
    if (outcomes instanceof StorageError) return this.#recover(writes, outcomes);
    this.#hold(this.#tell(writes, outcomes));
  }

  async #commit(writes: readonly Write[]): Promise<readonly CommitOutcome[] | StorageError> {
    try {
      return await this.#params.storage.commit(writes.map(({ commit }) => commit));
    } catch (error) {
      return toStorageError(error);
    }
  }

  async #recover(writes: readonly Write[], error: StorageError): Promise<void> {
    if (error.code === "storage_unavailable") return this.#sendAgain(writes, error);
    if (writes.length === 1) return this.#fail(writes, error);
    for (const write of writes) await this.send([write]);
  }

  /** Until the storage answers, or the lease of this worker must have ended. */
  async #sendAgain(writes: readonly Write[], failure: StorageError): Promise<void> {
    const { now, retryForMs } = this.#params;
    const giveUpAt = now() + retryForMs;
    let delayMs = FIRST_RETRY_DELAY_MS;
    for (let open = writes, last = failure; ; ) {
      this.#forget(open.filter(({ owner }) => owner.isDropped));
      open = open.filter(({ owner }) => !owner.isDropped);
      if (open.length === 0) return;
      if (this.#isClosing || now() + delayMs > giveUpAt) return this.#fail(open, last);
      await this.#pause(delayMs);
      delayMs = Math.min(delayMs * 2, MAX_RETRY_DELAY_MS);
      const outcomes = await this.#commit(open);
      if (!(outcomes instanceof StorageError)) return this.#hold(this.#tell(open, outcomes));
      if (outcomes.code !== "storage_unavailable") return this.#recover(open, outcomes);
      last = outcomes;
    }
  }

  #hold(busy: readonly Write[]): void {
    const { now, retryForMs } = this.#params;
    for (const write of busy) this.#held.set(write, now() + retryForMs);
    if (busy.length > 0 && !this.#isSendingHeld) void this.#sendHeld();
  }

  /** All of them in one call, so that whoever holds them up takes up no more than that one. */
  async #sendHeld(): Promise<void> {
    this.#isSendingHeld = true;
    for (let delayMs = FIRST_RETRY_DELAY_MS; this.#held.size > 0; delayMs = Math.min(delayMs * 2, MAX_RETRY_DELAY_MS)) {
      await this.#pause(delayMs);
      const writes = this.#takeHeld();
      const outcomes = writes.length === 0 ? [] : await this.#commit(writes);
      if (!(outcomes instanceof StorageError)) {
        const busy = new Set(this.#tell(writes, outcomes));
        for (const write of writes) if (!busy.has(write)) this.#held.delete(write);
      } else if (outcomes.code !== "storage_unavailable") {
        for (const write of writes) this.#held.delete(write);
        await this.#recover(writes, outcomes);
      }
      this.#listener.toldLate();
    }
    this.#isSendingHeld = false;
  }

  /** Gives up what nobody waits for, or what has been held up for too long; answers the rest. */
  #takeHeld(): readonly Write[] {
    const now = this.#params.now();
    for (const [write, giveUpAt] of this.#held) {
      if (!write.owner.isDropped && !this.#isClosing && now <= giveUpAt) continue;
      this.#held.delete(write);
      if (write.owner.isDropped) this.#forget([write]);
      else this.#fail([write], heldUp());
    }
    return [...this.#held.keys()];
  }

  /** Answers those that are to be sent again. */
  #tell(writes: readonly Write[], outcomes: readonly CommitOutcome[]): readonly Write[] {
    const busy: Write[] = [];
    for (let index = 0; index < writes.length; index++) {
      const write = writes[index] as Write;
      const outcome = outcomes[index] as CommitOutcome;
      if (!outcome.ok && outcome.reason === "busy") busy.push(write);
      else this.#tellOne(write, outcome);
    }
    return busy;
  }

  /** An owner that cannot take it is let go alone: the others have nothing to do with it. */
  #tellOne(write: Write, outcome: CommitOutcome): void {
    this.#listener.told(write);
    try {
      write.owner.committed(write.commit, outcome);
    } catch (error) {
      failOne(write, new StorageError("internal", "What was committed could not be taken in.", { cause: error }));
    }
  }

  #fail(writes: readonly Write[], error: StorageError): void {
    this.#forget(writes);
    for (const write of writes) failOne(write, error);
  }

  #forget(writes: readonly Write[]): void {
    for (const write of writes) this.#listener.told(write);
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

function failOne({ owner, commit }: Write, error: StorageError): void {
  try {
    owner.commitFailed(commit, error);
  } catch {
    // It has let go, or never will: nobody else is to be held up by it.
  }
}

function heldUp(): StorageError {
  return new StorageError(
    "storage_unavailable",
    "Somebody else holds the execution's row in the storage for too long.",
  );
}

function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError("storage_unavailable", "The storage could not commit.", { cause: error });
}
