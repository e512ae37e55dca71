import type { RetryDefinition } from "../definition/workflow-definition.js";

/** A node's retry settings with every default filled in. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  /** Exact delays, the last repeats; empty means exponential. */
  readonly delaysMs: readonly number[];
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: "none" | "full";
  /** Which errors beside transient ones are retried. */
  readonly on: "transient" | "any";
}

const DEFAULT_DELAYS_MS: readonly number[] = [5_000, 30_000, 120_000];
const DEFAULT_MAX_DELAY_MS = 3_600_000;
/** `Retry-After` beyond this is not honoured. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** What applies to a node without a `retry` of its own: transient errors only. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = Object.freeze({
  maxAttempts: DEFAULT_DELAYS_MS.length + 1,
  delaysMs: DEFAULT_DELAYS_MS,
  initialMs: 0,
  factor: 2,
  maxMs: DEFAULT_MAX_DELAY_MS,
  jitter: "none",
  on: "transient",
});

export function parseRetryPolicy(retry: RetryDefinition | undefined | null): RetryPolicy {
  if (retry === undefined || retry === null) return DEFAULT_RETRY_POLICY;
  const exponential = retry.delaysMs === undefined && retry.initialMs !== undefined;
  const delaysMs = exponential ? [] : (retry.delaysMs ?? DEFAULT_DELAYS_MS);
  return {
    maxAttempts: retry.maxAttempts ?? (exponential ? DEFAULT_RETRY_POLICY.maxAttempts : delaysMs.length + 1),
    delaysMs,
    initialMs: retry.initialMs ?? 0,
    factor: retry.factor ?? 2,
    maxMs: retry.maxMs ?? DEFAULT_MAX_DELAY_MS,
    jitter: retry.jitter ?? (exponential ? "full" : "none"),
    on: retry.on ?? "any",
  };
}

/** How an error stands towards retrying. */
export type Retryability = "transient" | "never" | "other";

export interface RetryQuestion {
  readonly policy: RetryPolicy;
  /** The attempt that failed, 1-based. */
  readonly attempt: number;
  readonly retryability: Retryability;
  readonly retryAfterMs: number | undefined;
  /** In [0, 1). */
  readonly random: number;
}

/** Milliseconds until the next attempt; undefined when there is none. */
export function decideRetry({
  policy,
  attempt,
  retryability,
  retryAfterMs,
  random,
}: RetryQuestion): number | undefined {
  if (retryability === "never" || attempt >= policy.maxAttempts) return undefined;
  if (retryability === "other" && policy.on === "transient") return undefined;
  const base = baseDelayMs(policy, attempt);
  const delayMs = policy.jitter === "full" ? Math.floor(base * random) : base;
  return retryAfterMs === undefined ? delayMs : Math.max(delayMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
}

function baseDelayMs(policy: RetryPolicy, attempt: number): number {
  if (policy.delaysMs.length > 0) return policy.delaysMs[Math.min(attempt, policy.delaysMs.length) - 1] as number;
  return Math.min(policy.initialMs * policy.factor ** (attempt - 1), policy.maxMs);
}
