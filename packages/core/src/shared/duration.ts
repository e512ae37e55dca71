const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Longer texts are refused before they are read. */
const MAX_LENGTH = 64;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]) ?)+$/;
const PART = /(\d+(?:\.\d+)?)(ms|[smhdw])/g;

/**
 * Milliseconds of a duration: a number (already milliseconds) or text such as `"500ms"`, `"90s"`, `"1h30m"`, `"3d"`, `"2w"`.
 * Units: `ms`, `s`, `m` (minutes), `h`, `d` (24 h), `w`; a text of digits alone is milliseconds.
 * Undefined for anything else, for negative and for unsafely large durations.
 */
export function readDuration(duration: unknown): number | undefined {
  const durationMs = typeof duration === "number" ? duration : parseText(duration);
  return durationMs >= 0 && durationMs <= Number.MAX_SAFE_INTEGER ? Math.round(durationMs) : undefined;
}

function parseText(duration: unknown): number {
  if (typeof duration !== "string" || duration.length > MAX_LENGTH) return Number.NaN;
  const text = duration.trim();
  if (/^\d+$/.test(text)) return Number(text);
  if (!WHOLE.test(text)) return Number.NaN;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(PART))
    totalMs += Number(amount) * (MS_PER_UNIT[unit as string] as number);
  return totalMs;
}
