import { AutomatrixError, ConfigurationError, StorageError } from "@automatrix/core";

/**
 * SQLSTATEs (or their first two characters) of failures that may pass: connection exceptions, rollbacks by
 * serialization or deadlock, resources that ran out, cancelled by timeout or administrator, a lock not to be had, a
 * transaction that idled too long, a server in recovery or that became a standby, errors of the machine below, and a
 * session that has lost its prepared statements, or has them already.
 */
const PASSING = new Set(["08", "40", "53", "57", "58", "55P03", "25P03", "25P04", "25006", "26000", "42P05"]);

/** A wrong login, database or privilege. */
const MISCONFIGURED = new Set(["28", "3D", "42501"]);

/** Tables or functions that are not there. */
const NOT_MIGRATED = new Set(["42P01", "3F000", "42883"]);

/** Values that the server would not take; its message would show them. */
const REFUSED_VALUE = new Set(["22", "23", "54"]);

/**
 * The AutoMatrix error for whatever `pg` threw. Messages of refused values are left out, since they repeat payloads,
 * and so is the driver's error itself: it carries connection parameters and row contents in its properties.
 */
export function toStorageError(error: unknown): AutomatrixError {
  if (AutomatrixError.is(error)) return error;
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) return toConnectionFailure(error);
  const details = { sqlState };
  const isOneOf = (states: ReadonlySet<string>) => states.has(sqlState) || states.has(sqlState.slice(0, 2));
  const text = messageOf(error);
  if (isOneOf(PASSING))
    return new StorageError("storage_unavailable", `Postgres could not do it now: ${text}.`, { details });
  if (isOneOf(MISCONFIGURED))
    return new ConfigurationError("invalid_configuration", `Postgres refused the connection or a right: ${text}.`, {
      details,
    });
  if (isOneOf(NOT_MIGRATED))
    return new StorageError(
      "migration_failed",
      `The schema of the storage is not there or incomplete; open the storage first: ${text}.`,
      { details },
    );
  if (isOneOf(REFUSED_VALUE))
    return new StorageError("invalid_input", `Postgres refused a value (SQLSTATE ${sqlState}).`, { details });
  return new StorageError("internal", `Postgres reported an error that AutoMatrix does not expect: ${text}.`, {
    details,
  });
}

/** True for an error of {@link toStorageError} that the server reported with this SQLSTATE. */
export function hasSqlState(error: unknown, sqlState: string): boolean {
  if (!AutomatrixError.is(error)) return false;
  const { details } = error;
  return typeof details === "object" && details !== null && "sqlState" in details && details.sqlState === sqlState;
}

/** True when a statement did nothing because it waited too long for a lock. */
export function isLockedOut(error: unknown): boolean {
  return hasSqlState(error, "55P03");
}

/** True when nothing is known about what became of the statement, or when it may be tried again. */
export function mayPass(error: unknown): boolean {
  return AutomatrixError.is(error) && error.code === "storage_unavailable";
}

/** True when the session itself is gone, so that whatever was open in it is rolled back. */
export function isConnectionLost(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  if (sqlState !== undefined) return sqlState.startsWith("08") || sqlState.startsWith("57P");
  return error instanceof Error && !(error instanceof TypeError) && !AutomatrixError.is(error);
}

function toConnectionFailure(error: unknown): AutomatrixError {
  const text = messageOf(error);
  if (/^SASL|password must be a string|does not support SSL/i.test(text))
    return new ConfigurationError("invalid_configuration", `Postgres refused the connection: ${text}.`);
  return new StorageError("storage_unavailable", `Postgres cannot be reached: ${text}.`);
}

function sqlStateOf(error: unknown): string | undefined {
  // System errors such as EPIPE have the form of a state, and a system call beside it.
  if (typeof error !== "object" || error === null || !("code" in error) || "syscall" in error) return undefined;
  const { code } = error;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function messageOf(error: unknown): string {
  // Of several addresses that were tried, each has an error of its own, and the sum has none.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const text = first instanceof Error ? first.message : String(first);
  return text.replace(/\.$/, "");
}
