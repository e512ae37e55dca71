import { AutomatrixError, FatalNodeError, RetryableNodeError } from "@automatrix/core";

/** Why a provider did not answer, the same for all of them. */
export type AiErrorReason =
  | "rate_limit"
  | "server_error"
  | "timeout"
  | "connection"
  | "broken_answer"
  | "circuit_open"
  | "authentication"
  | "invalid_request"
  | "model_not_found"
  | "answer_too_large";

/** What an error with code `ai_provider_error` carries in `details`. */
export interface AiErrorDetails {
  readonly provider: string;
  readonly model: string;
  readonly reason: AiErrorReason;
  /** Status of the HTTP answer, when there was one. */
  readonly status?: number;
}

export const AI_PROVIDER_ERROR = "ai_provider_error";

const TRANSIENT_REASONS: ReadonlySet<AiErrorReason> = new Set([
  "rate_limit",
  "server_error",
  "timeout",
  "connection",
  "broken_answer",
  "circuit_open",
]);

/** An error of a provider: retryable when its reason may pass. */
export function createProviderError(
  message: string,
  { retryAfterMs, ...details }: AiErrorDetails & { readonly retryAfterMs?: number | undefined },
): AutomatrixError {
  if (!TRANSIENT_REASONS.has(details.reason)) return new FatalNodeError(message, { code: AI_PROVIDER_ERROR, details });
  return new RetryableNodeError(message, {
    code: AI_PROVIDER_ERROR,
    details,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The reason that an error of a provider carries; undefined for any other error. */
export function reasonOf(error: unknown): AiErrorReason | undefined {
  if (!AutomatrixError.is(error) || error.code !== AI_PROVIDER_ERROR) return undefined;
  return (error.details as Partial<AiErrorDetails> | undefined)?.reason;
}

/** Says which option is missing, and how to set it. */
export function notConfigured(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "not_configured" });
}
