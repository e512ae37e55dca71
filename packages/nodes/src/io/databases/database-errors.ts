import { AutomatrixError, FatalNodeError, RetryableNodeError } from "@automatrix/core";

/** What a database said about a statement; the messages of drivers can hold values, so that ours say it anew. */
export type DatabaseRefusal =
  | {
      readonly kind: "syntax" | "values" | "constraint" | "denied" | "other";
      readonly code: string;
      readonly why: string;
    }
  /** Undone in favour of another one: it may well succeed next time. */
  | { readonly kind: "conflict" | "busy" | "timeout"; readonly code: string; readonly why: string };

/** Turns what the database refused into the error of a node: in each case nothing of the statement took place. */
export function toRefusalError(name: string, { kind, code, why }: DatabaseRefusal): AutomatrixError {
  const details = { sqlState: code };
  const message = `Connection "${name}": ${why} (${code}).`;
  switch (kind) {
    case "conflict":
    case "busy":
      return new RetryableNodeError(message, { code: "query_conflict", details });
    case "timeout":
      return new RetryableNodeError(message, { code: "query_timed_out", details });
    case "constraint":
      return new FatalNodeError(message, { code: "constraint_violated", details });
    default:
      return new FatalNodeError(message, { code: "query_refused", details });
  }
}

/** Nothing was sent yet. */
export function connectionFailed(name: string, why: string): RetryableNodeError {
  return new RetryableNodeError(`Connection "${name}" could not be opened: ${why}.`, { code: "service_unavailable" });
}

export function loginRefused(name: string, code: string): FatalNodeError {
  return new FatalNodeError(
    `Connection "${name}": the server refused the login or the database (${code}); check its user, password and database.`,
    { code: "credential_unusable" },
  );
}

/**
 * The statement was on its way: it may have taken place. Transient, as every lost connection, but not a
 * `RetryableNodeError`, which would vouch that nothing happened.
 */
export function connectionLost(name: string): Error {
  return Object.assign(
    new Error(`Connection "${name}" was lost while the statement ran; whether it took place is not known.`),
    { code: "ECONNRESET" },
  );
}

/** As {@link connectionLost}: the statement was told to stop, and may have been finished by then. */
export function statementTimedOut(name: string, limitMs: number): Error {
  return Object.assign(
    new Error(`Connection "${name}": the statement took longer than ${limitMs} ms and was told to stop.`),
    { code: "ETIMEDOUT" },
  );
}

/** The statement may have written something, so that this vouches for nothing; it is never retried. */
export function resultTooLarge(name: string, maxBytes: number): AutomatrixError {
  return new AutomatrixError(
    "output_too_large",
    `Connection "${name}": the result is larger than ${maxBytes} bytes; select fewer columns or rows.`,
  );
}
