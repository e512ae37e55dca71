import { AutomatrixError } from "@automatrix/core";
import type { ChatAnswer, ChatModel, ChatRequest } from "../chat-model.js";
import {
  AI_PROVIDER_ERROR,
  type AiErrorDetails,
  type AiErrorReason,
  createProviderError,
  reasonOf,
} from "../provider-error.js";

/** A model of a chain. */
export interface FallbackStep {
  readonly model: ChatModel;
  /** Reasons for which this one is tried after the one before; of no meaning for the first. */
  readonly on: readonly AiErrorReason[];
}

/**
 * Tries one model after the other until one answers. An error whose reason the next step does not name ends the chain, as
 * does everything that is no error of a provider: a cancel, a budget, a missing credential.
 * @throws the only error, or one that sums them up and is retryable when one of them was
 */
export function withFallback(steps: readonly [FallbackStep, ...FallbackStep[]]): ChatModel {
  return { provider: steps[0].model.provider, complete: (request) => tryInOrder(steps, request) };
}

async function tryInOrder(steps: readonly FallbackStep[], request: ChatRequest): Promise<ChatAnswer> {
  const failures: AutomatrixError[] = [];
  for (const [index, { model, on }] of steps.entries()) {
    const previous = failures.at(-1);
    if (previous !== undefined && !on.includes(reasonOf(previous) as AiErrorReason)) continue;
    try {
      return await model.complete(index === 0 ? request : withKeyOfItsOwn(request, index));
    } catch (error) {
      if (!AutomatrixError.is(error) || error.code !== AI_PROVIDER_ERROR || request.signal.aborted) throw error;
      failures.push(error);
    }
  }
  throw summary(failures);
}

/** Another model is another request: under the same key a provider would answer with the failure it remembers. */
function withKeyOfItsOwn(request: ChatRequest, index: number): ChatRequest {
  const { idempotencyKey } = request;
  return idempotencyKey === undefined ? request : { ...request, idempotencyKey: `${idempotencyKey}:fallback-${index}` };
}

function summary(failures: readonly AutomatrixError[]): AutomatrixError {
  const [first, ...others] = failures as readonly [AutomatrixError, ...AutomatrixError[]];
  if (others.length === 0) return first;
  const decisive = failures.find(({ name }) => name === "RetryableNodeError") ?? first;
  const waits = failures.flatMap((error) => (error as { retryAfterMs?: number }).retryAfterMs ?? []);
  const tried = failures.map(({ details }) => {
    const { provider, model, reason } = details as AiErrorDetails;
    return `${provider}/${model} (${reason})`;
  });
  return createProviderError(
    `No model of the fallback chain answered: ${tried.join(", ")}. Last: ${failures.at(-1)?.message}`,
    {
      ...(decisive.details as AiErrorDetails),
      retryAfterMs: waits.length === failures.length ? Math.min(...waits) : undefined,
    },
  );
}
