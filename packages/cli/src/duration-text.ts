const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A duration for people: `3 ms`, `2.4 s`, `5 min 3 s`, `2 h 10 min`, `3 d 4 h`. */
export function durationText(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds));
  if (whole < SECOND_MS) return `${whole} ms`;
  if (whole < MINUTE_MS) return `${(whole / SECOND_MS).toFixed(1)} s`;
  if (whole < HOUR_MS) return parts(whole, [MINUTE_MS, "min"], [SECOND_MS, "s"]);
  if (whole < DAY_MS) return parts(whole, [HOUR_MS, "h"], [MINUTE_MS, "min"]);
  return parts(whole, [DAY_MS, "d"], [HOUR_MS, "h"]);
}

type Unit = readonly [durationMs: number, name: string];

function parts(milliseconds: number, [large, largeName]: Unit, [small, smallName]: Unit): string {
  return `${Math.floor(milliseconds / large)} ${largeName} ${Math.floor((milliseconds % large) / small)} ${smallName}`;
}
