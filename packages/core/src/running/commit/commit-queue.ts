import type { ExecutionCommit } from "../../ports/execution-commit.js";
import { createDeferred, type Deferred } from "../../shared/deferred.js";
import type { Timer } from "../timers.js";
import { type CommitOwner, CommitSender, type CommitSenderParams, type Write } from "./commit-sender.js";

/** Most executions in one transaction. */
const MAX_BATCH_SIZE = 1_000;
/** Flushes at once, where the storage takes several calls: one that it writes, one of results that came meanwhile. */
const FLUSHES_AT_ONCE = 2;
/** Fewer executions than these go with the next flush and not beside one that is under way. */
const MIN_BESIDE = 16;
/** A flush that takes longer holds up nobody any more, however few they are. */
const SLOW_FLUSH_MS = 100;
/** A storage that works synchronously would else keep the event loop from timers, heartbeats and sockets. */
const MAX_MS_WITHOUT_TURN = 5;

/** An execution with something to write. */
export interface CommitSource extends CommitOwner {
  /** Kept by the queue: true while a flush is asked for. */
  isFlushRequested: boolean;
  /** Everything it has to write now; undefined when there is nothing. */
  takeCommit(): ExecutionCommit | undefined;
}

export interface CommitQueueParams extends CommitSenderParams {
  /** Lets the event loop turn, then calls `run`. */
  readonly defer: (run: () => void) => void;
}

/**
 * All writes of a process. Flushes at once when idle; what piles up during a flush goes into the next one, so the
 * batch grows with the load and each execution has at most one commit in a batch.
 *
 * Where the storage takes several calls at once, a large batch is cut in two: one half is written while the other half's
 * executions go on here. Then, too, the transaction of a node holds up nobody but its own execution. No execution is in
 * two calls at once, so its commits stay in order.
 */
export class CommitQueue {
  readonly #params: CommitQueueParams;
  readonly #sender: CommitSender;
  readonly #callsAtOnce: number;
  #waiting: CommitSource[] = [];
  /** Commits with code of a node in their transaction. */
  readonly #alone: Write[] = [];
  /** Executions with a commit under way. */
  readonly #underWay = new Set<string>();
  /** Instants at which the flushes under way began. */
  readonly #flushedAt: number[] = [];
  #flushes = 0;
  /** Executions in all flushes under way. */
  #flushing = 0;
  #transactions = 0;
  #wasFlushLast = false;
  #isBeginning = false;
  #turnedAt = 0;
  #look: Timer | undefined;
  #idle: Deferred<void> | undefined;

