/**
 * A connection to MySQL or MariaDB.
 *
 * Statements are prepared and their parameters sent apart from them; the server takes one statement at a time. Afterwards
 * the session is reset. A result with more rows than wanted, or larger than allowed, costs the connection: the protocol
 * has no other way to say that the rest is not wanted.
 */
import type mysql from "mysql2";
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
import { createDeferred } from "../deferred.js";
import { toColumnNames, toExactNumber, toRow } from "../row-values.js";
import type { ServerSettings } from "../server-settings.js";
import { isEndOfConnection, isLoginRefusal, isMysqlError, toMysqlRefusal } from "./mysql-errors.js";
import { toMysqlJson, toMysqlParameter } from "./mysql-values.js";

/** How long the server may take to stop a statement before the connection is cut. */
const CANCEL_GRACE_MS = 2_000;
/** The server's own limit, for when this process is gone, comes a little after ours. */
const SERVER_TIMEOUT_MARGIN_MS = 1_000;
const MAX_PREPARED_STATEMENTS = 16;

/** The parts of the driver that it does not declare. */
interface DriverConnection {
  readonly stream: NodeJS.EventEmitter & { destroy(): void; ref(): void; unref(): void };
  reset(done: (error: unknown) => void): void;
}
interface Column {
  readonly name: string;
  readonly columnType?: number;
}
interface WriteResult {
  readonly affectedRows?: number;
  readonly insertId?: number | string;
}

/** @throws RetryableNodeError `service_unavailable`, FatalNodeError `credential_unusable`, `not_configured` */
export async function openMysql(
  server: ServerSettings,
  settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<DatabaseConnection> {
  const driver = loadOptionalModule<typeof mysql>("mysql2", "A MySQL or MariaDB connection");
  const connection = new MysqlConnection(driver, server, settings);
  const stop = () => connection.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await connection.begin();
  } catch (error) {
    connection.close();
    signal.throwIfAborted();
    if (isMysqlError(error) && isLoginRefusal(error))
      throw loginRefused(settings.name, `${error.sqlState}/${error.errno}`);
    throw connectionFailed(settings.name, "the server did not answer in time, or not as it should");
  } finally {
    signal.removeEventListener("abort", stop);
  }
  return connection;
}

class MysqlConnection implements DatabaseConnection {
  readonly #driver: typeof mysql;
  readonly #options: mysql.ConnectionOptions;
  readonly #settings: ConnectionSettings;
  readonly #connection: mysql.Connection & DriverConnection;
  #sessionStart = "";
  /** Rejects when the connection is lost, which the driver does not tell the statement that runs. */
  readonly #lost = createDeferred<never>();
  #isUsable = true;

  constructor(driver: typeof mysql, server: ServerSettings, settings: ConnectionSettings) {
    this.#driver = driver;
    this.#settings = settings;
    this.#options = {
      host: server.host,
      port: server.port,
      user: server.user,
      password: server.password,
      database: server.database,
      ...(server.tls === undefined ? {} : { ssl: { ...server.tls } }),
      connectTimeout: settings.connectTimeoutMs,
      charset: "utf8mb4",
      multipleStatements: false,
      // The server could otherwise ask for files of this machine.
      flags: ["-LOCAL_FILES"],
      maxPreparedStatements: MAX_PREPARED_STATEMENTS,
      rowsAsArray: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      disableEval: true,
    };
    this.#connection = this.#connect();
    this.#connection.on("error", () => this.#end());
    this.#connection.on("end", () => this.#end());
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  setReferenced(isReferenced: boolean): void {
    if (isReferenced) this.#connection.stream.ref();
    else this.#connection.stream.unref();
  }

