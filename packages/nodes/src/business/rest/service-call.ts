/**
 * One request to a service that speaks JSON over HTTP, and what its answer means.
 *
 * For a request that may be repeated, lost connections and answers of 408, 425, 429 and 5xx may pass. For a request that
 * must not take place twice, an error may only be called retryable when the service cannot have acted on it: it was never
 * reached, or said that it will not act now. Everything else leaves the outcome unknown.
 */
import { AutomatrixError, FatalNodeError, type NodeContext, RetryableNodeError } from "@automatrix/core";
import { parseRetryAfter } from "../../http/retry-after.js";
import { isJsonObject } from "../../json/json-kind.js";
import { readBounded } from "./read-bounded.js";

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const MAX_REMOTE_TEXT_LENGTH = 300;

/** What a call needs of the node's context. */
export type CallContext = Pick<NodeContext, "http" | "signal" | "clock">;

export interface ServiceRequest {
  /** Name of the service in messages. */
  readonly service: string;
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** True when the service would act a second time on a second request. */
  readonly isOnce: boolean;
  /** Codes of errors with which the service says that it did nothing and may be asked again. */
  readonly postponedCodes?: ReadonlySet<string>;
  /** Milliseconds until the whole answer must be there. Default 30,000. */
  readonly timeoutMs?: number;
  /** Default 8 MiB. */
  readonly maxAnswerBytes?: number;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; the text itself when it is none; null when there is nothing. */
  readonly body: unknown;
}

/**
 * @throws RetryableNodeError `service_unavailable` when a later attempt may succeed and nothing has happened
 * @throws ServiceInterruption when a request that may be repeated may pass later
 * @throws FatalNodeError `service_refused` when the service says no
 * @throws AutomatrixError `unknown_outcome` when a request that must not be repeated may have been acted on
 */
export async function callService(call: CallContext, request: ServiceRequest): Promise<ServiceAnswer> {
  const answer = await exchange(call, request);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw toAnswerError(call, request, answer);
}

/** Sends the request and reads the answer, whatever its status. */
export async function exchange(call: CallContext, request: ServiceRequest): Promise<ServiceAnswer> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxAnswerBytes = DEFAULT_MAX_ANSWER_BYTES } = request;
  try {
    const response = await call.http(request.url, {
      method: request.method,
      headers: { accept: "application/json", ...request.headers },
      redirect: "manual",
      signal: AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]),
      ...(request.body === undefined ? {} : { body: request.body as NonNullable<RequestInit["body"]> }),
    });
    const bytes = await readBounded(response, maxAnswerBytes);
    return { status: response.status, headers: response.headers, body: parseBody(bytes) };
  } catch (error) {
    throw toExchangeError(call, request, error);
  }
}

/** The error that an answer stands for. */
export function toAnswerError(call: CallContext, request: ServiceRequest, answer: ServiceAnswer): Error {
  const { service, isOnce } = request;
  const { status, headers } = answer;
  const details: { readonly status: number } & RemoteError = { status, ...remoteError(answer.body) };
  const remoteCode = details.errorCode === undefined ? "" : `, ${details.errorCode}`;
  const retryAfterMs = parseRetryAfter(headers.get("retry-after"), call.clock.now());
  const after = retryAfterMs === undefined ? {} : { retryAfterMs };
  const isPostponed = status === 408 || status === 425 || status === 429 || (status === 503 && "retryAfterMs" in after);
  if (isPostponed || request.postponedCodes?.has(String(details.errorCode)) === true) {
    const message = `${service} cannot take the request now (status ${status}${remoteCode}).`;
    return new RetryableNodeError(message, { code: "service_unavailable", details, ...after });
  }
  if (status >= 500 && !isOnce)
    return new ServiceInterruption(`${service} answered with status ${status}${remoteCode}.`);
  if (status >= 500) return unknownOutcome(service, `answered with status ${status}${remoteCode}`, { details });
  if (status >= 300 && status < 400) {
    const message = `${service} answered with a redirect (status ${status}), which is not followed; correct its base URL.`;
    return new FatalNodeError(message, { code: "service_refused", details: { status } });
  }
  const remedy = status === 401 || status === 403 ? " Check the credential and what it permits." : "";
  const message = `${service} refused the request (status ${status}${remoteCode}).${remedy}`;
  return new FatalNodeError(message, { code: "service_refused", details });
}

