/**
 * Finds work: executions to claim, news of those that run here, results that others have brought about.
 *
 * A sweep is the only place that claims, and sweeps never overlap, so that whoever hears of news in one finds the
 * executions adopted by the one before. Sweeps come when something here gives reason to (`poke`), when a parked
 * execution or a schedule is due (one pending timer), and, where other processes may open the storage too, all the
 * time, with jitter. Being poked is a hint only: sweeping alone is correct.
 */
import { StorageError } from "../../errors/errors.js";
import type { Timer } from "../../running/timers.js";
import type { ResultWatch } from "../watching/result-watch.js";
import { Claims, type ClaimsParams } from "./claims.js";

const MAX_NEWS = 1_000;

/** Something else that a sweep looks after. */
export interface SweepTask {
  /** Does what is due. */
  tick(): Promise<void>;
  /** When it is due next; null when it is not. */
  nextDueAt(): Promise<number | null>;
}

export interface SweeperParams extends ClaimsParams {
  readonly watch: ResultWatch;
  readonly tasks: readonly SweepTask[];
}

/** Executions that a dispatcher told of, to be claimed together. */
interface Told {
  readonly ids: Set<string>;
  /** Those of them for which there was no place. */
  readonly left: Promise<readonly string[]>;
}

export class Sweeper {
  readonly #params: SweeperParams;
  readonly #claims: Claims;
  #last: Promise<void> = Promise.resolve();
  #isPoked = false;
  #isClaimPoked = false;
  #isStarted = false;
  #isClosed = false;
  /** News that was told is told no more: it stays here until it has been read. */
  readonly #unread = new Set<string>();
  #told: Told | undefined;
  #periodic: Timer | undefined;
  #wake: Timer | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(params: SweeperParams) {
    this.#params = params;
    this.#claims = new Claims(params);
  }

  /** Takes over what is there, then goes on looking. */
  async start(): Promise<void> {
    this.#isStarted = true;
    await this.sweep();
    if (this.#params.storage.capabilities.shared) this.#schedule();
  }

  /** Stops; resolves when nothing of it is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#periodic?.cancel();
    this.#wake?.cancel();
    await this.#last;
  }

  /** Sweeps soon: there may be something to claim. */
  poke(): void {
    if (this.#isPoked || !this.#isStarted || this.#isClosed) return;
    this.#isPoked = true;
    this.#params.services.defer(() => void this.sweep());
  }

  /** A place is free: claims soon, and nothing else, if something may have been waiting for one. */
  placeFree(): void {
    if (!this.#claims.mayBeHeldBack || this.#isPoked || this.#isClaimPoked || !this.#isStarted || this.#isClosed)
      return;
    this.#isClaimPoked = true;
    this.#params.services.defer(() => void this.#afterLast(() => this.#fillPlaces()));
  }

  /** Sweeps after a pause. */
  pokeLater(): void {
    this.wakeBy(this.#now() + this.#params.lease.sweepMs);
  }

  /** Something was queued, which may have to wait. */
  queued(): void {
    this.#claims.expectHeldBack();
    this.poke();
  }

  /** Something was queued for whoever is told of it first; a later sweep finds it if nobody is. */
  queuedForAny(): void {
    this.#claims.expectHeldBack();
    this.pokeLater();
  }

  /** Another process has queued something, or woken it: whoever has a place claims it. */
  queuedElsewhere(): void {
    this.#claims.expectHeldBack();
    if (this.#params.active.freeSlots > 0) this.placeFree();
  }

  /** Resolves when the sweeps asked for so far are done. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** Sweeps at this instant, or before. */
  wakeBy(at: number): void {
    if (at >= this.#wakeAt || this.#isClosed) return;
    this.#wake?.cancel();
    this.#wakeAt = at;
    this.#wake = this.#params.services.timers.set(at, () => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.poke();
    });
  }

  /** Sweeps, after the sweep under way. */
  sweep(): Promise<void> {
    return this.#afterLast(() => this.#sweep());
  }

  /** Claims one execution, whatever holds it back, unless another worker has it. */
  take(executionId: string): Promise<void> {
    return this.#afterLast(() => this.#claims.take(executionId));
  }

  /**
   * Claims what is ready of these executions; answers those for which there was no place. What comes while a sweep is
   * under way is claimed in one call after it.
   * @throws StorageError `storage_unavailable` when that could not be done now
   */
  async takeReady(executionIds: readonly string[]): Promise<readonly string[]> {
    this.#told ??= this.#takeTold();
    const { ids, left } = this.#told;
    for (const id of executionIds) ids.add(id);
    const leftIds = new Set(await left);
    return executionIds.filter((id) => leftIds.has(id));
  }

  #takeTold(): Told {
    const ids = new Set<string>();
    let left: readonly string[] | undefined;
    const taken = this.#afterLast(async () => {
      this.#told = undefined;
      left = await this.#claims.takeReady(ids);
    });
    const answer = taken.then(() => {
      if (left !== undefined) return left;
      throw new StorageError("storage_unavailable", "What is ready could not be claimed now; the sweep finds it.");
    });
    return { ids, left: answer };
  }

  #afterLast(run: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (this.#isClosed) return;
      try {
        await run();
      } catch (error) {
        this.#params.services.logger.warn("The sweep failed; it is tried again.", { error: String(error) });
        this.pokeLater();
      }
    });
    return this.#last;
  }

  async #sweep(): Promise<void> {
    this.#isPoked = false;
    await this.#claims.giveBack();
    await this.#tellNews();
    const isAllClaimed = await this.#claims.takeAll();
    for (const task of this.#params.tasks) await task.tick();
    if (this.#params.storage.capabilities.shared || this.#params.watch.isUnsure) await this.#followOthers();
    await this.#armWake(isAllClaimed);
  }

  async #tellNews(): Promise<void> {
    const { storage, worker, active } = this.#params;
    try {
      for (const id of await storage.takeNews({ workerId: worker.id, limit: MAX_NEWS })) this.#unread.add(id);
    } catch (error) {
      // The storage may have answered, and tells no news twice.
      for (const id of active.ids) this.#unread.add(id);
      throw error;
    }
    for (const id of this.#unread) {
      await active.readNews(id);
      this.#unread.delete(id);
    }
  }

  async #fillPlaces(): Promise<void> {
    this.#isClaimPoked = false;
    if (await this.#claims.takeAll()) await this.#claims.isHeldBack();
  }

  async #followOthers(): Promise<void> {
    const { watch, active, services } = this.#params;
    await watch.lookUp((id) => active.get(id) !== undefined);
    services.hub.nudge();
  }

  async #armWake(isAllClaimed: boolean): Promise<void> {
    const { storage, tasks, lease } = this.#params;
    const now = this.#now();
    const dueAts = await Promise.all([storage.nextWakeAt(), ...tasks.map((task) => task.nextDueAt())]);
    if (isAllClaimed && (await this.#claims.isHeldBack())) dueAts.push(now);
    // What is overdue and was not claimed is held back by a limit: looked at again when a place is free, or later.
    for (const at of dueAts) {
      if (at === null) continue;
      if (at <= now) this.#claims.expectHeldBack();
      this.wakeBy(at > now ? at : now + lease.sweepMs);
    }
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const { services, lease } = this.#params;
    const delayMs = lease.sweepMs * (0.5 + services.random.next());
    this.#periodic = services.timers.set(this.#now() + delayMs, () => {
      void this.sweep().then(() => this.#schedule());
    });
  }

  #now(): number {
    return this.#params.services.clock.now();
  }
}
