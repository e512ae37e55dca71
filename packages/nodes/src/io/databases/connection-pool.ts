/**
 * Connections of one server, each used by one statement at a time.
 *
 * Asked for → an idle one, a new one while there are fewer than `maxConnections`, or a place in the queue → in use →
 * given back: recycled, then handed to whoever waits, or idle; closed when it cannot be used again, or after `idleMs`.
 * The drivers' own pools are not used: waiting there cannot be aborted, and one part for all drivers is one behaviour.
 */
import { RetryableNodeError } from "@automatrix/core";
import { Deadline } from "./deadline.js";

/** What a pool needs to know of a connection. */
export interface PooledConnection {
  /** False once it cannot serve anybody any more. */
  readonly isUsable: boolean;
  /** Whether it keeps the process alive: only while it is in use. */
  setReferenced(isReferenced: boolean): void;
  /** Undoes what a statement may have left in the session. A failure closes the connection. */
  recycle(): Promise<void>;
  close(): void;
}

export interface ConnectionPoolParams<Connection extends PooledConnection> {
  /** For messages: the name of the connection, never its address. */
  readonly name: string;
  readonly open: (signal: AbortSignal) => Promise<Connection>;
  readonly maxConnections: number;
  readonly idleMs: number;
  /** How long a statement may wait for a connection. */
  readonly waitMs: number;
}

interface Waiter<Connection> {
  readonly give: (connection: Connection | undefined) => void;
}

export class ConnectionPool<Connection extends PooledConnection> {
  readonly #params: ConnectionPoolParams<Connection>;
  readonly #idle = new Map<Connection, ReturnType<typeof setTimeout>>();
  readonly #waiters: Waiter<Connection>[] = [];
  #places = 0;
  #isClosed = false;

  constructor(params: ConnectionPoolParams<Connection>) {
    this.#params = params;
  }

  /** True while nobody has a connection of it. */
  get isIdle(): boolean {
    return this.#places === this.#idle.size;
  }

  /** Runs `run` with a connection of its own. */
  async use<Result>(signal: AbortSignal, run: (connection: Connection) => Promise<Result>): Promise<Result> {
    const connection = await this.#acquire(signal);
    connection.setReferenced(true);
    try {
      return await run(connection);
    } finally {
      connection.setReferenced(false);
      void this.#giveBack(connection);
    }
  }

  /** Closes what is idle now and the rest when it is given back. */
  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#idle.keys()]) this.#discard(connection);
  }

  async #acquire(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    const idle = this.#takeIdle();
    if (idle !== undefined) return idle;
    if (this.#places < this.#params.maxConnections) return this.#open(signal);
    return (await this.#wait(signal)) ?? this.#open(signal);
  }

  /** The last one that was given back: the others may then become old. */
  #takeIdle(): Connection | undefined {
    for (const connection of [...this.#idle.keys()].reverse()) {
      clearTimeout(this.#idle.get(connection));
      this.#idle.delete(connection);
      if (connection.isUsable) return connection;
      this.#leave(connection);
    }
    return undefined;
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    this.#places++;
    try {
      return await this.#params.open(signal);
    } catch (error) {
      this.#freePlace();
      throw error;
    }
  }

  /** Resolves to a connection, or to nothing when there is room to open one. */
  async #wait(signal: AbortSignal): Promise<Connection | undefined> {
    const { waitMs, name, maxConnections } = this.#params;
    using deadline = new Deadline(signal, waitMs);
    return await new Promise<Connection | undefined>((resolve, reject) => {
      const waiter: Waiter<Connection> = {
        give: (connection) => {
          deadline.signal.removeEventListener("abort", giveUp);
          resolve(connection);
        },
      };
      const giveUp = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        const busy = `All ${maxConnections} connections of "${name}" were busy for ${waitMs} ms.`;
        reject(deadline.isExpired ? new RetryableNodeError(busy, { code: "service_unavailable" }) : signal.reason);
      };
      deadline.signal.addEventListener("abort", giveUp, { once: true });
      this.#waiters.push(waiter);
    });
  }

  async #giveBack(connection: Connection): Promise<void> {
    const isClean = connection.isUsable && !this.#isClosed && (await isRecycled(connection));
    if (!isClean || this.#isClosed || !connection.isUsable) return this.#leave(connection);
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.give(connection);
    const timer = setTimeout(() => this.#discard(connection), this.#params.idleMs);
    timer.unref();
    this.#idle.set(connection, timer);
  }

  #discard(connection: Connection): void {
    clearTimeout(this.#idle.get(connection));
    this.#idle.delete(connection);
    this.#leave(connection);
  }

  #leave(connection: Connection): void {
    connection.close();
    this.#freePlace();
  }

  #freePlace(): void {
    this.#places--;
    this.#waiters.shift()?.give(undefined);
  }
}

async function isRecycled(connection: PooledConnection): Promise<boolean> {
  try {
    await connection.recycle();
    return true;
  } catch {
    return false;
  }
}
