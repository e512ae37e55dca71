/**
 * Whether an execution that only waits stays in memory.
 *
 * Running → nothing runs, and every open node waits: `waiting`. A wait that is long, or on nothing but news, is spent
 * outside memory: the execution is leaving, from the moment at which its commit gives it up. The commit is written:
 * it has left, and goes on as another runner. The commit is refused, since something came: that is read, and the
 * execution stays. Whatever comes while it is leaving is left to whoever goes on with it.
 */
import type { ExecutionCommit } from "../../ports/execution-commit.js";
import type { ExecutionRunner } from "./execution-runner.js";

/** A wait from this length on is spent outside memory, in milliseconds. */
const LONG_WAIT_MS = 5_000;
/** The same where others wait for the place: only waits too short to be worth it stay. */
const LONG_WAIT_WITH_LIMITS_MS = 250;

/** Parks an execution of which every open node waits, and lets it leave memory. */
export class Departure {
  /** Cleanups under way. */
  openCleanups = 0;
  readonly #runner: ExecutionRunner;
  #isCheckPending = false;
  #isLeaving = false;
  #hasLeft = false;
  #hasMissedNews = false;
  #wakeAt: number | null = null;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  /** True while a cleanup is under way, of which the time limit is known here alone. */
  get mustStay(): boolean {
    return this.openCleanups > 0;
  }

  /** True from the moment at which it gives the execution up until that is written or refused. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** True once the execution waits outside memory, or was handed over: it goes on as another runner. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Something came while it was leaving, and was left to whoever goes on with it. */
  get hasMissedNews(): boolean {
    return this.#hasMissedNews;
  }

  /** When it is due, once it has left; null when only news moves it. */
  get wakeAt(): number | null {
    return this.#wakeAt;
  }

  /** News came while it was leaving. */
  missNews(): void {
    this.#hasMissedNews = true;
  }

  /** Looks, once things have calmed down, whether nothing runs and only waits are open. */
  check(): void {
    const runner = this.#runner;
    if (this.#isCheckPending || runner.status === "waiting") return;
    this.#isCheckPending = true;
    runner.services.defer(() => {
      this.#isCheckPending = false;
      if (runner.isEnded || !runner.starter.isIdle || runner.nodes.retries.count > 0) return;
      if (!runner.handOver.isNeeded && runner.parking.isAllWaiting) this.#park();
    });
  }

  #park(): void {
    const runner = this.#runner;
    const { writer, parking, executionClock } = runner;
    if (runner.status === "waiting") return;
    const at = runner.services.clock.now();
    const isClockStopped = !parking.hasChildren;
    runner.setStatus("waiting");
    const { blocked } = parking;
    writer.pending.patch({ status: "waiting", blocked, parkedMs: executionClock.parkedMs });
    writer.emit("execution.waiting", { waits: parking.describe(), isClockStopped });
    if (blocked !== null) writer.emit("execution.blocked", blocked);
    if (isClockStopped) executionClock.stop(at);
    this.#leaveIfLong(at);
    writer.requestFlush();
  }

  /** A long wait is spent outside memory; one that holds back others of its limit, too. */
  #leaveIfLong(at: number): void {
    const { starter, outcome, executionClock, parking, record, writer } = this.#runner;
    if (starter.isFrozen || this.mustStay || outcome.isStopping) return;
    const timeoutAt = executionClock.dueAt;
    const dueAt = parking.nextDueAt;
    const wakeAt = dueAt === null ? timeoutAt : timeoutAt === null ? dueAt : Math.min(dueAt, timeoutAt);
    const longFromMs = record.limits === null ? LONG_WAIT_MS : LONG_WAIT_WITH_LIMITS_MS;
    if (wakeAt !== null && wakeAt - at < longFromMs) return;
    this.#isLeaving = true;
    this.#wakeAt = wakeAt;
    writer.pending.park({ wakeAt, knownInbox: parking.inbox.unreadIds });
  }

  /** It is gone, or handed over. */
  complete(): void {
    this.#isLeaving = false;
    this.#hasLeft = true;
  }

  /** Parking was refused, since something came: it is read, and the execution stays. */
  callOff(commit: ExecutionCommit): void {
    void this.#stay(commit);
  }

  async #stay(commit: ExecutionCommit): Promise<void> {
    const runner = this.#runner;
    const { parking, writer, services } = runner;
    writer.pending.takeBack(commit);
    try {
      const news = await services.readNews(runner.id);
      this.#isLeaving = false;
      this.#hasMissedNews = false;
      if (runner.isEnded) return;
      for (const item of news.inbox) runner.receive(item);
      if (news.cancelRequested !== null) return runner.cancel(news.cancelRequested.reason);
      parking.catchUp();
      runner.nodes.timeouts.catchUp();
      if (runner.status === "waiting" && parking.isAllWaiting) this.#leaveIfLong(services.clock.now());
      writer.requestFlush();
    } catch (error) {
      runner.lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Something that was waited for came: the execution runs again. */
  wake(): void {
    const runner = this.#runner;
    if (runner.status !== "waiting") return;
    runner.setStatus("running");
    runner.writer.pending.patch({ status: "running", blocked: null });
    runner.writer.emit("execution.resumed", {});
    runner.executionClock.restart();
  }

  /** A child started or stopped waiting. */
  childMoved(): void {
    const runner = this.#runner;
    if (runner.isEnded) return;
    if (runner.status === "waiting" && !runner.parking.isAllWaiting) this.wake();
    else this.check();
  }
}
