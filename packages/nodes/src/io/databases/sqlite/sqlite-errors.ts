import type { DatabaseRefusal } from "../database-errors.js";

/** An error as the child process tells it. Messages of SQLite hold names, and no values. */
export interface SqliteFailure {
  readonly code: string;
  readonly message: string;
}

export function toSqliteRefusal({ code, message }: SqliteFailure): DatabaseRefusal {
  if (/^SQLITE_(BUSY|LOCKED|NOMEM)/.test(code))
    return { kind: "busy", code, why: "the database was busy, and nothing was written" };
  if (code.startsWith("SQLITE_CONSTRAINT")) return { kind: "constraint", code, why: message };
  if (/^SQLITE_(READONLY|AUTH|PERM)/.test(code))
    return { kind: "denied", code, why: "this connection may not do that" };
  if (/^SQLITE_(MISMATCH|RANGE|TOOBIG)/.test(code))
    return { kind: "values", code, why: "a value does not fit where it is used" };
  if (code === "SQLITE_ERROR") return { kind: "syntax", code, why: message };
  // Of the driver: more than one statement, too few or too many parameters.
  if (code === "RangeError" || code === "TypeError") return { kind: "syntax", code, why: message.replace(/\.$/, "") };
  return { kind: "other", code, why: "the statement was refused" };
}
