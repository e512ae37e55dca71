/**
 * The way to the database. Reads and writes are synchronous, so each is one turn of the process and needs no queue.
 * Two things take longer and set a *turn*, which writes wait for:
 *
 * - another process holds the write lock: asked for again and again without blocking the process, then given up;
 * - a node's own code runs inside a transaction: the connection belongs to it until it ends. Reads meanwhile go
 *   through a second connection, so that they see nothing uncommitted; in memory, where there is none, they wait.
 */
import { StorageError } from "@automatrix/core";
import { Connection, type ConnectionParams } from "./connection.js";
import { isBusy, toStorageError } from "./to-storage-error.js";

const MAX_PAUSE_MS = 15;

export interface DatabaseGateParams {
  readonly connection: Connection;
  readonly connectionParams: ConnectionParams;
  readonly busyTimeoutMs: number;
}

export class DatabaseGate {
  readonly #params: DatabaseGateParams;
  readonly #connection: Connection;
  #reader: Connection | undefined;
  #turn: Promise<void> | undefined;
  #isClosed = false;

  constructor(params: DatabaseGateParams) {
    this.#params = params;
    this.#connection = params.connection;
  }

  /** @throws StorageError */
  async read<Result>(work: (connection: Connection) => Result): Promise<Result> {
    const giveUpAt = performance.now() + this.#params.busyTimeoutMs;
    for (;;) {
      try {
        const connection = this.#readable();
        if (connection !== undefined) return work(connection);
      } catch (error) {
        if (!isBusy(error) || performance.now() > giveUpAt) throw this.#toError(error);
      }
      await (this.#turn ?? pause());
    }
  }

  /**
   * Runs `work` in a transaction of its own: everything it writes, or nothing when it throws.
   * @throws StorageError `storage_unavailable` when the lock cannot be had in time
   */
  async write<Result>(work: (connection: Connection) => Result): Promise<Result> {
    return this.writeCommits((connection) => {
      connection.known.forget();
      return work(connection);
    });
  }

  /** Like {@link write} with work that keeps what is known of executions right. */
  async writeCommits<Result>(work: (connection: Connection) => Result): Promise<Result> {
    while (this.#turn !== undefined) await this.#turn;
    if (this.#tryBegin()) return this.#complete(work);
    return this.#takeTurn(async () => {
      await this.#begin();
      return this.#complete(work);
    });
  }

  /** Like {@link write} with work that takes its time: other writes wait until it has ended. */
  async writeAlone<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    while (this.#turn !== undefined) await this.#turn;
    return this.#takeTurn(async () => {
      await this.#begin();
      this.#connection.known.forget();
      try {
        const result = await work(this.#connection);
        if (this.#connection.database.inTransaction) this.#connection.run("COMMIT");
        return result;
      } catch (error) {
        this.#connection.rollBack();
        throw this.#toError(error);
      }
    });
  }

  /** Waits for what runs, brings the log into the file and lets it go. */
  async close(): Promise<void> {
    while (this.#turn !== undefined) await this.#turn;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reader?.close();
    try {
      this.#connection.database.pragma("wal_checkpoint(TRUNCATE)");
    } catch {
      // Another process reads or writes: the log stays, and whoever is last brings it in.
    }
    this.#connection.close();
  }

  #complete<Result>(work: (connection: Connection) => Result): Result {
    try {
      this.#connection.known.forgetUnlessAt(this.#connection.readDataVersion());
      const result = work(this.#connection);
      this.#connection.run("COMMIT");
      return result;
    } catch (error) {
      this.#connection.rollBack();
      throw this.#toError(error);
    }
  }

  async #takeTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    let end = () => {};
    this.#turn = new Promise((resolve) => {
      end = resolve;
    });
    try {
      return await work();
    } finally {
      this.#turn = undefined;
      end();
    }
  }

  async #begin(): Promise<void> {
    const giveUpAt = performance.now() + this.#params.busyTimeoutMs;
    while (!this.#tryBegin(performance.now() > giveUpAt)) await pause();
  }

  /** False while another process holds the lock. */
  #tryBegin(isLastTry = false): boolean {
    this.#refuseClosed();
    try {
      this.#connection.run("BEGIN IMMEDIATE");
      return true;
    } catch (error) {
      if (isBusy(error) && !isLastTry) return false;
      throw this.#toError(error);
    }
  }

  /** The connection to read from; undefined when there is none until the turn ends. */
  #readable(): Connection | undefined {
    this.#refuseClosed();
    const { connectionParams } = this.#params;
    if (!this.#connection.database.inTransaction) return this.#connection;
    if (connectionParams.file === ":memory:") return undefined;
    this.#reader ??= new Connection({ ...connectionParams, isReadOnly: true });
    return this.#reader;
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw closedError(this.#params.connectionParams.file);
  }

  #toError(error: unknown): StorageError {
    return toStorageError(error, this.#params.connectionParams.file);
  }
}

/** What every call answers before `open` and after `close`. */
export function closedError(file: string): StorageError {
  return new StorageError("storage_closed", `The database "${file}" is not open; call open() first.`);
}

/** Of random length, so that two processes do not keep in step. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * MAX_PAUSE_MS));
}