  /** Learns whose server it is, and puts the session up. */
  async begin(): Promise<void> {
    const rows = (await this.#simple("SELECT VERSION()")) as readonly (readonly unknown[])[];
    const isMariaDb = /mariadb/i.test(String(rows[0]?.[0]));
    const { statementTimeoutMs, readOnly } = this.#settings;
    const limitMs = statementTimeoutMs + SERVER_TIMEOUT_MARGIN_MS;
    const limit = isMariaDb ? `max_statement_time = ${limitMs / 1_000}` : `max_execution_time = ${limitMs}`;
    const reading = readOnly ? `, ${isMariaDb ? "tx_read_only" : "transaction_read_only"} = 1` : "";
    this.#sessionStart = `SET NAMES utf8mb4, time_zone = '+00:00', ${limit}${reading}`;
    await this.#simple(this.#sessionStart);
  }

  async recycle(): Promise<void> {
    using deadline = new Deadline(new AbortController().signal, this.#settings.connectTimeoutMs);
    deadline.signal.addEventListener("abort", () => this.close());
    await new Promise<void>((resolve, reject) => {
      this.#connection.reset((error) => (error ? reject(error) : resolve()));
    });
    await this.#simple(this.#sessionStart);
  }

  close(): void {
    this.#isUsable = false;
    this.#connection.destroy();
    this.#connection.stream.destroy();
  }

  #end(): void {
    this.close();
    this.#lost.reject(new Error("the connection ended"));
  }

  async run(statement: Statement, signal: AbortSignal): Promise<StatementResult> {
    const { name, statementTimeoutMs } = this.#settings;
    using deadline = new Deadline(signal, statementTimeoutMs);
    const { promise: stopped, reject: stop } = createDeferred<never>();
    const cancel = () => void this.#cancel().finally(() => stop(new Error("stopped")));
    deadline.signal.addEventListener("abort", cancel);
    const bytes = this.#countBytes(statement.maxBytes);
    try {
      const result = await Promise.race([this.#read(statement, bytes.tooMany), stopped]);
      // Some functions answer as if nothing were the matter when they are stopped.
      deadline.signal.throwIfAborted();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.isExpired) throw statementTimedOut(name, statementTimeoutMs);
      if (bytes.isTooMany()) throw resultTooLarge(name, statement.maxBytes);
      if (isMysqlError(error) && !isEndOfConnection(error)) throw toRefusalError(name, toMysqlRefusal(error));
      this.close();
      throw connectionLost(name);
    } finally {
      bytes.stop();
      deadline.signal.removeEventListener("abort", cancel);
    }
  }

  async #read({ sql, parameters, rowLimit }: Statement, tooMany: Promise<never>): Promise<StatementResult> {
    const command = this.#connection.execute(sql, parameters.map(toMysqlParameter));
    let columns: readonly string[] = [];
    let types: readonly (number | undefined)[] = [];
    let written: WriteResult = {};
    const rows: Readonly<Record<string, unknown>>[] = [];
    const read = new Promise<boolean>((resolve, reject) => {
      command.on("error", reject);
      command.on("end", () => resolve(false));
      command.on("fields", (fields: readonly Column[] | undefined) => {
        columns = toColumnNames((fields ?? []).map((column) => column.name));
        types = (fields ?? []).map(({ columnType }) => columnType);
      });
      command.on("result", (row: unknown) => {
        if (!Array.isArray(row)) written = row as WriteResult;
        else if (rows.length < rowLimit)
          rows.push(
            toRow(
              columns,
              row.map((value, at) => toMysqlJson(value, types[at])),
            ),
          );
        else {
          this.close();
          resolve(true);
        }
      });
    });
    const truncated = await Promise.race([read, tooMany, this.#lost.promise]);
    const { affectedRows = 0, insertId = 0 } = written;
    return {
      rows,
      columns,
      truncated,
      rowCount: columns.length > 0 ? rows.length : affectedRows,
      ...(Number(insertId) > 0 ? { insertId: toExactNumber(String(insertId)) } : {}),
    };
  }

  #countBytes(maxBytes: number): { readonly tooMany: Promise<never>; isTooMany(): boolean; stop(): void } {
    const { stream } = this.#connection;
    const { promise: tooMany, reject } = createDeferred<never>();
    let bytes = 0;
    const count = (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) return;
      this.close();
      reject(new Error("too large"));
    };
    stream.on("data", count);
    return { tooMany, isTooMany: () => bytes > maxBytes, stop: () => void stream.off("data", count) };
  }

  #connect(): mysql.Connection & DriverConnection {
    return this.#driver.createConnection(this.#options) as mysql.Connection & DriverConnection;
  }

  #simple(sql: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#connection.query(sql, (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer)));
    });
  }

  /** Asks the server over a second connection to stop the statement; resolves when it has, or after the grace. */
  async #cancel(): Promise<void> {
    this.#isUsable = false;
    const killer = this.#connect();
    killer.on("error", () => {});
    const { promise, resolve } = createDeferred<void>();
    const timer = setTimeout(resolve, CANCEL_GRACE_MS);
    killer.query(`KILL QUERY ${Number(this.#connection.threadId)}`, () => resolve());
    await promise;
    clearTimeout(timer);
    killer.destroy();
    this.close();
  }
}
