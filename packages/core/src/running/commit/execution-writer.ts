/**
 * What one execution writes.
 *
 * Everything to be written is gathered under a ticket number. A commit takes the gathered writes and their ticket;
 * once it is durable, whoever waited for that ticket goes on. Ticket 1 creates the execution, so nothing runs before
 * its start is durable. Which ticket a node has to wait for is the whole of the durability modes.
 */
import type { StorageError } from "../../errors/errors.js";
import type { EventDraft, JournalEventType, LiveEventType } from "../../events/event.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import { createDeferred } from "../../shared/deferred.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import { handleRefusal } from "../execution/refused-commit.js";
import type { Timer } from "../timers.js";
import type { CommitSource } from "./commit-queue.js";
import { PendingCommit } from "./pending-commit.js";

/** Gathers the writes of one execution, hands them to the commit queue, and publishes what became durable. */
export class ExecutionWriter implements CommitSource {
  readonly pending = new PendingCommit();
  isFlushRequested = false;
  /** Number of the writes being gathered now. */
  ticket = 1;
  durableTicket = 0;
  lastSeq = 0;
  readonly #runner: ExecutionRunner;
  readonly #started = createDeferred<CommitOutcome>();
  readonly #waiting: { readonly ticket: number; readonly run: () => void }[] = [];
  /** Ticket of the commit that is being written. */
  #inFlight = 0;
  #flushTimer: Timer | undefined;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
    this.#started.promise.catch(() => {});
  }

  /** Resolves when the start is durable or refused. */
  get started(): Promise<CommitOutcome> {
    return this.#started.promise;
  }

  get executionId(): string {
    return this.#runner.id;
  }

  get isDropped(): boolean {
    return this.#runner.isDropped;
  }

  /** The execution was created earlier: its start is durable, its journal goes on after `lastSeq`. */
  continueAfter(lastSeq: number): void {
    this.ticket = 2;
    this.durableTicket = 1;
    this.lastSeq = lastSeq;
    this.#started.resolve({ ok: true, firstSeq: 1 });
  }

  /** Says what became of the start, where no commit of it became durable. */
  refuseStart(outcome: CommitOutcome): void {
    this.#started.resolve(outcome);
  }

  failStart(error: Error): void {
    this.#started.reject(error);
  }

  // ── events ─────────────────────────────────────────────────────────────────

  emit(type: JournalEventType, data: unknown): void {
    const { id, services } = this.#runner;
    this.pending.events.push({ seq: 0, type, at: services.clock.now(), executionId: id, data });
  }

  emitNode(type: JournalEventType, at: number, nodeId: string, attempt: number, data: unknown): void {
    this.pending.events.push({ seq: 0, type, at, executionId: this.#runner.id, nodeId, attempt, data });
  }

  /** Passes on at once what is not journaled. */
  emitLive(type: LiveEventType, attempt: NodeAttempt, data: unknown): void {
    const { id, services } = this.#runner;
    const { hub, clock } = services;
    if (!hub.hasListeners(type, id)) return;
    hub.emit({
      seq: this.lastSeq,
      type,
      at: clock.now(),
      executionId: id,
      nodeId: attempt.path,
      attempt: attempt.number,
      data,
    });
  }

  /** Numbers events that are durable, and tells the listeners. */
  publish(events: readonly EventDraft[], firstSeq: number): void {
    const { hub } = this.#runner.services;
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as EventDraft;
      event.seq = firstSeq + index;
      this.lastSeq = event.seq;
      hub.emit(event);
    }
  }

  // ── flushing ───────────────────────────────────────────────────────────────

  requestFlush(): void {
    this.#runner.services.commits.request(this);
  }

  /** Nothing that is pending stays so for longer than `flushIntervalMs`. */
  flushSoon(): void {
    if (this.#flushTimer !== undefined) return;
    const { timers, clock, flushIntervalMs } = this.#runner.services;
    this.#flushTimer = timers.set(clock.now() + flushIntervalMs, () => {
      this.#flushTimer = undefined;
      this.requestFlush();
    });
  }

  stopFlushTimer(): void {
    this.#flushTimer?.cancel();
  }

  /** Calls `run` once everything up to this ticket is durable; asks for the flush. */
  afterDurable(ticket: number, run: () => void): void {
    if (ticket <= this.durableTicket) return run();
    this.#waiting.push({ ticket, run });
    if (ticket === this.ticket) this.requestFlush();
  }

  /** Calls `run` once everything gathered so far is durable. */
  afterEverything(run: () => void): void {
    this.afterDurable(this.pending.isEmpty ? this.ticket - 1 : this.ticket, run);
  }

  // ── what the commit queue calls ────────────────────────────────────────────

  takeCommit(): ExecutionCommit | undefined {
    if (this.pending.isEmpty || this.isDropped) return undefined;
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    this.#inFlight = this.ticket++;
    const { id, record } = this.#runner;
    return this.pending.take({ executionId: id, epoch: record.epoch, afterSeq: this.lastSeq });
  }

  committed(commit: ExecutionCommit, outcome: CommitOutcome): void {
    if (!outcome.ok) return handleRefusal(this.#runner, { commit, outcome });
    this.publish(commit.events ?? [], outcome.firstSeq);
    this.durableTicket = this.#inFlight;
    if (this.#inFlight === 1) this.#started.resolve(outcome);
    if (commit.park !== undefined) return this.#runner.leave();
    this.#callWaiting();
    this.#runner.starter.pump();
  }

  #callWaiting(): void {
    const waiting = this.#waiting;
    let due = 0;
    while (due < waiting.length && (waiting[due] as { ticket: number }).ticket <= this.durableTicket) due++;
    for (const { run } of waiting.splice(0, due)) run();
  }

  /** Whether it is written is unknown: the execution lets go, and whoever goes on reads what the storage has. */
  commitFailed(_commit: ExecutionCommit, error: StorageError): void {
    this.failStart(error);
    this.#runner.isStray = true;
    this.#runner.drop(error);
  }
}
