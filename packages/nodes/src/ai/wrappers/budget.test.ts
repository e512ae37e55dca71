import { describe, expect, it } from "vitest";
import { aiContext } from "../../../test/support/ai-context.js";
import { chatRequest, scriptedModel } from "../../../test/support/scripted-model.js";
import type { BudgetLimit, BudgetOptions } from "../budget/budget-options.js";
import { memoryBudgetStore } from "../budget/memory-budget-store.js";
import { createSpending } from "../budget/spending.js";
import type { ChatModel } from "../chat-model.js";
import { createModelPrices } from "../prices/model-prices.js";
import { createProviderError } from "../provider-error.js";
import { withBudget } from "./budget.js";

const MODEL = "m";
/** One dollar for a million tokens of any kind. */
const PRICES = { m: { inputPerMillionTokens: 1, outputPerMillionTokens: 1 } };

function budgeted(model: ChatModel, budgets: BudgetOptions, context = aiContext(), prices: object = PRICES): ChatModel {
  return withBudget(model, {
    ctx: context.ctx,
    spending: createSpending(budgets),
    prices: createModelPrices(prices as typeof PRICES),
    kind: "custom",
  });
}

const limit = (rest: Omit<BudgetLimit, "period">): BudgetOptions => ({ limits: [{ period: "day", ...rest }] });
const exceeded = { name: "FatalNodeError", code: "ai_budget_exceeded" };

describe("budgets", () => {
  it("lets calls through while there is room, and refuses the next without calling", async () => {
    const model = scriptedModel();
    const paid = budgeted(model, limit({ tokens: 50 }));
    const request = chatRequest({ maxTokens: 15 });
    await paid.complete(request);
    await paid.complete(request);
    await expect(paid.complete(request)).rejects.toMatchObject(exceeded);
    expect(model.requests).toHaveLength(2);
  });

  it("never passes the limit, however many calls run at once", async () => {
    const model = scriptedModel(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return {};
    });
    const paid = budgeted(model, limit({ tokens: 100 }));
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, () => paid.complete(chatRequest({ maxTokens: 9 }))),
    );
    const answered = settled.filter(({ status }) => status === "fulfilled").length;
    expect(answered).toBe(model.requests.length);
    expect(answered).toBeGreaterThan(0);
    expect(answered * 15).toBeLessThanOrEqual(100);
  });

  it("counts money by the price of the model", async () => {
    const paid = budgeted(scriptedModel(), limit({ money: 0.000025 }));
    const request = chatRequest({ maxTokens: 9 });
    await paid.complete(request);
    await expect(paid.complete(request)).rejects.toMatchObject(exceeded);
  });

  it("refuses a model without a price where money is limited, naming the option", async () => {
    const model = scriptedModel();
    const error = budgeted(model, limit({ money: 1 }), aiContext(), {}).complete(chatRequest());
    await expect(error).rejects.toMatchObject({
      code: "not_configured",
      message: expect.stringContaining("ai.prices"),
    });
    expect(model.requests).toEqual([]);
  });

  it("gives back what a refused call did not use, and keeps what a broken one may have cost", async () => {
    const store = memoryBudgetStore();
    const used = async () =>
      (await store.add("ai-budget:none:day:2025-01-01", ZERO, { now: 0, expiresAt: null })).tokens;
    const failing = (reason: "server_error" | "timeout") =>
      budgeted(
        scriptedModel(() => {
          throw createProviderError("no", { provider: "p", model: MODEL, reason });
        }),
        { ...limit({ tokens: 1_000 }), store },
      );
    await expect(failing("server_error").complete(chatRequest())).rejects.toThrow();
    await expect(failing("server_error").complete(chatRequest({ maxTokens: 50 }))).rejects.toThrow();
    expect(await used()).toBe(0);
    await expect(failing("timeout").complete(chatRequest({ maxTokens: 50 }))).rejects.toThrow();
    expect(await used()).toBeGreaterThan(0);
    expect(await used()).toBeLessThan(50);
  });

  it("counts each tenant apart, by limits of its own", async () => {
    const spending: BudgetOptions = {
      limits: (tenant) => (tenant === "big" ? [] : [{ period: "total", tokens: 25 }]),
      store: memoryBudgetStore(),
    };
    const ask = (tenant: string) =>
      budgeted(scriptedModel(), spending, aiContext({ tenant })).complete(chatRequest({ maxTokens: 15 }));
    await ask("a");
    await ask("b");
    for (let call = 0; call < 3; call += 1) await ask("big");
    await expect(ask("a")).rejects.toMatchObject(exceeded);
  });

  it("begins anew with the next day, but not with the next day of a month", async () => {
    const context = aiContext();
    const store = memoryBudgetStore();
    const ask = (period: "day" | "month") =>
      budgeted(scriptedModel(), { limits: [{ period, tokens: 25 }], store }, context).complete(
        chatRequest({ maxTokens: 15 }),
      );
    await ask("day");
    await ask("month");
    await context.clock.advance("24h");
    await ask("day");
    await expect(ask("month")).rejects.toMatchObject(exceeded);
  });

  it("takes back what it counted under one limit when another has no room", async () => {
    const store = memoryBudgetStore();
    const limits: readonly BudgetLimit[] = [
      { period: "month", tokens: 1_000 },
      { period: "day", tokens: 1 },
    ];
    await expect(budgeted(scriptedModel(), { limits, store }).complete(chatRequest())).rejects.toMatchObject(exceeded);
    const month = await store.add("ai-budget:none:month:2025-01", ZERO, { now: 0, expiresAt: null });
    expect(month.tokens).toBe(0);
  });

  it("hands the answer on when the store fails only afterwards", async () => {
    const store = memoryBudgetStore();
    let additions = 0;
    const flaky = {
      add: (...given: Parameters<typeof store.add>) => {
        additions += 1;
        return additions > 1 ? Promise.reject(new Error("down")) : store.add(...given);
      },
    };
    const context = aiContext();
    const answer = await budgeted(scriptedModel(), { ...limit({ tokens: 10_000 }), store: flaky }, context).complete(
      chatRequest(),
    );
    expect(answer.text).toBe("fine");
    expect(context.logs.map(({ level }) => level)).toEqual(["warn"]);
  });
});

const ZERO = { tokens: 0, money: 0 };
