import type { BudgetAmount, BudgetStore } from "./budget-store.js";

const SWEEP_EVERY = 1_000;

/** Counts in this process. Counters are forgotten once their period has ended, and when the process ends. */
export function memoryBudgetStore(): BudgetStore {
  const counters = new Map<string, BudgetAmount & { readonly expiresAt: number | null }>();
  let additions = 0;
  return {
    async add(key, amount, { now, expiresAt }) {
      additions += 1;
      if (additions % SWEEP_EVERY === 0) removeExpired(now);
      const known = counters.get(key) ?? { tokens: 0, money: 0 };
      const total = { tokens: known.tokens + amount.tokens, money: known.money + amount.money };
      counters.set(key, { ...total, expiresAt });
      return total;
    },
  };

  function removeExpired(now: number): void {
    for (const [key, { expiresAt }] of counters) if (expiresAt !== null && expiresAt <= now) counters.delete(key);
  }
}
