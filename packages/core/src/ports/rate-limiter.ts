/** What a rate limiter says of one use. */
export interface RateLimitAnswer {
  readonly isAllowed: boolean;
  /** Uses left in this window. */
  readonly remaining: number;
  /** Until the window ends, in milliseconds: when to try again if this use was refused. */
  readonly resetMs: number;
}

/**
 * Counts uses in fixed windows: at most `limit` uses of a key in `perMs` milliseconds, counted from its first use. A
 * use is counted and judged in one atomic step, so that several processes never allow more together. A refused use
 * counts for nothing.
 */
export interface RateLimiter {
  /**
   * Counts one use of `key` in a window of `perMs` milliseconds, 1,000 or more. Windows of another `limit` or `perMs` are
   * counted apart.
   */
  consume(key: string, window: { readonly limit: number; readonly perMs: number }): Promise<RateLimitAnswer>;
}
