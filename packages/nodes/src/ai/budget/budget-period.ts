import type { BudgetLimit } from "./budget-options.js";

/** Names the counter of a tenant's period, and says when the period ends. Days and months are those of UTC. */
export function budgetPeriod(
  period: BudgetLimit["period"],
  tenant: string | null,
  now: number,
): { readonly key: string; readonly expiresAt: number | null } {
  const owner = tenant === null ? "none" : `tenant:${encodeURIComponent(tenant)}`;
  const date = new Date(now);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const text = date.toISOString();
  switch (period) {
    case "day":
      return { key: `ai-budget:${owner}:day:${text.slice(0, 10)}`, expiresAt: Date.UTC(year, month, day + 1) };
    case "month":
      return { key: `ai-budget:${owner}:month:${text.slice(0, 7)}`, expiresAt: Date.UTC(year, month + 1, 1) };
    case "total":
      return { key: `ai-budget:${owner}:total`, expiresAt: null };
  }
}
