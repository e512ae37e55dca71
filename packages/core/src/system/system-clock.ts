import type { Clock } from "../ports/clock.js";

/** Longest delay that `setTimeout` takes; longer timers are set in stages. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** The clock of the machine. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  setTimer(at: number, run: () => void): () => void {
    let handle: ReturnType<typeof setTimeout>;
    const arm = () => {
      const delayMs = Math.max(0, at - Date.now());
      handle = delayMs > MAX_TIMEOUT_MS ? setTimeout(arm, MAX_TIMEOUT_MS) : setTimeout(run, delayMs);
    };
    arm();
    return () => clearTimeout(handle);
  },
});
