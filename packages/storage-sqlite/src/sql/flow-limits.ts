import type { FlowLimits } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { toText } from "../rows/text.js";

const COUNT_BY_LIMIT = "SELECT count(*) AS n FROM automatrix_executions WHERE limit_key = ? AND status = ?";
const COUNT_STARTS = "SELECT count(*) AS n FROM automatrix_executions WHERE rate_key = ? AND started_at > ?";
const COUNT_RUNNING_OF_TENANT = `SELECT count(*) AS n FROM automatrix_executions
  WHERE status = 'running' AND tenant IS NOT NULL AND tenant = ?`;
const COUNT_RUNNING_WITHOUT_TENANT = `SELECT count(*) -
    (SELECT count(*) FROM automatrix_executions WHERE status = 'running' AND tenant IS NOT NULL) AS n
  FROM automatrix_executions WHERE status = 'running'`;

interface CountRow {
  readonly n: number;
}

/** True when as many of the concurrency key are queued or running as may run. */
export function isLimitTaken(connection: Connection, { concurrency }: FlowLimits): boolean {
  if (concurrency === null) return false;
  const { key, limit } = concurrency;
  return countByLimit(connection, key, "running") + countByLimit(connection, key, "queued") >= limit;
}

function countByLimit(connection: Connection, key: string, status: "running" | "queued"): number {
  return connection.first<CountRow>(COUNT_BY_LIMIT, toText(key), status)?.n ?? 0;
}

/** What flow control and the fair share of tenants count, during one claim: each number is read once, then kept. */
export class FlowCounts {
  readonly #connection: Connection;
  readonly #runningByTenant = new Map<string | null, number>();
  readonly #runningByKey = new Map<string, number>();
  /** By the beginning of the window and the key. */
  readonly #startsByWindow = new Map<string, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Executions of this tenant that run. Its text is that of the column. */
  runningOf(tenant: string | null): number {
    return readOnce(this.#runningByTenant, tenant, () =>
      tenant === null ? this.#read(COUNT_RUNNING_WITHOUT_TENANT) : this.#read(COUNT_RUNNING_OF_TENANT, tenant),
    );
  }

  /** True when one more may not run now; the rate counts only for one that never started. */
  isHeldBack(
    { concurrency, rate }: FlowLimits,
    { isNew, at }: { readonly isNew: boolean; readonly at: number },
  ): boolean {
    if (concurrency !== null && this.#runningOf(concurrency.key) >= concurrency.limit) return true;
    return isNew && rate !== null && this.#startsOf(rate, at) >= rate.count;
  }

  /** Counts one that was claimed and runs from now on. */
  add(claimed: {
    readonly tenant: string | null;
    readonly limits: FlowLimits | null;
    readonly isNew: boolean;
    readonly at: number;
  }): void {
    const { tenant, limits, isNew, at } = claimed;
    raise(this.#runningByTenant, tenant);
    const concurrency = limits?.concurrency;
    if (concurrency) raise(this.#runningByKey, concurrency.key);
    const rate = limits?.rate;
    if (isNew && rate) raise(this.#startsByWindow, windowOf(rate, at));
  }

  #runningOf(key: string): number {
    return readOnce(this.#runningByKey, key, () => countByLimit(this.#connection, key, "running"));
  }

  #startsOf(rate: RateLimit, at: number): number {
    return readOnce(this.#startsByWindow, windowOf(rate, at), () =>
      this.#read(COUNT_STARTS, toText(rate.key), at - rate.perMs),
    );
  }

  #read(sql: string, ...values: (string | number)[]): number {
    return this.#connection.first<CountRow>(sql, ...values)?.n ?? 0;
  }
}

type RateLimit = NonNullable<FlowLimits["rate"]>;

function windowOf({ key, perMs }: RateLimit, at: number): string {
  return `${at - perMs} ${key}`;
}

function readOnce<Key>(counts: Map<Key, number>, key: Key, read: () => number): number {
  const known = counts.get(key);
  if (known !== undefined) return known;
  const count = read();
  counts.set(key, count);
  return count;
}

/** A number that was not read yet will count it anyway. */
function raise<Key>(counts: Map<Key, number>, key: Key): void {
  const count = counts.get(key);
  if (count !== undefined) counts.set(key, count + 1);
}