  constructor(params: CommitQueueParams) {
    this.#params = params;
    this.#sender = new CommitSender(params, {
      told: ({ owner }) => void this.#underWay.delete(owner.executionId),
      toldLate: () => this.#beginSoon(),
    });
    this.#callsAtOnce = Math.max(1, params.storage.commitsAtOnce ?? 1);
  }

  /** True when the storage can run code of nodes in its transactions. */
  get canRunTransactions(): boolean {
    return this.#params.storage.capabilities.transactional;
  }

  /** Asks for a flush of this source; its `takeCommit` is called when the batch is made up. */
  request(source: CommitSource): void {
    if (source.isFlushRequested) return;
    source.isFlushRequested = true;
    this.#waiting.push(source);
    this.#beginSoon();
  }

  /** Commits this by itself: whatever else the storage cannot take meanwhile waits. */
  commitAlone(owner: CommitOwner, commit: ExecutionCommit): void {
    this.#alone.push({ owner, commit });
    this.#beginSoon();
  }

  /** Resolves when nothing is waiting or being written. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#idle ??= createDeferred<void>();
    return this.#idle.promise;
  }

  /** From now on a batch that the storage does not take is given up at once. */
  close(): void {
    this.#sender.close();
  }

  get #isIdle(): boolean {
    return this.#calls === 0 && this.#waiting.length === 0 && this.#alone.length === 0 && this.#underWay.size === 0;
  }

  get #calls(): number {
    return this.#flushes + this.#transactions;
  }

  // ── when ───────────────────────────────────────────────────────────────────

  /** Beside a flush not before the next turn of the event loop: what comes in this one stays together. */
  #beginSoon(): void {
    if (this.#isBeginning || this.#calls >= this.#callsAtOnce) return;
    this.#isBeginning = true;
    if (this.#flushes > 0) return this.#params.defer(() => this.#begin());
    this.#turnedAt = this.#params.now();
    queueMicrotask(() => this.#begin());
  }

  /** A call has ended. */
  #goOn(): void {
    if (this.#flushes > 0) return this.#beginSoon();
    if (this.#params.now() - this.#turnedAt < MAX_MS_WITHOUT_TURN) return this.#begin();
    this.#isBeginning = true;
    this.#params.defer(() => {
      this.#turnedAt = this.#params.now();
      this.#begin();
    });
  }

  /** Where only one of them can, flushes and transactions begin in turns. */
  #begin(): void {
    this.#isBeginning = false;
    if (this.#wasFlushLast) this.#beginTransactions();
    this.#beginFlushes();
    this.#beginTransactions();
    if (this.#isIdle) {
      this.#idle?.resolve();
      this.#idle = undefined;
    } else if (this.#calls === 0 && this.#hasFree) this.#beginSoon();
  }

  /** True when something could be sent now: it does not wait for an earlier commit of its own execution. */
  get #hasFree(): boolean {
    return this.#waiting.some((source) => this.#isFree(source)) || this.#alone.some(({ owner }) => this.#isFree(owner));
  }

  /** True when a flush under way takes so long that nobody should wait for it. */
  get #isFlushSlow(): boolean {
    return this.#params.now() - (this.#flushedAt[0] as number) >= SLOW_FLUSH_MS;
  }

  #lookLater(): void {
    this.#look ??= this.#params.timers.set((this.#flushedAt[0] as number) + SLOW_FLUSH_MS, () => {
      this.#look = undefined;
      this.#beginSoon();
    });
  }

  // ── what ───────────────────────────────────────────────────────────────────

  #beginFlushes(): void {
    const places = Math.min(FLUSHES_AT_ONCE - this.#flushes, this.#callsAtOnce - this.#calls);
    if (places <= 0) return;
    const ready = this.#waiting.filter((source) => this.#isFree(source));
    if (ready.length === 0) return;
    if (this.#flushes > 0 && ready.length < Math.max(MIN_BESIDE, this.#flushing / 2) && !this.#isFlushSlow)
      return this.#lookLater();
    const isCut = places > 1 && ready.length >= 2 * MIN_BESIDE;
    const size = Math.min(isCut ? Math.ceil(ready.length / 2) : ready.length, MAX_BATCH_SIZE);
    const parts = [ready.slice(0, size), ...(isCut ? [ready.slice(size, 2 * size)] : [])];
    this.#waiting = [...ready.slice(parts.length * size), ...this.#waiting.filter((source) => !this.#isFree(source))];
    for (const part of parts) void this.#flush(part);
  }

  /** One place stays free for flushes, where there is more than one. */
  #beginTransactions(): void {
    const places = Math.min(Math.max(1, this.#callsAtOnce - 1) - this.#transactions, this.#callsAtOnce - this.#calls);
    for (let begun = 0; begun < places; begun++) {
      const index = this.#alone.findIndex(({ owner }) => this.#isFree(owner));
      if (index < 0) return;
      const [write] = this.#alone.splice(index, 1) as [Write];
      if (!write.owner.isDropped) void this.#commitTransaction(write);
    }
  }

  #isFree({ executionId }: CommitOwner): boolean {
    return !this.#underWay.has(executionId);
  }

  async #flush(sources: readonly CommitSource[]): Promise<void> {
    const writes: Write[] = [];
    for (const source of sources) {
      source.isFlushRequested = false;
      const commit = source.takeCommit();
      if (commit !== undefined) writes.push({ owner: source, commit });
    }
    if (writes.length === 0) return;
    this.#wasFlushLast = true;
    const beganAt = this.#params.now();
    this.#flushes += 1;
    this.#flushing += writes.length;
    this.#flushedAt.push(beganAt);
    await this.#send(writes);
    this.#flushes -= 1;
    this.#flushing -= writes.length;
    this.#flushedAt.splice(this.#flushedAt.indexOf(beganAt), 1);
    this.#goOn();
  }

  async #commitTransaction(write: Write): Promise<void> {
    this.#wasFlushLast = false;
    this.#transactions += 1;
    await this.#send([write]);
    this.#transactions -= 1;
    this.#goOn();
  }

  async #send(writes: readonly Write[]): Promise<void> {
    for (const { owner } of writes) this.#underWay.add(owner.executionId);
    await this.#sender.send(writes);
  }
}
