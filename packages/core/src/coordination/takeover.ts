/**
 * Keeps this worker alive in the storage's eyes and takes over what dead workers left.
 *
 * One heartbeat per process extends the lease on all it owns. A worker that cannot give it for as long as its lease
 * lasts drops its executions by its own clock, before anybody else may claim them; whatever it still tried to write
 * would be refused by the epoch anyway. Every worker sweeps, with jitter.
 */
import { ExecutionError } from "../errors/errors.js";
import type { Storage } from "../ports/storage.js";
import type { EngineServices } from "../running/services.js";
import type { Timer } from "../running/timers.js";
import type { ExecutionLauncher } from "./execution-launcher.js";

export interface LeaseOptions {
  /** How long a worker may be silent. Default 15,000. */
  readonly durationMs: number;
  /** Default 5,000. */
  readonly heartbeatMs: number;
  /** Default 1,000. */
  readonly sweepMs: number;
}

export const DEFAULT_LEASE: LeaseOptions = Object.freeze({ durationMs: 15_000, heartbeatMs: 5_000, sweepMs: 1_000 });

/** A worker gives up this share of the lease before its end. */
const SAFETY_SHARE = 0.1;

export interface TakeoverParams {
  readonly storage: Storage;
  readonly services: EngineServices;
  readonly launcher: ExecutionLauncher;
  readonly workerId: string;
  readonly lease: LeaseOptions;
}

export class Takeover {
  readonly #params: TakeoverParams;
  readonly #timers = new Set<Timer>();
  #leaseEndsAt = 0;
  #isClosed = false;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(params: TakeoverParams) {
    this.#params = params;
  }

  /** Takes over what is there; in a storage that others may open too, goes on doing so. */
  async start(): Promise<void> {
    await this.#heartbeat();
    await this.sweep();
    if (!this.#params.storage.capabilities.shared) return;
    const { heartbeatMs, sweepMs } = this.#params.lease;
    this.#every(
      () => heartbeatMs,
      () => this.#heartbeat(),
    );
    this.#every(
      () => sweepMs * (0.5 + this.#params.services.random.next()),
      () => this.sweep(),
    );
  }

  /** Stops; resolves when nothing of it is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await this.#sweeping;
  }

  /** Claims at most as many executions as there are free slots. */
  sweep(): Promise<void> {
    this.#sweeping = this.#sweep().catch((error: unknown) =>
      this.#params.services.logger.warn("The sweep failed; it is tried again.", { error: String(error) }),
    );
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { storage, launcher, workerId, lease } = this.#params;
    const limit = launcher.freeSlots;
    if (limit === 0 || this.#isClosed) return;
    const claimed = await storage.claim({
      workerId,
      limit,
      leaseDurationMs: lease.durationMs,
      now: await storage.now(),
    });
    for (const record of claimed) await launcher.adopt(record);
  }

  async #heartbeat(): Promise<void> {
    const { storage, services, workerId, lease } = this.#params;
    const at = services.clock.now();
    try {
      const isAlive = await storage.heartbeat({ workerId, leaseDurationMs: lease.durationMs });
      if (!isAlive) return this.#giveUp("was declared dead by another");
      this.#leaseEndsAt = at + lease.durationMs * (1 - SAFETY_SHARE);
    } catch (error) {
      services.logger.warn("The heartbeat failed.", { error: String(error) });
      if (services.clock.now() >= this.#leaseEndsAt)
        this.#giveUp("could not reach the storage for as long as its lease lasts");
    }
  }

  #giveUp(why: string): void {
    this.#params.launcher.dropAll(
      new ExecutionError("lease_lost", `This worker ${why}; its executions go on elsewhere.`),
    );
  }

  #every(periodMs: () => number, run: () => Promise<void>): void {
    const { timers, clock } = this.#params.services;
    const timer = timers.set(clock.now() + periodMs(), () => {
      this.#timers.delete(timer);
      void run().finally(() => {
        if (!this.#isClosed) this.#every(periodMs, run);
      });
    });
    this.#timers.add(timer);
  }
}
