const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** A duration for people: `3 ms`, `2.4 s`, `5 min 3 s`. */
export function durationText(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds));
  if (whole < SECOND_MS) return `${whole} ms`;
  if (whole < MINUTE_MS) return `${(whole / SECOND_MS).toFixed(1)} s`;
  return `${Math.floor(whole / MINUTE_MS)} min ${Math.round((whole % MINUTE_MS) / SECOND_MS)} s`;
}
