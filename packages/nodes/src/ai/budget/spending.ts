import { FatalNodeError, type NodeContext } from "@automatrix/core";
import { notConfigured } from "../provider-error.js";
import type { BudgetLimit, BudgetOptions } from "./budget-options.js";
import { budgetPeriod } from "./budget-period.js";
import type { BudgetAmount, BudgetStore } from "./budget-store.js";
import { memoryBudgetStore } from "./memory-budget-store.js";

/** What something used: `money` is null where no price is known. */
export interface Spent {
  readonly tokens: number;
  readonly money: number | null;
}

/** A call that costs something. */
export interface PaidCall<Value> {
  readonly ctx: NodeContext;
  /** What is called, for messages. */
  readonly what: string;
  /** The most that it is thought to use. */
  readonly estimate: Spent;
  readonly run: () => Promise<Value>;
  /** What it did use. */
  readonly spentBy: (value: Value) => Spent;
  /** What a failed call is taken to have used; nothing when left out. */
  readonly spentByFailure?: (error: unknown) => Spent;
}

/** Keeps calls within the budgets of their tenant. */
export interface Spending {
  /**
   * Counts the estimate, calls, and corrects the count by what was used. Calls that run at once cannot pass the limit
   * together, because each has counted its estimate before it begins.
   * @throws FatalNodeError `ai_budget_exceeded`; nothing was called then
   */
  pay<Value>(call: PaidCall<Value>): Promise<Value>;
}

type PaidPlace = Pick<PaidCall<never>, "ctx" | "what">;

interface Reservation {
  readonly key: string;
  readonly expiresAt: number | null;
}

const NOTHING: Spent = { tokens: 0, money: 0 };

export function createSpending(options: BudgetOptions | undefined): Spending {
  if (options === undefined) return { pay: ({ run }) => run() };
  return new LimitedSpending(options);
}

class LimitedSpending implements Spending {
  readonly #limits: BudgetOptions["limits"];
  readonly #store: BudgetStore;

  constructor({ limits, store = memoryBudgetStore() }: BudgetOptions) {
    this.#limits = limits;
    this.#store = store;
  }

  async pay<Value>(call: PaidCall<Value>): Promise<Value> {
    const { tenant } = call.ctx.execution;
    const limits = typeof this.#limits === "function" ? await this.#limits(tenant) : this.#limits;
    if (limits.length === 0) return call.run();
    const estimate = toAmount(call.estimate, limits, call.what);
    const reservations = await this.#reserve(call, limits, estimate);
    const value = await call.run().catch(async (error: unknown) => {
      await this.#settle(call, reservations, difference(call.spentByFailure?.(error) ?? NOTHING, estimate));
      throw error;
    });
    await this.#settle(call, reservations, difference(call.spentBy(value), estimate));
    return value;
  }

  /** The call has taken place, so a store that cannot be reached must not hide how it ended: the estimate stays counted. */
  async #settle(call: PaidPlace, reservations: readonly Reservation[], amount: BudgetAmount): Promise<void> {
    try {
      await this.#add(call, reservations, amount);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown reason";
      call.ctx.logger.warn("The AI budget could not be corrected after a call; its estimate stays counted.", {
        reason,
      });
    }
  }

  async #reserve(
    call: PaidPlace,
    limits: readonly BudgetLimit[],
    estimate: BudgetAmount,
  ): Promise<readonly Reservation[]> {
    const made: Reservation[] = [];
    for (const limit of limits) {
      const reservation = budgetPeriod(limit.period, call.ctx.execution.tenant, call.ctx.clock.now());
      made.push(reservation);
      const [total] = await this.#add(call, [reservation], estimate);
      if (total !== undefined && isWithin(limit, total)) continue;
      await this.#add(call, made, { tokens: -estimate.tokens, money: -estimate.money });
      throw budgetExceeded(call, limit);
    }
    return made;
  }

  #add({ ctx }: PaidPlace, reservations: readonly Reservation[], amount: BudgetAmount): Promise<BudgetAmount[]> {
    return Promise.all(
      reservations.map(({ key, expiresAt }) => this.#store.add(key, amount, { now: ctx.clock.now(), expiresAt })),
    );
  }
}

/** @throws FatalNodeError `not_configured` when a limit in money meets a model without a price */
function toAmount({ tokens, money }: Spent, limits: readonly BudgetLimit[], what: string): BudgetAmount {
  if (money !== null) return { tokens, money };
  if (limits.every((limit) => limit.money === undefined)) return { tokens, money: 0 };
  throw notConfigured(
    `No price of ${what} is known, so its budget in money cannot be kept; give its price in the option ai.prices.`,
  );
}

function difference(spent: Spent, estimate: BudgetAmount): BudgetAmount {
  return { tokens: spent.tokens - estimate.tokens, money: (spent.money ?? estimate.money) - estimate.money };
}

/** Sums of fractions of cents are not exact: what is equal to a limit but for the last digits is within it. */
const MONEY_TOLERANCE = 1e-9;

function isWithin({ tokens, money }: BudgetLimit, total: BudgetAmount): boolean {
  return (
    (tokens === undefined || total.tokens <= tokens) && (money === undefined || total.money <= money + MONEY_TOLERANCE)
  );
}

function budgetExceeded({ ctx, what }: PaidPlace, limit: BudgetLimit): FatalNodeError {
  const { tenant } = ctx.execution;
  const amounts = [
    ...(limit.tokens === undefined ? [] : [`${limit.tokens} tokens`]),
    ...(limit.money === undefined ? [] : [`${limit.money} US dollars`]),
  ].join(" or ");
  const span = limit.period === "total" ? "in total" : `a ${limit.period}`;
  return new FatalNodeError(
    `The AI budget of ${tenant === null ? "executions without a tenant" : `tenant "${tenant}"`} (${amounts} ${span}) has no room ` +
      `for a call of ${what}; lower maxTokens, wait for the next period, or raise the option ai.budgets.`,
    { code: "ai_budget_exceeded", details: { tenant, limit } },
  );
}
