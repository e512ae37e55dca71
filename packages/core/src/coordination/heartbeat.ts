import { ExecutionError } from "../errors/errors.js";
import type { Storage } from "../ports/storage.js";
import type { EngineServices } from "../running/services.js";
import type { Timer } from "../running/timers.js";
import type { LeaseOptions } from "./lease.js";
import type { Worker } from "./worker.js";

/** A worker gives up this share of the lease before its end. */
const SAFETY_SHARE = 0.1;

export interface HeartbeatParams {
  readonly storage: Storage;
  readonly services: EngineServices;
  readonly worker: Worker;
  readonly lease: LeaseOptions;
  /** Lets go of everything: this worker is taken for dead. */
  readonly giveUp: (reason: ExecutionError) => void;
}

/**
 * Keeps this worker alive in the storage's eyes: one heartbeat per process extends the lease on all it owns. A worker
 * that cannot give it for as long as its lease lasts drops its executions by its own clock, before anybody else may
 * claim them; whatever it still tried to write would be refused by the epoch anyway. One that was declared dead
 * goes on as a new worker.
 */
export class Heartbeat {
  readonly #params: HeartbeatParams;
  #leaseEndsAt = 0;
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

  close(): void {
    this.#isClosed = true;
    this.#next?.cancel();
    this.#fence?.cancel();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const { services, lease } = this.#params;
    this.#next = services.timers.set(services.clock.now() + lease.heartbeatMs, () => {
      void this.#beat().finally(() => this.#schedule());
    });
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
      if (isAlive) return this.#extend(at + lease.durationMs * (1 - SAFETY_SHARE));
      this.#giveUp("was declared dead by another");
      worker.rename();
      await storage.heartbeat({ workerId: worker.id, leaseDurationMs: lease.durationMs });
      this.#extend(at + lease.durationMs * (1 - SAFETY_SHARE));
    } catch (error) {
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
