import { AutomatrixError } from "@automatrix/core";
import { maskPersonalData } from "../privacy/mask-personal-data.js";
import { type AiErrorReason, createProviderError } from "../provider-error.js";
import type { ProviderSession } from "./provider-session.js";
import { retryAfterMsFrom } from "./retry-after.js";

const MAX_QUOTED_CHARACTERS = 300;
const MAX_CAUSES = 5;

/** Which call failed. */
export interface FailedCall {
  readonly session: ProviderSession;
  readonly model: string;
  readonly signal: AbortSignal;
}

interface SdkError {
  readonly status?: unknown;
  readonly headers?: unknown;
  readonly error?: unknown;
  readonly cause?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly constructor?: { readonly name?: string };
}

/**
 * Turns whatever an SDK or a fetch threw into an error of the port. The original is left behind: its message, headers and
 * cause may quote the key.
 */
export function translateError(error: unknown, call: FailedCall): unknown {
  if (call.signal.aborted) return call.signal.reason;
  const own = findOwnError(error);
  if (own !== undefined) return own;
  const sdkError = (typeof error === "object" && error !== null ? error : {}) as SdkError;
  return typeof sdkError.status === "number"
    ? fromStatus(sdkError.status, sdkError, call)
    : withoutStatus(sdkError, call);
}

/** An error made of a status that a provider answered with, and the body that came with it. */
export function errorFromAnswer(status: number, headers: Headers, body: unknown, call: FailedCall): AutomatrixError {
  return fromStatus(status, { headers, error: body }, call);
}

function fromStatus(status: number, error: SdkError, call: FailedCall): AutomatrixError {
  const { session, model } = call;
  const reason = reasonOfStatus(status);
  const headers = error.headers instanceof Headers ? error.headers : undefined;
  const message = `The AI provider "${session.name}" answered with status ${status} to a call of "${model}"${quote(error, call)}. ${remedy(reason, session)}`;
  const retryAfterMs = retryAfterMsFrom(headers, session.now());
  return createProviderError(message.trim(), { provider: session.name, model, reason, status, retryAfterMs });
}

function withoutStatus(error: SdkError, call: FailedCall): AutomatrixError {
  const { session, model } = call;
  const details = { provider: session.name, model };
  const name = error.constructor?.name ?? "";
  if (name === "APIConnectionTimeoutError")
    return createProviderError(`The AI provider "${session.name}" did not answer in time.`, {
      ...details,
      reason: "timeout",
    });
  if (name === "APIConnectionError")
    return createProviderError(`The AI provider "${session.name}" could not be reached (${systemCodeOf(error)}).`, {
      ...details,
      reason: "connection",
    });
  if (name === "APIError" || name === "OverloadedError") return fromStreamedError(error, call);
  return createProviderError(`The answer of the AI provider "${session.name}" broke off or could not be read.`, {
    ...details,
    reason: "broken_answer",
  });
}

/** Providers report failures that come after the first byte within the stream, as a type. */
const FATAL_TYPES: Readonly<Record<string, AiErrorReason>> = {
  invalid_request_error: "invalid_request",
  authentication_error: "authentication",
  permission_error: "authentication",
  not_found_error: "model_not_found",
  rate_limit_error: "rate_limit",
};

function fromStreamedError(error: SdkError, call: FailedCall): AutomatrixError {
  const { session, model } = call;
  const type = String(bodyOf(error)?.["type"] ?? "");
  const reason = (Object.hasOwn(FATAL_TYPES, type) ? FATAL_TYPES[type] : undefined) ?? "server_error";
  const message = `The AI provider "${session.name}" gave up while it answered for "${model}"${quote(error, call)}.`;
  return createProviderError(message, { provider: session.name, model, reason });
}

function reasonOfStatus(status: number): AiErrorReason {
  if (status === 408) return "timeout";
  if (status === 425 || status === 429) return "rate_limit";
  if (status === 401 || status === 403) return "authentication";
  if (status === 404) return "model_not_found";
  return status >= 500 ? "server_error" : "invalid_request";
}

function remedy(reason: AiErrorReason, { name, settings }: ProviderSession): string {
  switch (reason) {
    case "authentication":
      return `Check the credential "${settings.credential ?? name}" and what its key may do.`;
    case "model_not_found":
      return "Check the name of the model and the address of the provider.";
    case "rate_limit":
      return "It asks for fewer calls.";
    default:
      return "";
  }
}

/** What the provider says about a failure, where it says so in a structured body; never the key, never personal data. */
function quote(error: SdkError, { session }: FailedCall): string {
  const text = bodyOf(error)?.["message"];
  if (typeof text !== "string" || text === "") return "";
  const withoutKey = session.apiKey === null ? text : text.replaceAll(session.apiKey, "[key]");
  const oneLine = maskPersonalData(withoutKey.slice(0, MAX_QUOTED_CHARACTERS * 2)).replace(/\s+/g, " ");
  return `: ${oneLine.slice(0, MAX_QUOTED_CHARACTERS).replace(/\.$/, "")}`;
}

/** The object that says what went wrong: OpenAI's SDK hands out the inner one, Anthropic's the whole body. */
function bodyOf({ error }: SdkError): Readonly<Record<string, unknown>> | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const inner = (error as { error?: unknown }).error;
  return (typeof inner === "object" && inner !== null ? inner : error) as Readonly<Record<string, unknown>>;
}

/** An error of ours on the way through the SDK: of the network guard, or of the size limit. */
function findOwnError(error: unknown): AutomatrixError | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof current === "object" && current !== null; depth += 1) {
    if (AutomatrixError.is(current)) return current;
    current = (current as { cause?: unknown }).cause;
  }
  return undefined;
}

function systemCodeOf(error: SdkError): string {
  let current: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof current === "object" && current !== null; depth += 1) {
    const { code } = current as { code?: unknown };
    if (typeof code === "string" && /^[A-Z_]{3,40}$/.test(code)) return code;
    current = (current as { cause?: unknown }).cause;
  }
  return "connection failed";
}
