import { AutomatrixError, FatalNodeError, RetryableNodeError } from "@automatrix/core";

/** Connections that fail or end, overload, deadlocks, serialization: the next attempt may do. */
const TRANSIENT = /^(?:08|53|57|40|55P03|ECONN|ETIMEDOUT|EPIPE|EAI_AGAIN|ENOTFOUND)/;

export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  const isConnectTimeout = error instanceof Error && /timeout|terminated/i.test(error.message);
  return code === undefined ? isConnectTimeout : TRANSIENT.test(code);
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

/** Messages of the database may name the host and quote values, so that only their code goes on. */
export function toFailure(error: unknown): unknown {
  if (AutomatrixError.is(error) || (error instanceof Error && error.name === "AbortError")) return error;
  const details = { reason: codeOf(error) ?? "unknown" };
  if (isTransient(error)) {
    return new RetryableNodeError("The vector store on Postgres does not answer at the moment.", {
      code: "vector_store_unavailable",
      details,
    });
  }
  return new FatalNodeError(`The vector store on Postgres refused the statement (${details.reason}).`, {
    code: "vector_store_failed",
    details,
  });
}
