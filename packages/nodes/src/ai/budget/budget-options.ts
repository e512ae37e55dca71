import type { BudgetStore } from "./budget-store.js";

/** What a tenant may use within a period. */
export interface BudgetLimit {
  /** Calendar day or month in UTC, or all time. */
  readonly period: "day" | "month" | "total";
  /** Tokens of prompts and answers together. */
  readonly tokens?: number;
  /** US dollars. Needs a price of every model that is called. */
  readonly money?: number;
}

export interface BudgetOptions {
  /** Limits that hold for each tenant apart, or a function that answers with a tenant's own. All of them hold at once. */
  readonly limits:
    | readonly BudgetLimit[]
    | ((tenant: string | null) => readonly BudgetLimit[] | Promise<readonly BudgetLimit[]>);
  /** Where it is counted. Default: in this process's memory, from zero at each start. */
  readonly store?: BudgetStore;
}
