import type { NodeContext } from "../definition/node-context.js";

/** Lets time pass on the engine's clock; rejects when the attempt is aborted. */
export function pause({ clock, signal }: NodeContext, delayMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = Number.isFinite(delayMs) ? clock.setTimer(clock.now() + delayMs, resolve) : () => {};
    const stop = () => {
      cancel();
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
