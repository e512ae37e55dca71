import { AutomatrixError } from "../errors/errors.js";
import type { ErrorRecord } from "../ports/execution-record.js";
import type { Retryability } from "./retry-policy.js";

const TRANSIENT_SYSTEM_CODES = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_SOCKET",
]);
const TRANSIENT_STATUS = new Set([408, 425, 429]);
const NEVER_RETRIED = new Set([
  "fatal",
  "invalid_parameters",
  "invalid_definition",
  "invalid_configuration",
  "invalid_input",
  "capability_missing",
  "unknown_port",
  "output_not_serializable",
  "output_invalid",
  "output_too_large",
  "expression_syntax",
  "expression_type",
  "expression_limit",
  "expression_failed",
  "unresolved_name",
  "unknown_function",
  "node_timed_out",
  "node_cancelled",
  "execution_timed_out",
  "execution_cancelled",
  "wait_timed_out",
  "loop_limit_reached",
  "too_many_items",
  "depth_exceeded",
  "credential_not_found",
  "permission_denied",
  "node_type_missing",
  "workflow_not_found",
  "unknown_outcome",
  "transaction_misused",
]);
/** Failures of the engine's own making that may pass. */
const TRANSIENT_CODES = new Set([
  "attempt_timed_out",
  "transaction_timed_out",
  "storage_unavailable",
  "http_error",
  "circuit_open",
  "service_unavailable",
]);
const MAX_MESSAGE_LENGTH = 4_000;
const MAX_CAUSES = 8;
/** Records of child executions within child executions: a chain as deep as these may be nested, and a few more. */
const MAX_RECORDED_CAUSES = 40;

/** Says whether an error of a node may be retried; never throws, whatever was thrown. */
export function retryabilityOf(error: unknown): Retryability {
  return safely(() => judge(error, 0), "other");
}

function judge(error: unknown, depth: number): Retryability {
  if (typeof error !== "object" || error === null) return "other";
  const { name, code, status, cause } = error as { name?: unknown; code?: unknown; status?: unknown; cause?: unknown };
  if (AutomatrixError.is(error)) {
    if (name === "RetryableNodeError") return "transient";
    if (
      name === "FatalNodeError" ||
      name === "ExpressionError" ||
      name === "DefinitionError" ||
      name === "ConfigurationError"
    )
      return "never";
    if (NEVER_RETRIED.has(error.code)) return "never";
    if (name !== "BodyError" && TRANSIENT_CODES.has(error.code)) return "transient";
    return "other";
  }
  if (typeof code === "string" && TRANSIENT_SYSTEM_CODES.has(code)) return "transient";
  if (typeof status === "number" && (TRANSIENT_STATUS.has(status) || (status >= 500 && status <= 599)))
    return "transient";
  return depth < MAX_CAUSES && cause !== undefined ? judge(cause, depth + 1) : "other";
}

/** The wait that an error asks for before the next attempt. */
export function retryAfterMsOf(error: unknown): number | undefined {
  return safely(() => {
    const value = (error as { retryAfterMs?: unknown } | null)?.retryAfterMs;
    return typeof value === "number" && value >= 0 ? value : undefined;
  }, undefined);
}

/** Turns whatever was thrown into plain JSON; never throws. */
export function toErrorRecord(
  error: unknown,
  place: { readonly nodeId?: string; readonly attempt?: number } = {},
): ErrorRecord {
  return Object.freeze({ ...describe(error, 0), ...place });
}

function describe(error: unknown, depth: number): ErrorRecord {
  if (typeof error !== "object" || error === null)
    return { code: "node_failed", message: safely(() => cut(String(error)), "unknown") };
  if (depth > 0 && safely(() => isErrorRecord(error), false))
    return safely(() => copyRecord(error as ErrorRecord, depth), { code: "node_failed", message: "unknown" });
  const own = safely(() => (AutomatrixError.is(error) ? error.code : undefined), undefined);
  const systemCode = safely(() => (error as { code?: unknown }).code, undefined);
  const message = safely(() => {
    const text = (error as { message?: unknown }).message;
    return typeof text === "string" && text !== ""
      ? cut(text)
      : cut(String((error as { name?: unknown }).name ?? "Error"));
  }, "The node threw an object that cannot be read.");
  const details =
    own === undefined ? undefined : safely(() => plainDetails((error as { details?: unknown }).details), undefined);
  const cause = safely(() => (error as { cause?: unknown }).cause, undefined);
  return {
    code: String(
      own ?? (typeof systemCode === "string" && TRANSIENT_SYSTEM_CODES.has(systemCode) ? systemCode : "node_failed"),
    ),
    message,
    ...(details === undefined ? {} : { details }),
    ...(cause === undefined || cause === null || depth >= MAX_CAUSES ? {} : { cause: describe(cause, depth + 1) }),
  };
}

/** The cause may be a record already: that of a child execution or of a node in a body. */
function isErrorRecord(error: object): error is ErrorRecord {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return Object.getPrototypeOf(error) === Object.prototype && typeof code === "string" && typeof message === "string";
}

function copyRecord({ code, message, nodeId, attempt, details, cause }: ErrorRecord, depth: number): ErrorRecord {
  const plain = plainDetails(details);
  return {
    code,
    message: cut(message),
    ...(typeof nodeId === "string" ? { nodeId } : {}),
    ...(typeof attempt === "number" ? { attempt } : {}),
    ...(plain === undefined ? {} : { details: plain }),
    ...(cause === undefined || cause === null || depth >= MAX_RECORDED_CAUSES
      ? {}
      : { cause: describe(cause, depth + 1) }),
  };
}

function plainDetails(details: unknown): unknown {
  if (details === undefined) return undefined;
  const text = JSON.stringify(details);
  return text === undefined || text.length > 64 * 1024 ? undefined : JSON.parse(text);
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text;
}

function safely<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
