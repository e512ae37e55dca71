import type { Pool, PoolClient } from "pg";
import { PreparedWrite, type WriteStatement } from "./prepared-write.js";
import { toStorageError } from "./to-storage-error.js";

/** How often lanes are looked at. */
const CHECK_MS = 1_000;

/** A connection that writes use one after the other. */
interface Lane {
  readonly client: PoolClient;
  /** When it was used last, by `performance.now()`. */
  usedAt: number;
  /** Fails the write under way, if there is one. */
  fail: ((error: Error) => void) | undefined;
  readonly onError: (error: Error) => void;
}

/**
 * Connections of the pool that writes keep between them: lending one anew for each takes a third of the time that this
 * process spends on a small commit. They go back when nobody writes for `idleMs`, or when somebody else needs one and
 * none is free.
 */
export class Lanes {
  readonly #pool: Pool;
  readonly #lend: () => Promise<PoolClient>;
  readonly #idleMs: number;
  readonly #silenceMs: number;
  readonly #lanes = new Set<Lane>();
  readonly #idle: Lane[] = [];
  #checks: NodeJS.Timeout | undefined;

  /** @param lend a connection of the pool @param options a server that says nothing for `silenceMs` counts as gone */
  constructor(
    pool: Pool,
    lend: () => Promise<PoolClient>,
    { idleMs, silenceMs }: { readonly idleMs: number; readonly silenceMs: number },
  ) {
    this.#pool = pool;
    this.#lend = lend;
    this.#idleMs = idleMs;
    this.#silenceMs = silenceMs;
  }

  /**
   * How many rows the statement wrote.
   * @throws StorageError, or ConfigurationError when a connection is refused
   */
  write(statement: WriteStatement): Promise<number> {
    const lane = this.#idle.pop();
    return lane === undefined ? this.#writeOnNew(statement) : this.#writeOn(lane, statement);
  }

  /** To be called before a connection is lent for anything else: gives one back, if the pool has none at hand. */
  makeRoom(): void {
    const { idleCount, waitingCount } = this.#pool;
    if (idleCount > waitingCount) return;
    const lane = this.#idle.pop();
    if (lane !== undefined) this.#giveBack(lane);
  }

  /** Gives back what no write needs; the rest follows as its writes end. */
  close(): void {
    for (const lane of this.#idle.splice(0)) this.#giveBack(lane);
  }

  async #writeOnNew(statement: WriteStatement): Promise<number> {
    const client = await this.#lend();
    const lane: Lane = { client, usedAt: 0, fail: undefined, onError: (error) => this.#discard(lane, error) };
    // A connection that breaks says so by this event, which would end the process if nobody listened.
    client.on("error", lane.onError);
    this.#lanes.add(lane);
    this.#checks ??= setInterval(() => this.#check(), CHECK_MS).unref();
    return this.#writeOn(lane, statement);
  }

  #writeOn(lane: Lane, statement: WriteStatement): Promise<number> {
    return new Promise((resolve, reject) => {
      lane.usedAt = performance.now();
      lane.fail = reject;
      lane.client.query(
        new PreparedWrite(statement, (error, written) => {
          if (error !== null) return this.#discard(lane, error);
          this.#ended(lane);
          resolve(written);
        }),
      );
    });
  }

  #ended(lane: Lane): void {
    lane.fail = undefined;
    if (!this.#lanes.has(lane)) return;
    const { idleCount, waitingCount, ending } = this.#pool;
    if (ending || waitingCount > idleCount) this.#giveBack(lane);
    else this.#idle.push(lane);
  }

  #giveBack(lane: Lane): void {
    this.#forget(lane);
    lane.client.release();
  }

  /** Nobody knows what a connection was left with whose write failed. */
  #discard(lane: Lane, error: Error): void {
    if (!this.#lanes.has(lane)) return;
    this.#forget(lane);
    lane.client.release(true);
    lane.fail?.(toStorageError(error));
  }

  #forget(lane: Lane): void {
    lane.client.off("error", lane.onError);
    this.#lanes.delete(lane);
    const place = this.#idle.indexOf(lane);
    if (place !== -1) this.#idle.splice(place, 1);
    if (this.#lanes.size > 0) return;
    clearInterval(this.#checks);
    this.#checks = undefined;
  }

  #check(): void {
    const now = performance.now();
    for (const lane of [...this.#lanes]) {
      const unusedMs = now - lane.usedAt;
      if (lane.fail !== undefined && unusedMs > this.#silenceMs)
        this.#discard(lane, new Error("the server does not answer"));
      else if (lane.fail === undefined && this.#idleMs > 0 && unusedMs > this.#idleMs) this.#giveBack(lane);
    }
  }
}
