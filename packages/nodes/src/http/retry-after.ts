const MS_PER_SECOND = 1_000;
/** Nobody is taken at a longer word than this. */
const MAX_WAIT_MS = 7 * 24 * 60 * 60 * MS_PER_SECOND;

/** Milliseconds that a `Retry-After` header asks to wait: seconds, or the time until a date; undefined when it says neither. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * MS_PER_SECOND, MAX_WAIT_MS);
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), MAX_WAIT_MS);
}
