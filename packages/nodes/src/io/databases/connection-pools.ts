import { RetryableNodeError } from "@automatrix/core";
import { ConnectionPool, type ConnectionPoolParams, type PooledConnection } from "./connection-pool.js";

/** Pools at once of one set of nodes; those of credentials that changed or went away are closed first. */
const MAX_POOLS = 64;

/** The pools of one engine by what they connect to. Those that were not used for longest make room. */
export class ConnectionPools<Connection extends PooledConnection> {
  readonly #pools = new Map<string, ConnectionPool<Connection>>();
  readonly #maxPools: number;

  constructor(maxPools = MAX_POOLS) {
    this.#maxPools = maxPools;
  }

  /** The pool under this key, made at its first use. */
  get(key: string, params: ConnectionPoolParams<Connection>): ConnectionPool<Connection> {
    const pool = this.#pools.get(key) ?? this.#make(params);
    // Moved to the end: the first is the one that was not used for longest.
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    return pool;
  }

  #make(params: ConnectionPoolParams<Connection>): ConnectionPool<Connection> {
    if (this.#pools.size >= this.#maxPools) this.#makeRoom(params.name);
    return new ConnectionPool(params);
  }

  #makeRoom(name: string): void {
    for (const [key, pool] of this.#pools) {
      if (!pool.isIdle) continue;
      this.#pools.delete(key);
      return pool.close();
    }
    throw new RetryableNodeError(
      `"${name}" would be connection pool ${this.#maxPools + 1} of this engine, and all others are busy.`,
      { code: "service_unavailable" },
    );
  }
}
