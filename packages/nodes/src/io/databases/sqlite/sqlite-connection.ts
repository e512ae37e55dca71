import type { ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { AutomatrixError, FatalNodeError } from "@automatrix/core";
import { loadModule } from "../../../loading/load-module.js";
import type { ConnectionSettings, DatabaseConnection, Statement, StatementResult } from "../database-connection.js";
import {
  connectionFailed,
  connectionLost,
  resultTooLarge,
  statementTimedOut,
  toRefusalError,
} from "../database-errors.js";
import { Deadline } from "../deadline.js";
import { createDeferred } from "../deferred.js";
import { toColumnNames, toJsonValue, toRow } from "../row-values.js";
import { SQLITE_CHILD_SOURCE } from "./sqlite-child.js";
import { type SqliteFailure, toSqliteRefusal } from "./sqlite-errors.js";

const DRIVER = "better-sqlite3";
/** How long a statement waits for another one's lock. */
const BUSY_TIMEOUT_MS = 5_000;

/** A file that the operator named. */
export interface SqliteFile {
  readonly file: string;
}

interface ChildResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly columns: readonly string[];
  readonly truncated: boolean;
  readonly rowCount: number;
}
type ChildAnswer = { readonly result: ChildResult } | { readonly error: SqliteFailure } | { readonly ready: true };

/** @throws RetryableNodeError `service_unavailable`, FatalNodeError `not_configured` */
export async function openSqlite(
  { file }: SqliteFile,
  settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<DatabaseConnection> {
  const options = { driver: findDriver(), file, readOnly: settings.readOnly, busyTimeoutMs: BUSY_TIMEOUT_MS };
  const { spawn } = loadModule<typeof import("node:child_process")>("node:child_process");
  const child = spawn(process.execPath, ["-e", SQLITE_CHILD_SOURCE, JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    serialization: "advanced",
    // Nothing of the engine's environment: it may hold secrets.
    env: {},
    windowsHide: true,
  });
  const connection = new SqliteConnection(child, settings);
  using deadline = new Deadline(signal, settings.connectTimeoutMs);
  try {
    await connection.untilAnswer(deadline.signal);
  } catch {
    connection.close();
    signal.throwIfAborted();
    throw connectionFailed(settings.name, "the process for SQLite did not start");
  }
  return connection;
}

class SqliteConnection implements DatabaseConnection {
  readonly #child: ChildProcess;
  readonly #settings: ConnectionSettings;
  #isUsable = true;

  constructor(child: ChildProcess, settings: ConnectionSettings) {
    this.#child = child;
    this.#settings = settings;
    child.on("error", () => this.close());
    child.on("exit", () => {
      this.#isUsable = false;
    });
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  setReferenced(isReferenced: boolean): void {
    const { channel } = this.#child as { readonly channel?: { ref(): void; unref(): void } | null };
    if (isReferenced) {
      this.#child.ref();
      channel?.ref();
    } else {
      this.#child.unref();
      channel?.unref();
    }
  }

  /** The process itself sees to it that no temporary table or trigger outlives its statement. */
  async recycle(): Promise<void> {}

  close(): void {
    this.#isUsable = false;
    this.#child.kill("SIGKILL");
  }

  async run(statement: Statement, signal: AbortSignal): Promise<StatementResult> {
    const { name, statementTimeoutMs } = this.#settings;
    using deadline = new Deadline(signal, statementTimeoutMs);
    const { parameters, ...request } = statement;
    try {
      const answer = this.untilAnswer(deadline.signal);
      this.#child.send({ ...request, parameters: parameters.map(toSqliteParameter) });
      return this.#toResult(await answer, statement.maxBytes);
    } catch (error) {
      if (AutomatrixError.is(error)) throw error;
      this.close();
      signal.throwIfAborted();
      throw deadline.isExpired ? statementTimedOut(name, statementTimeoutMs) : connectionLost(name);
    }
  }

  /** Resolves to the next message; rejects when the process ends or the signal aborts. */
  async untilAnswer(signal: AbortSignal): Promise<ChildAnswer> {
    const child = this.#child;
    const { promise, resolve, reject } = createDeferred<ChildAnswer>();
    const fail = () => reject(new Error("no answer"));
    const answered = (message: unknown) => resolve(message as ChildAnswer);
    child.on("message", answered);
    child.on("exit", fail);
    child.on("error", fail);
    signal.addEventListener("abort", fail);
    if (!this.#isUsable || signal.aborted) fail();
    try {
      return await promise;
    } finally {
      child.off("message", answered);
      child.off("exit", fail);
      child.off("error", fail);
      signal.removeEventListener("abort", fail);
    }
  }

  #toResult(answer: ChildAnswer, maxBytes: number): StatementResult {
    const { name } = this.#settings;
    if ("error" in answer) {
      if (answer.error.code === "TOO_LARGE") throw resultTooLarge(name, maxBytes);
      throw toRefusalError(name, toSqliteRefusal(answer.error));
    }
    if (!("result" in answer)) throw connectionLost(name);
    const { rows, columns: names, truncated, rowCount } = answer.result;
    const columns = toColumnNames(names);
    return { rows: rows.map((row) => toRow(columns, row.map(toJsonValue))), columns, truncated, rowCount };
  }
}

function findDriver(): string {
  try {
    return createRequire(import.meta.url).resolve(DRIVER);
  } catch {
    throw new FatalNodeError(
      `A SQLite connection needs the package "${DRIVER}"; install it beside @automatrix/nodes.`,
      {
        code: "not_configured",
        details: { package: DRIVER },
      },
    );
  }
}

function toSqliteParameter(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  // A whole number is stored as such, and not as 1.0.
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === "object" ? JSON.stringify(value) : value;
}