/** For a request that must not be repeated, and of which nobody can say whether it was acted on. */
export function unknownOutcome(
  service: string,
  what: string,
  options: { readonly details?: unknown; readonly cause?: unknown } = {},
): AutomatrixError {
  return new AutomatrixError("unknown_outcome", `${service} ${what}; it may have acted on the request.`, options);
}

function toExchangeError(call: CallContext, { service, isOnce, timeoutMs }: ServiceRequest, error: unknown): unknown {
  if (AutomatrixError.is(error) && error.code === "service_refused" && !isOnce) return error;
  if (wasNeverSent(error)) {
    if (AutomatrixError.is(error) && error.name === "FatalNodeError") return error;
    const { retryAfterMs } = error as { readonly retryAfterMs?: unknown };
    return new RetryableNodeError(`${service} cannot be reached: check its address and the network.`, {
      code: "service_unavailable",
      cause: error,
      ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
    });
  }
  if (call.signal.aborted) return isOnce ? error : (call.signal.reason ?? error);
  const isLate = typeof error === "object" && error !== null && (error as Error).name === "TimeoutError";
  const what = isLate
    ? `did not answer within ${timeoutMs ?? DEFAULT_TIMEOUT_MS} ms`
    : "ended the connection before its answer was complete, or answered in a way that cannot be read";
  if (isOnce) return unknownOutcome(service, what, { cause: error });
  if (AutomatrixError.is(error)) return error;
  return new ServiceInterruption(`${service} ${what}.`, { cause: error });
}

/**
 * A failure that may pass, of a request that may have been acted on. No `RetryableNodeError`, which would vouch that it
 * was not: where the author made the node `once`, it must not start again by itself. The engine takes its status for
 * transient.
 */
class ServiceInterruption extends Error {
  override readonly name = "ServiceInterruption";
  readonly status = 503;
}

/** Codes of failures that come before the first byte of a request. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
  "address_refused",
  "circuit_open",
  "certificate_refused",
  "invalid_url",
  "engine_closed",
]);
const MAX_CAUSES = 8;

function wasNeverSent(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof current === "object" && current !== null; depth += 1) {
    const { code, cause, isUnsent } = current as { code?: unknown; cause?: unknown; isUnsent?: unknown };
    if (isUnsent === true) return true;
    if (typeof code === "string" && NEVER_SENT.has(code)) return true;
    current = cause;
  }
  return false;
}

function parseBody(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes);
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

interface RemoteError {
  readonly errorCode?: string | number;
  readonly errorMessage?: string;
}

/** What services commonly say about an error: kept apart from the message, since it may quote the request. */
function remoteError(body: unknown): RemoteError {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (!isJsonObject(first)) return {};
  const nested = isJsonObject(first["error"]) ? first["error"] : {};
  const list = Array.isArray(first["errors"]) && isJsonObject(first["errors"][0]) ? first["errors"][0] : {};
  const code = [
    first["code"],
    first["errorCode"],
    first["category"],
    nested["status"],
    nested["code"],
    first["error"],
  ].find(isCode);
  const message = [first["message"], nested["message"], list["message"], first["error_description"]].find(
    (text) => typeof text === "string",
  ) as string | undefined;
  return {
    ...(code === undefined ? {} : { errorCode: code }),
    ...(message === undefined ? {} : { errorMessage: message.slice(0, MAX_REMOTE_TEXT_LENGTH) }),
  };
}

function isCode(value: unknown): value is string | number {
  return typeof value === "number" || (typeof value === "string" && /^[\w.-]{1,80}$/.test(value));
}
