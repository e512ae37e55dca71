/**
 * A connection to Postgres.
 *
 * One statement at a time over the extended protocol; afterwards `DISCARD ALL` puts the session back, which fails, and
 * thereby closes the connection, when the statement left a transaction open.
 */
import type pg from "pg";
import { loadOptionalModule } from "../../../loading/load-optional-module.js";
import type { ConnectionSettings, DatabaseConnection, Statement, StatementResult } from "../database-connection.js";
import {
  connectionFailed,
  connectionLost,
  loginRefused,
  resultTooLarge,
  statementTimedOut,
  toRefusalError,
} from "../database-errors.js";
import { Deadline } from "../deadline.js";
import type { ServerSettings } from "../server-settings.js";
import { isEndOfConnection, isLoginRefusal, isPostgresError, toPostgresRefusal } from "./postgres-errors.js";
import { createPostgresTypes } from "./postgres-values.js";
import { createRowLimitedQuery } from "./read-rows.js";

/** How long the server may take to stop a statement before the connection is cut. */
const CANCEL_GRACE_MS = 2_000;
/** The server's own limit, for when this process is gone, comes a little after ours. */
const SERVER_TIMEOUT_MARGIN_MS = 1_000;

/** The parts of the driver that it does not declare. */
interface DriverClient {
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: { readonly stream: NodeJS.EventEmitter & { destroy(): void } };
  ref(): void;
  unref(): void;
}
interface DriverConnection extends NodeJS.EventEmitter {
  readonly stream: { destroy(): void };
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/** @throws RetryableNodeError `service_unavailable`, FatalNodeError `credential_unusable`, `not_configured` */
export async function openPostgres(
  server: ServerSettings,
  settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<DatabaseConnection> {
  const driver = loadOptionalModule<typeof pg>("pg", "A Postgres connection");
  const client = new driver.Client({
    host: server.host,
    port: server.port,
    user: server.user,
    database: server.database,
    // As a function: without a password the driver would look for one in the environment and in the home folder.
    password: () => server.password,
    ssl: server.tls ?? false,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    statement_timeout: settings.statementTimeoutMs + SERVER_TIMEOUT_MARGIN_MS,
    application_name: "automatrix",
    keepAlive: true,
    ...(settings.readOnly ? { options: "-c default_transaction_read_only=on" } : {}),
  });
  const connection = new PostgresConnection(driver, client, server, settings);
  const stop = () => connection.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await client.connect();
  } catch (error) {
    connection.close();
    signal.throwIfAborted();
    if (isPostgresError(error) && isLoginRefusal(error)) throw loginRefused(settings.name, error.code);
    throw connectionFailed(settings.name, describe(error));
  } finally {
    signal.removeEventListener("abort", stop);
  }
  return connection;
}

class PostgresConnection implements DatabaseConnection {
  readonly #driver: typeof pg;
  readonly #client: pg.Client & DriverClient;
  readonly #server: ServerSettings;
  readonly #settings: ConnectionSettings;
  readonly #types: unknown;
  #isUsable = true;

  constructor(driver: typeof pg, client: pg.Client, server: ServerSettings, settings: ConnectionSettings) {
    this.#driver = driver;
    this.#client = client as pg.Client & DriverClient;
    this.#server = server;
    this.#settings = settings;
    this.#types = createPostgresTypes(driver.types);
    client.on("error", () => this.close());
    client.on("end", () => this.close());
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  setReferenced(isReferenced: boolean): void {
    if (isReferenced) this.#client.ref();
    else this.#client.unref();
  }

  async recycle(): Promise<void> {
    using deadline = new Deadline(new AbortController().signal, this.#settings.connectTimeoutMs);
    deadline.signal.addEventListener("abort", () => this.close());
    await this.#client.query("DISCARD ALL");
  }

  close(): void {
    this.#isUsable = false;
    this.#client.connection.stream.destroy();
  }

  async run(statement: Statement, signal: AbortSignal): Promise<StatementResult> {
    const { name, statementTimeoutMs } = this.#settings;
    using deadline = new Deadline(signal, statementTimeoutMs);
    const stop = () => void this.#cancel();
    deadline.signal.addEventListener("abort", stop);
    const bytes = this.#countBytes(statement.maxBytes);
    try {
      const { query, result } = createRowLimitedQuery(this.#driver, this.#types, statement);
      this.#client.query(query);
      return await result;
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.isExpired) throw statementTimedOut(name, statementTimeoutMs);
      if (bytes.isTooMany) throw resultTooLarge(name, statement.maxBytes);
      if (isPostgresError(error) && !isEndOfConnection(error)) throw toRefusalError(name, toPostgresRefusal(error));
      this.close();
      throw isPreparationError(error) ? toRefusalError(name, UNBINDABLE) : connectionLost(name);
    } finally {
      bytes.stop();
      deadline.signal.removeEventListener("abort", stop);
    }
  }

  /** Counts what comes: one row alone may be larger than everything that is wanted. */
  #countBytes(maxBytes: number): { readonly isTooMany: boolean; stop(): void } {
    const { stream } = this.#client.connection;
    let bytes = 0;
    const count = (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) this.close();
    };
    stream.on("data", count);
    return {
      get isTooMany() {
        return bytes > maxBytes;
      },
      stop: () => void stream.off("data", count),
    };
  }

  /** Asks the server to stop; not used again after that, since the request may arrive late and hit another statement. */
  async #cancel(): Promise<void> {
    this.#isUsable = false;
    const { processID, secretKey } = this.#client;
    const { tls, port, host } = this.#server;
    const Connection = this.#driver.Connection as unknown as new (config: object) => DriverConnection;
    const canceller = new Connection({ ssl: tls ?? false });
    const cut = setTimeout(() => {
      canceller.stream.destroy();
      this.close();
    }, CANCEL_GRACE_MS);
    canceller.on("error", () => this.close());
    canceller.once("connect", () =>
      tls === undefined ? canceller.cancel(processID, secretKey) : canceller.requestSsl(),
    );
    canceller.once("sslconnect", () => canceller.cancel(processID, secretKey));
    this.#client.once("end", () => clearTimeout(cut));
    canceller.connect(port, host);
  }
}

const UNBINDABLE = { kind: "values", code: "22000", why: "a parameter cannot be sent as a value" } as const;

/** The driver could not write the parameters; nothing was run. */
function isPreparationError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

/** A word about a failure to connect that holds no address. */
function describe(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === "string" && /^[\w]+$/.test(code)) return `the server did not answer as it should (${code})`;
  return "the server did not answer in time, or not as it should";
}
