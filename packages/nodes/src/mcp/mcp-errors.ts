import { AutomatrixError, FatalNodeError, RetryableNodeError } from "@automatrix/core";

const MAX_REASON_LENGTH = 2_000;
/** Of JSON-RPC and of MCP. */
const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;
const CONNECTION_CLOSED = -32_000;
const REQUEST_TIMEOUT = -32_001;

/**
 * The server was lost, or did not answer in time, after the request had gone out: it may have done its work. A plain error
 * with a system code, and no `RetryableNodeError`, since that would vouch that nothing happened: nodes are retried after
 * it, while the outcome of a `once` node is unknown.
 */
export class McpCallLostError extends Error {
  readonly code: "ECONNRESET" | "ETIMEDOUT";
  readonly retryAfterMs?: number;

  constructor(
    code: "ECONNRESET" | "ETIMEDOUT",
    message: string,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "McpCallLostError";
    this.code = code;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** The server could not be reached; nothing was asked of it. */
export function unavailable(
  server: string,
  why: string,
  options: { retryAfterMs?: number; cause?: unknown } = {},
): RetryableNodeError {
  return new RetryableNodeError(`The MCP server "${server}" cannot be reached: ${why}`, {
    ...options,
    code: "mcp_unavailable",
  });
}

/** What a failed request to a server becomes. */
export function toCallError(server: string, what: string, error: unknown): unknown {
  if (AutomatrixError.is(error) || error instanceof McpCallLostError) return error;
  const { code } = error as { code?: unknown };
  if (code === REQUEST_TIMEOUT)
    return new McpCallLostError("ETIMEDOUT", `${what} of the MCP server "${server}" did not answer in time.`);
  if (code === 401 || code === 403)
    return new FatalNodeError(`The MCP server "${server}" refused the credential (status ${code}).`, {
      code: "mcp_unavailable",
    });
  if (
    code === METHOD_NOT_FOUND ||
    code === INVALID_PARAMS ||
    (typeof code === "number" && code < 0 && code !== CONNECTION_CLOSED)
  )
    return new FatalNodeError(`${what} of the MCP server "${server}" was refused: ${reasonOf(error)}`, {
      code: "mcp_tool_failed",
    });
  return new McpCallLostError("ECONNRESET", `The MCP server "${server}" was lost while ${what} ran.`, { cause: error });
}

export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > MAX_REASON_LENGTH ? `${text.slice(0, MAX_REASON_LENGTH)}…` : text;
}
