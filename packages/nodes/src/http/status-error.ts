import { AutomatrixError, FatalNodeError, type NodeContext, RetryableNodeError } from "@automatrix/core";
import { decodeText, isTextType, mediaTypeOf } from "./decode-body.js";
import { maskSecrets } from "./mask-secrets.js";
import { readBeginning } from "./read-bytes.js";
import { parseRetryAfter } from "./retry-after.js";

/** A status, or a class of them such as `4xx`. */
export type StatusPattern = number | string;

const MAX_EXCERPT_BYTES = 16 * 1024;
const MAX_EXCERPT_CHARACTERS = 2_000;
/** With these a server says that it has not begun with the request. */
const NOT_BEGUN = new Set([408, 425, 429]);
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

export interface StatusErrorParams {
  readonly method: string;
  readonly host: string;
  readonly secrets: readonly string[];
  readonly clock: NodeContext["clock"];
  /** False when something the node did before may have taken place. */
  readonly isFirst: boolean;
}

export function isAllowedStatus(status: number, allowed: readonly StatusPattern[]): boolean {
  return status < 400 || allowed.some((pattern) => pattern === status || pattern === `${Math.floor(status / 100)}xx`);
}

/**
 * The error for an answer that means failure. 408, 425, 429 and 5xx may pass, after the wait that `Retry-After` asks for.
 * Of a POST, PUT, PATCH or DELETE that ended in 5xx it is not known whether it took place, so that the error vouches for
 * nothing: a node with effects `once` is then not tried again by itself.
 */
export async function toStatusError(
  response: Response,
  { method, host, secrets, clock, isFirst }: StatusErrorParams,
): Promise<AutomatrixError> {
  const { status } = response;
  const reason = maskSecrets(response.statusText, secrets).slice(0, 100);
  const message =
    `${method} to "${host}" was answered with ${status}${reason === "" ? "" : ` ${reason}`}; ` +
    "details.body holds the beginning of the answer, allowedStatus takes it for a success.";
  const details = { status, method, host, body: await readExcerpt(response, secrets) };
  if (!NOT_BEGUN.has(status) && status < 500) return new FatalNodeError(message, { code: "http_error", details });
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), clock.now());
  const options = { details, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (SAFE_METHODS.has(method) || (isFirst && NOT_BEGUN.has(status)))
    return new RetryableNodeError(message, { code: "http_error", ...options });
  return Object.assign(new AutomatrixError("http_error", message, { details }), { retryAfterMs });
}

async function readExcerpt(response: Response, secrets: readonly string[]): Promise<string | null> {
  const bytes = await readBeginning(response, MAX_EXCERPT_BYTES);
  const contentType = response.headers.get("content-type");
  const mediaType = mediaTypeOf(contentType);
  if (bytes.byteLength === 0 || (mediaType !== "" && !isTextType(mediaType))) return null;
  return maskSecrets(safeText(bytes, contentType), secrets).slice(0, MAX_EXCERPT_CHARACTERS);
}

function safeText(bytes: Uint8Array, contentType: string | null): string {
  try {
    return decodeText(bytes, contentType);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
