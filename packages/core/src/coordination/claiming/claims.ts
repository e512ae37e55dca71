import type { ClaimedExecution } from "../../ports/execution-record.js";
import type { Storage } from "../../ports/storage.js";
import type { EngineServices } from "../../running/services.js";
import type { ActiveExecutions } from "./active-executions.js";
import type { LeaseOptions } from "./lease.js";
import type { Worker } from "./worker.js";

/** Executions claimed at once. */
const MAX_CLAIMED = 100;

export interface ClaimsParams {
  readonly storage: Storage;
  readonly services: EngineServices;
  readonly active: ActiveExecutions;
  readonly worker: Worker;
  readonly lease: LeaseOptions;
}

/**
 * What this worker claims: never more than it has places for, and adopted before a call resolves. One call is made after
 * the other: the sweeper sees to that.
 */
export class Claims {
  readonly #params: ClaimsParams;
  #mayBeHeldBack = true;
  /** True when a claim was not answered, until what is owned was looked through: it may have taken something. */
  #isUnsure = false;
  #nextCheckAt = 0;

  constructor(params: ClaimsParams) {
    this.#params = params;
  }

  /** True while executions may be held back: by a lack of places, or by limits of flow control. */
  get mayBeHeldBack(): boolean {
    return this.#mayBeHeldBack;
  }

  /** Something may have to wait from now on. */
  expectHeldBack(): void {
    this.#mayBeHeldBack = true;
  }

  /** What this worker owns and does not run goes back to all. */
  async giveBack(): Promise<void> {
    const { storage, services, worker, active, lease } = this.#params;
    const now = services.clock.now();
    const isDue = storage.capabilities.shared && now >= this.#nextCheckAt;
    if (this.#isUnsure || isDue) {
      active.giveBackUnknown(await storage.listOwned(worker.id));
      this.#isUnsure = false;
      this.#nextCheckAt = now + lease.durationMs;
    }
    await active.releaseStrays();
  }

  /** Claims one execution, whatever holds it back, unless another worker has it. */
  async take(executionId: string): Promise<void> {
    await this.#params.active.adopt(await this.#claim({ limit: 1, executionId }));
  }

  /** Claims what is ready of these executions; answers those for which there was no place. */
  async takeReady(executionIds: Iterable<string>): Promise<readonly string[]> {
    const { active } = this.#params;
    const elsewhere: string[] = [];
    for (const id of executionIds) {
      if (active.get(id) === undefined) elsewhere.push(id);
      else await active.readNews(id);
    }
    const limit = Math.min(active.freeSlots, MAX_CLAIMED);
    if (elsewhere.length === 0) return [];
    const claimed = limit === 0 ? [] : await this.#claim({ limit, among: elsewhere });
    await active.adopt(claimed);
    if (claimed.length === elsewhere.length) return [];
    const claimedIds = new Set(claimed.map(({ id }) => id));
    if (claimed.length === limit) return elsewhere.filter((id) => !claimedIds.has(id));
    // The rest ran, has ended, or is held back by what only an ordinary claim counts.
    await this.takeAll();
    return [];
  }

  /** Claims while there are places; false when places ran out first. */
  async takeAll(): Promise<boolean> {
    const { active } = this.#params;
    for (;;) {
      const limit = Math.min(active.freeSlots, MAX_CLAIMED);
      if (limit === 0) {
        this.#mayBeHeldBack = true;
        return false;
      }
      const claimed = await this.#claim({ limit });
      await active.adopt(claimed);
      if (claimed.length < limit) return true;
    }
  }

  /** True when something is queued although there are free places. */
  async isHeldBack(): Promise<boolean> {
    if (!this.#mayBeHeldBack) return false;
    const { items } = await this.#params.storage.listExecutions({ status: "queued", limit: 1 });
    this.#mayBeHeldBack = items.length > 0;
    return this.#mayBeHeldBack;
  }

  async #claim(
    what: Pick<Parameters<Storage["claim"]>[0], "limit" | "among" | "executionId">,
  ): Promise<readonly ClaimedExecution[]> {
    const { storage, worker, lease, services } = this.#params;
    const wasUnsure = this.#isUnsure;
    this.#isUnsure = true;
    const claimed = await storage.claim({
      ...what,
      workerId: worker.id,
      leaseDurationMs: lease.durationMs,
      dueAt: services.clock.now(),
      offers: services.offers === null ? null : [...services.offers],
    });
    this.#isUnsure = wasUnsure;
    return claimed;
  }
}
