/** What was used, or is to be. */
export interface BudgetAmount {
  readonly tokens: number;
  /** US dollars. */
  readonly money: number;
}

/**
 * Counts what was used. Processes that share budgets share a store, for example a row in SQL or a hash in Redis.
 *
 * `add` is atomic: of calls that run at once, each sees the sum of all that came before it and its own. That is all that
 * keeps parallel calls within a limit.
 */
export interface BudgetStore {
  /**
   * Adds to the counter of this key, which begins at zero, and answers with its value afterwards. Amounts may be negative.
   * @param options `now` and `expiresAt` in milliseconds since the epoch; the counter may be forgotten at `expiresAt`, never before
   */
  add(
    key: string,
    amount: BudgetAmount,
    options: { readonly now: number; readonly expiresAt: number | null },
  ): Promise<BudgetAmount>;
}
