import { parseRetryAfter } from "../../http/retry-after.js";

/** The wait that a provider asks for: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date. */
export function retryAfterMsFrom(headers: Headers | undefined, now: number): number | undefined {
  const milliseconds = headers?.get("retry-after-ms")?.trim() ?? "";
  if (/^\d{1,12}(?:\.\d{1,6})?$/.test(milliseconds)) return Number(milliseconds);
  return parseRetryAfter(headers?.get("retry-after") ?? null, now);
}
