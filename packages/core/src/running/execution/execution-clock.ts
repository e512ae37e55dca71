/**
 * The time limit of an execution (`settings.timeoutMs`).
 *
 * Running → the execution is parked on timers, signals and approvals alone: stopped → something came: running, with a
 * limit that is later by the time it was stopped. What it was stopped for in all is kept in the execution's record.
 */
import type { Timer } from "../timers.js";
import type { ExecutionRunner } from "./execution-runner.js";

/** Ends the execution when its time is over; stands still while it is parked. */
export class ExecutionClock {
  readonly #runner: ExecutionRunner;
  readonly startedAt: number;
  #parkedMs = 0;
  #parkedAt: number | undefined;
  #timeoutAt: number | undefined;
  #timer: Timer | undefined;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
    this.startedAt = runner.record.startedAt ?? runner.record.createdAt;
  }

  /** Time that it was stopped for, in milliseconds. */
  get parkedMs(): number {
    return this.#parkedMs;
  }

  /** When the execution times out; null while it is stopped or has no limit. */
  get dueAt(): number | null {
    return this.#parkedAt === undefined ? (this.#timeoutAt ?? null) : null;
  }

  /** True when the time is over, which its timer says only after the event loop has turned. */
  get isOver(): boolean {
    return this.dueAt !== null && this.dueAt <= this.#runner.services.clock.now();
  }

  /** Starts it for an execution that begins. */
  begin(): void {
    const { timeoutMs } = this.#runner.plan.settings;
    if (timeoutMs !== undefined && timeoutMs !== null) this.#arm(this.startedAt + timeoutMs);
  }

  /** Starts it for an execution that goes on, and was parked for so long before. */
  continue(parkedMs: number): void {
    this.#parkedMs = parkedMs;
    const { timeoutMs } = this.#runner.plan.settings;
    if (timeoutMs !== undefined && timeoutMs !== null)
      this.#arm(Math.max(this.#runner.services.clock.now(), this.startedAt + timeoutMs + parkedMs));
  }

  stop(at: number): void {
    this.#parkedAt = at;
    this.#timer?.cancel();
  }

  /** Goes on after `stop`, if it was stopped. */
  restart(): void {
    if (this.#parkedAt === undefined) return;
    const parkedMs = this.#runner.services.clock.now() - this.#parkedAt;
    this.#parkedAt = undefined;
    this.#parkedMs += parkedMs;
    if (this.#timeoutAt !== undefined) this.#arm(this.#timeoutAt + parkedMs);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #arm(at: number): void {
    this.#timeoutAt = at;
    this.#timer = this.#runner.services.timers.set(at, () => this.timeOut());
  }

  /** Ends the execution: it took too long. */
  timeOut(): void {
    const limitMs = this.#runner.plan.settings.timeoutMs;
    this.#runner.outcome.stop("failed", {
      code: "execution_timed_out",
      message: `The execution took longer than settings.timeoutMs (${limitMs} ms).`,
    });
  }
}
