import { ConfigurationError, StorageError } from "@automatrix/core";
import pg from "pg";
import { Lanes } from "./lanes.js";
import type { WriteStatement } from "./prepared-write.js";
import { Sockets } from "./sockets.js";
import { isLockedOut, toStorageError } from "./to-storage-error.js";

/** Added to the server's statement timeout before a connection counts as dead. */
const NETWORK_GRACE_MS = 5_000;

/** How long a commit waits for a row that somebody else has locked: no batch of others is held up for as long as a lease. */
const LOCK_TIMEOUT_MS = 2_000;

/**
 * How the server may not plan our statements, which look rows up by indexes. Plans of prepared ones are kept, and the best
 * for a table that is nearly empty reads all of it: the worst, once it is full.
 */
const AVOIDED_PLANS = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"];

/**
 * Set in each session. Statements that waited for a row must see what was committed meanwhile: the database's own default
 * may be a stricter level, at which they would go by what was there before.
 */
export const OWN_SETTINGS = [
  "SET default_transaction_isolation = 'read committed'",
  `SET lock_timeout = ${LOCK_TIMEOUT_MS}`,
  ...AVOIDED_PLANS.map((setting) => `SET ${setting} = off`),
].join("; ");

/** Plans and waits as usual until the end of a transaction, for statements that somebody else wrote. */
export const USUAL_SETTINGS = [...AVOIDED_PLANS, "lock_timeout"]
  .map((setting) => `SET LOCAL ${setting} TO DEFAULT`)
  .join("; ");

/** A session that stays idle inside a transaction is ended by the server. */
const IDLE_IN_TRANSACTION_MS = 30_000;

/** After how long without a word the server is asked for a sign of life, where no statement has a limit of time. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/** How long closing waits for statements under way and for the server's goodbye. */
export const CLOSE_LIMIT_MS = 3_000;

export interface ConnectionSettings {
  readonly connectionString: string;
  /** Quoted. */
  readonly schema: string;
  readonly maxConnections: number;
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** One statement. `name`: prepared once a connection under this name, for the hot paths. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
  /** The extended protocol takes one statement only, whatever the text holds behind a semicolon. */
  readonly queryMode?: "extended";
}

/** A connection that is lent: one statement after the other, with a limit of time for each. */
export interface Session {
  query<Row extends object = Record<string, unknown>>(statement: Statement): Promise<pg.QueryResult<Row>>;
}

