import { ExecutionError } from "../../errors/errors.js";
import type { Storage } from "../../ports/storage.js";
import type { EngineServices } from "../../running/services.js";
import type { Timer } from "../../running/timers.js";
import type { LeaseOptions } from "./lease.js";
import type { Worker } from "./worker.js";

/** A worker gives up this share of the lease before its end. */
const SAFETY_SHARE = 0.1;
/** A heartbeat that comes later than this share of its interval is worth a warning. */
const LAG_SHARE = 0.5;

export interface HeartbeatParams {
  readonly storage: Storage;
  readonly services: EngineServices;
  readonly worker: Worker;
  readonly lease: LeaseOptions;
  /** Lets go of everything: this worker is taken for dead. */
  readonly giveUp: (reason: ExecutionError) => void;
}

/** How the heartbeat stands. */
export interface HeartbeatState {
  /** False when the storage did not answer the last heartbeat. */
  readonly isAnswered: boolean;
  /** How late the last heartbeat was, because the event loop was blocked or the process stopped, in milliseconds. */
  readonly lagMs: number;
  /** True when that is long enough to be warned of. */
  readonly isLagging: boolean;
  /** When this worker lets go of everything unless a heartbeat gets through; undefined while it has no lease. */
  readonly leaseEndsAt: number | undefined;
}

/**
 * Keeps this worker alive in the storage's eyes: one heartbeat per process extends the lease on all it owns. A worker
 * that cannot give it for as long as its lease lasts drops its executions by its own clock, before anybody else may
 * claim them; whatever it still tried to write would be refused by the epoch anyway. One that was declared dead
 * goes on as a new worker.
 *
 * Its timer shows how long the event loop was blocked: a heartbeat that comes late is said aloud, since a worker that
 * computes for longer than its lease loses its executions.
 */
export class Heartbeat {
  readonly #params: HeartbeatParams;
  #leaseEndsAt = 0;
  #lagMs = 0;
  #isAnswered = true;
  #isBeating = false;
  #isClosed = false;
  #next: Timer | undefined;
  #fence: Timer | undefined;

  constructor(params: HeartbeatParams) {
    this.#params = params;
  }

  async start(): Promise<void> {
    await this.#beat();
    if (this.#params.storage.capabilities.shared) this.#schedule();
  }

  /** As of the last heartbeat. A storage that other processes cannot open is given one at the start only. */
  get state(): HeartbeatState {
    return {
      isAnswered: this.#isAnswered,
      lagMs: this.#lagMs,
      isLagging: this.#isLagging(this.#lagMs),
      leaseEndsAt: this.#leaseEndsAt === 0 ? undefined : this.#leaseEndsAt,
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#next?.cancel();
    this.#fence?.cancel();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const { services, lease } = this.#params;
    const dueAt = services.clock.now() + lease.heartbeatMs;
    this.#next = services.timers.set(dueAt, () => {
      this.#noteLag(Math.max(0, services.clock.now() - dueAt));
      void this.#beat().finally(() => this.#schedule());
    });
  }

  #noteLag(lagMs: number): void {
    this.#lagMs = lagMs;
    if (!this.#isLagging(lagMs)) return;
    const { services, lease } = this.#params;
    services.logger.warn(
      `The heartbeat came ${Math.round(lagMs)} ms late: the event loop was blocked, or the process was stopped. ` +
        `After ${lease.durationMs} ms others take over. Move long computations to a worker thread or a sandboxed node, ` +
        "or give createEngine a longer lease.durationMs.",
      { lagMs, heartbeatMs: lease.heartbeatMs, leaseDurationMs: lease.durationMs },
    );
  }

  #isLagging(lagMs: number): boolean {
    return lagMs > this.#params.lease.heartbeatMs * LAG_SHARE;
  }

  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    const { storage, services, worker, lease } = this.#params;
    const at = services.clock.now();
    // A process that was stopped for longer than its lease finds this out before anything else.
    if (this.#leaseEndsAt > 0 && at >= this.#leaseEndsAt) this.#giveUp("was silent for longer than its lease");
    try {
      const isAlive = await storage.heartbeat({ workerId: worker.id, leaseDurationMs: lease.durationMs });
      this.#isAnswered = true;
      if (isAlive) return this.#extend(at + lease.durationMs * (1 - SAFETY_SHARE));
      this.#giveUp("was declared dead by another");
      worker.rename();
      await storage.heartbeat({ workerId: worker.id, leaseDurationMs: lease.durationMs });
      this.#extend(at + lease.durationMs * (1 - SAFETY_SHARE));
    } catch (error) {
      this.#isAnswered = false;
      services.logger.warn("The heartbeat failed; it is tried again.", { error: String(error) });
    } finally {
      this.#isBeating = false;
    }
  }

  #extend(until: number): void {
    this.#leaseEndsAt = until;
    this.#fence?.cancel();
    if (!this.#params.storage.capabilities.shared || this.#isClosed) return;
    this.#fence = this.#params.services.timers.set(until, () =>
      this.#giveUp("could not reach the storage for as long as its lease lasts"),
    );
  }

  #giveUp(why: string): void {
    this.#leaseEndsAt = 0;
    const error = new ExecutionError("lease_lost", `This worker ${why}; its executions go on elsewhere.`);
    this.#params.services.logger.warn(error.message);
    this.#params.giveUp(error);
  }
}
