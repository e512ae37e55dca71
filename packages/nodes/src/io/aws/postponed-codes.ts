/** Errors with which services of AWS say that they did nothing and may be asked again. */
export const POSTPONED_CODES: ReadonlySet<string> = new Set([
  "Throttling",
  "ThrottlingException",
  "Throttled",
  "ThrottledException",
  "RequestThrottled",
  "RequestLimitExceeded",
]);