/** The pool of connections, and the one place where errors of the driver become ours. */
export class PostgresConnection {
  /** Quoted name of the schema that holds the tables. */
  readonly schema: string;
  readonly #settings: ConnectionSettings;
  readonly #texts = new Map<string, string>();
  readonly #sockets = new Sockets();
  /** Refuses those who wait for a connection, when the storage closes: the pool would leave them waiting. */
  readonly #refuseWaiting = new Set<(error: StorageError) => void>();
  #pool: pg.Pool | undefined;
  #lanes: Lanes | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.schema = settings.schema;
    assertConnectionString(settings.connectionString);
  }

  get isOpen(): boolean {
    return this.#pool !== undefined;
  }

  open(): void {
    if (this.#pool !== undefined) return;
    this.#pool = createPool(this.#settings, this.#sockets);
    this.#lanes = new Lanes(this.#pool, () => this.#lend(), {
      idleMs: this.#settings.idleTimeoutMs,
      silenceMs: silenceMs(this.#settings),
    });
  }

  /** Cuts off what has not ended after `limitMs`. */
  async close(limitMs = CLOSE_LIMIT_MS): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    this.#lanes?.close();
    this.#lanes = undefined;
    for (const refuse of this.#refuseWaiting) refuse(notOpen());
    this.#refuseWaiting.clear();
    pool?.end().catch(() => {});
    await this.#sockets.close(limitMs);
  }

  /** The text of a prepared statement that is put together, made once. */
  textOf(name: string, make: () => string): string {
    let text = this.#texts.get(name);
    if (text === undefined) {
      text = make();
      this.#texts.set(name, text);
    }
    return text;
  }

  /** Runs one statement in a transaction of its own. */
  async query<Row extends object = Record<string, unknown>>(statement: Statement): Promise<readonly Row[]> {
    return this.#patiently(() => this.queryOnce<Row>(statement));
  }

  /** As {@link query}, but rejects when it waits too long for a lock. */
  async queryOnce<Row extends object = Record<string, unknown>>(statement: Statement): Promise<readonly Row[]> {
    return (await this.#run(statement)).rows as Row[];
  }

  /** How many rows a statement of a hot path wrote, in a transaction of its own. */
  write(statement: WriteStatement): Promise<number> {
    return this.#lanes?.write(statement) ?? Promise.reject(notOpen());
  }

  /** How many rows a statement wrote. */
  async execute(statement: Statement): Promise<number> {
    return this.#patiently(async () => (await this.#run(statement)).rowCount ?? 0);
  }

  async #run(statement: Statement): Promise<pg.QueryResult> {
    try {
      return await this.withSession((session) => session.query(statement));
    } catch (error) {
      throw toStorageError(error);
    }
  }

  /** A statement that waited too long for a lock did nothing: it is sent again for as long as statements may take. */
  async #patiently<Result>(run: () => Promise<Result>): Promise<Result> {
    const giveUpAt = performance.now() + this.#settings.statementTimeoutMs;
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (!isLockedOut(error) || performance.now() >= giveUpAt) throw error;
      }
    }
  }

  /** Lends a connection. One whose use threw is closed: nobody knows what it was left with. */
  async withSession<Result>(run: (session: Session) => Promise<Result>): Promise<Result> {
    const client = await this.#lend();
    // While it is lent nobody else listens, and an error event without a listener ends the process. The query that
    // was under way rejects with the same error.
    const ignore = () => {};
    client.on("error", ignore);
    let isSound = false;
    try {
      const result = await run({ query: (statement) => client.query(limited(statement, this.#settings)) });
      isSound = true;
      return result;
    } finally {
      client.off("error", ignore);
      client.release(!isSound);
    }
  }

  /** Lends a connection beside the pool, on which nothing but connecting has a limit of time. Closed afterwards. */
  async withPatientClient<Result>(run: (client: pg.Client) => Promise<Result>): Promise<Result> {
    if (this.#pool === undefined) throw notOpen();
    const client = new pg.Client({
      ...clientConfig(this.#settings, this.#sockets),
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    });
    // Whatever is under way rejects with the same error; without a listener the event would end the process.
    client.on("error", () => {});
    try {
      await client.connect();
      return await run(client);
    } catch (error) {
      throw toStorageError(error);
    } finally {
      client.end().catch(() => {});
    }
  }

  /** @throws StorageError, or ConfigurationError when the server refuses a connection for good */
  async #lend(): Promise<pg.PoolClient> {
    const pool = this.#pool;
    if (pool === undefined) throw notOpen();
    this.#lanes?.makeRoom();
    return new Promise((resolve, reject) => {
      this.#refuseWaiting.add(reject);
      pool.connect().then(
        (client) => {
          if (this.#refuseWaiting.delete(reject)) resolve(client);
          else client.release();
        },
        (error: unknown) => {
          this.#refuseWaiting.delete(reject);
          reject(toStorageError(error));
        },
      );
    });
  }
}

function notOpen(): StorageError {
  return new StorageError("storage_unavailable", "The Postgres storage is not open: call open() first.");
}

/** How long the server may say nothing to a statement: it would itself have given it up before. */
function silenceMs({ statementTimeoutMs }: ConnectionSettings): number {
  return statementTimeoutMs + NETWORK_GRACE_MS;
}

/** For the driver, with a limit of time. */
function limited({ text, values, name, queryMode }: Statement, settings: ConnectionSettings): pg.QueryConfig {
  const query: pg.QueryConfig & { readonly query_timeout: number; readonly queryMode?: "extended" } = {
    text,
    query_timeout: silenceMs(settings),
    ...(values === undefined ? {} : { values: [...values] }),
    ...(name === undefined ? {} : { name }),
    ...(queryMode === undefined ? {} : { queryMode }),
  };
  return query;
}

/** What all connections have in common. */
function clientConfig({ connectionString, connectTimeoutMs }: ConnectionSettings, sockets: Sockets): pg.ClientConfig {
  return {
    connectionString,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    fallback_application_name: "automatrix",
    stream: sockets.create,
  };
}

function createPool(settings: ConnectionSettings, sockets: Sockets): pg.Pool {
  const { maxConnections, idleTimeoutMs, statementTimeoutMs } = settings;
  const pool = new pg.Pool({
    ...clientConfig(settings, sockets),
    max: maxConnections,
    idleTimeoutMillis: idleTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    onConnect: async (client) => {
      await client.query(limited({ text: OWN_SETTINGS }, settings));
    },
  });
  // A connection that breaks while idle is replaced at its next use; without a listener it would end the process.
  pool.on("error", () => {});
  return pool;
}

/** Fails early, and with a message of our own: the driver's would show the password. */
function assertConnectionString(connectionString: string): void {
  try {
    new pg.Client({ connectionString });
  } catch {
    throw new ConfigurationError(
      "invalid_configuration",
      "The connection string of the Postgres storage cannot be read; it looks like postgres://user:password@host:5432/database.",
    );
  }
}
