import type { ExecutionRecord, FlowLimits } from "../ports/execution-record.js";

interface RateWindow {
  /** Instants at which executions of the key started. */
  readonly startedAt: number[];
  /** The longest window asked for. */
  perMs: number;
}

/** What flow control and the fair share of tenants count, kept with each change of a status instead of counted again. */
export class FlowCounts {
  /** Most executions have no tenant: a number is cheaper than a map. */
  #runningWithoutTenant = 0;
  readonly #runningByTenant = new Map<string, number>();
  readonly #runningByKey = new Map<string, number>();
  readonly #queuedByKey = new Map<string, number>();
  readonly #windows = new Map<string, RateWindow>();

  /** To be told of each record whose status or start changes; `before` is undefined for a new one. */
  change(before: ExecutionRecord | undefined, after: ExecutionRecord): void {
    if (before?.status !== after.status) {
      if (before !== undefined) this.#count(before, -1);
      this.#count(after, 1);
    }
    const rate = after.limits?.rate;
    if (rate && after.startedAt !== null && (before?.startedAt ?? null) === null) this.#start(rate, after.startedAt);
  }

  runningOf(tenant: string | null): number {
    return tenant === null ? this.#runningWithoutTenant : (this.#runningByTenant.get(tenant) ?? 0);
  }

  /** True when as many are queued or running as may run. */
  isTaken({ key, limit }: NonNullable<FlowLimits["concurrency"]>): boolean {
    return (this.#runningByKey.get(key) ?? 0) + (this.#queuedByKey.get(key) ?? 0) >= limit;
  }

  /** True when one more may not run now; the rate counts only for one that never started. */
  isHeldBack({ concurrency, rate }: FlowLimits, { isNew, at }: { readonly isNew: boolean; readonly at: number }) {
    if (concurrency !== null && (this.#runningByKey.get(concurrency.key) ?? 0) >= concurrency.limit) return true;
    return isNew && rate !== null && this.#startsSince(rate.key, at - rate.perMs) >= rate.count;
  }

  #count({ status, tenant, limits }: ExecutionRecord, by: 1 | -1): void {
    const key = limits?.concurrency?.key;
    if (status === "running") {
      if (tenant === null) this.#runningWithoutTenant += by;
      else add(this.#runningByTenant, tenant, by);
      if (key !== undefined) add(this.#runningByKey, key, by);
    } else if (status === "queued" && key !== undefined) add(this.#queuedByKey, key, by);
  }

  #start({ key, perMs }: NonNullable<FlowLimits["rate"]>, startedAt: number): void {
    const window = this.#windows.get(key) ?? { startedAt: [], perMs };
    window.perMs = Math.max(window.perMs, perMs);
    while ((window.startedAt[0] ?? Number.POSITIVE_INFINITY) <= startedAt - window.perMs) window.startedAt.shift();
    window.startedAt.push(startedAt);
    this.#windows.set(key, window);
  }

  #startsSince(key: string, since: number): number {
    let count = 0;
    for (const at of this.#windows.get(key)?.startedAt ?? []) if (at > since) count++;
    return count;
  }
}

function add(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
