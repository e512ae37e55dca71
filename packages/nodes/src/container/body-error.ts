import { AutomatrixError, FatalNodeError } from "@automatrix/core";
import { isJsonObject } from "../json/json-kind.js";

/** A failure as containers hand it on: in `errors` of for_each, in the input of `catch`. */
export interface BodyError {
  readonly code: string;
  readonly message: string;
  /** The node of the body that failed, when known. */
  readonly nodeId?: string;
  readonly attempt?: number;
}

/** Codes that say that the execution, not the body, came to an end: no container handles these. */
const INTERRUPTIONS: ReadonlySet<string> = new Set([
  "execution_cancelled",
  "execution_timed_out",
  "node_cancelled",
  "engine_closed",
  "lease_lost",
]);

export function toBodyError(error: unknown): BodyError {
  const { nodeId, attempt } = detailsOf(error);
  return {
    code: AutomatrixError.is(error) ? error.code : "node_failed",
    message: error instanceof Error ? error.message : String(error),
    ...(typeof nodeId === "string" && { nodeId }),
    ...(typeof attempt === "number" && { attempt }),
  };
}

/** Whether a body ended because its container was interrupted (cancel, timeout, shutdown). */
export function isInterruption(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (AutomatrixError.is(error) && INTERRUPTIONS.has(error.code));
}

/**
 * The failure of an item as the failure of its container. Its node was retried inside by its own policy, so the container
 * is tried again only where its own `retry` says so; after a `FatalNodeError` not even then.
 */
export function toItemFailure(index: number, cause: unknown): AutomatrixError {
  const { code, message, nodeId } = toBodyError(cause);
  const text = `Item ${index} failed${nodeId === undefined ? "" : ` at node "${nodeId}"`}: ${message}`;
  const options = { cause, details: { index, code, ...(nodeId !== undefined && { nodeId }) } };
  const isFatal = code === "fatal" || (cause as { name?: unknown } | null | undefined)?.name === "FatalNodeError";
  return isFatal
    ? new FatalNodeError(text, { ...options, code: "item_failed" })
    : new AutomatrixError("item_failed", text, options);
}

function detailsOf(error: unknown): { readonly nodeId?: unknown; readonly attempt?: unknown } {
  const details = AutomatrixError.is(error) ? error.details : undefined;
  return isJsonObject(details) ? details : {};
}
