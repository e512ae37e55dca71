import type { AiOptions } from "./ai-options.js";
import { createSpending, type Spending } from "./budget/spending.js";
import { createModelPrices, type ModelPrices } from "./prices/model-prices.js";
import { type CircuitBreakers, createCircuitBreakers } from "./wrappers/circuit-breakers.js";

/** What outlives single calls: counts of budgets, states of circuits, prices. One for all AI nodes of an engine. */
export interface AiLayer {
  readonly options: AiOptions;
  readonly prices: ModelPrices;
  readonly spending: Spending;
  readonly breakers: CircuitBreakers;
}

/** The shared part of the AI nodes of one engine. */
export function createAiLayer(options: AiOptions = {}): AiLayer {
  return Object.freeze({
    options,
    prices: createModelPrices(options.prices ?? {}),
    spending: createSpending(options.budgets),
    breakers: createCircuitBreakers(options.circuitBreaker ?? {}),
  });
}
