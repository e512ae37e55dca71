import type { DatabaseRefusal } from "../database-errors.js";

/** What of an error of Postgres is used. Its detail, and the messages of most classes, hold values. */
interface PostgresError {
  readonly code: string;
  readonly message: string;
  readonly constraint?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
}

const SQL_STATE = /^[0-9A-Z]{5}$/;
/** Server going down or not up yet, connection broken. */
const CONNECTION_STATES = /^(08|57P0[1-5]$)/;
const LOGIN_STATES = /^(28|3D000$)/;
/** Serialization failure, deadlock; no connection, memory or disk left; lock not to be had. */
const CONFLICT_STATES = /^(40|53|55P03$|55006$)/;
const CANCELLED = "57014";

export function isPostgresError(error: unknown): error is PostgresError {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  // System errors such as EPIPE have the form too, and a system call beside it.
  return (
    typeof code === "string" &&
    SQL_STATE.test(code) &&
    typeof message === "string" &&
    (error as { syscall?: unknown }).syscall === undefined
  );
}

/** True when the server ended the connection. */
export function isEndOfConnection({ code }: PostgresError): boolean {
  return CONNECTION_STATES.test(code);
}

export function isLoginRefusal({ code }: PostgresError): boolean {
  return LOGIN_STATES.test(code);
}

export function toPostgresRefusal({ code, message, constraint, table, column }: PostgresError): DatabaseRefusal {
  if (CONFLICT_STATES.test(code))
    return { kind: "conflict", code, why: "the statement met another one, or the server has no room, and was undone" };
  if (code === CANCELLED) return { kind: "timeout", code, why: "the server stopped the statement and undid it" };
  if (code.startsWith("23")) {
    const place = constraint ?? [table, column].filter(Boolean).join(".");
    return { kind: "constraint", code, why: `the constraint "${place}" is not met` };
  }
  if (code === "42501" || code === "25006") return { kind: "denied", code, why: "this connection may not do that" };
  // Messages of this class quote the statement's text, which holds no bound values.
  if (code.startsWith("42")) return { kind: "syntax", code, why: message };
  if (code.startsWith("22")) return { kind: "values", code, why: "a value does not fit where it is used" };
  return { kind: "other", code, why: "the statement was refused" };
}
