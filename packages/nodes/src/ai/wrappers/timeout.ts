import type { Clock } from "@automatrix/core";
import type { ChatModel } from "../chat-model.js";
import { createProviderError } from "../provider-error.js";

export interface TimeoutOptions {
  readonly clock: Clock;
  /** When the request gives no time of its own. */
  readonly defaultTimeoutMs: number;
}

/** Ends calls that take too long. The whole answer has to be there in time, streamed or not. */
export function withTimeout(model: ChatModel, { clock, defaultTimeoutMs }: TimeoutOptions): ChatModel {
  return {
    provider: model.provider,
    complete(request) {
      const { timeoutMs = defaultTimeoutMs } = request;
      const details = { provider: model.provider, model: request.model, timeoutMs };
      return withinTime({ clock, signal: request.signal, ...details }, (signal) =>
        model.complete({ ...request, signal }),
      );
    },
  };
}

/** Calls with a signal that aborts after `timeoutMs` of the engine's clock, or when the given one does. */
export async function withinTime<Value>(
  limit: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    readonly provider: string;
    readonly model: string;
  },
  call: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const { clock, signal, timeoutMs, provider, model } = limit;
  const timeout = new AbortController();
  const cancelTimer = clock.setTimer(clock.now() + timeoutMs, () =>
    timeout.abort(
      createProviderError(`The AI provider "${provider}" did not answer within ${timeoutMs} ms (model "${model}").`, {
        provider,
        model,
        reason: "timeout",
      }),
    ),
  );
  try {
    const both = AbortSignal.any([signal, timeout.signal]);
    return await orAborted(call(both), both);
  } finally {
    cancelTimer();
  }
}

/** Rejects with the signal's reason as soon as it aborts, even if the call takes no notice. */
async function orAborted<Value>(running: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) {
    running.catch(() => {});
    throw signal.reason;
  }
  let stopListening = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    stopListening = () => signal.removeEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([running, aborted]);
  } finally {
    stopListening();
    running.catch(() => {});
  }
}
