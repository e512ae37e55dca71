export interface TimeLimit {
  /** Ends the work as well; its reason is handed on. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly toError: () => Error;
}

/** Runs work under a signal that also aborts, with an error of its own, when the time is up. */
export async function withTimeLimit<Value>(
  { signal, timeoutMs, toError }: TimeLimit,
  run: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => controller.abort(toError()), timeoutMs);
  try {
    return await run(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
