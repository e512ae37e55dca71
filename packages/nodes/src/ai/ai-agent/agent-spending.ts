import { FatalNodeError } from "@automatrix/core";
import { isJsonObject } from "../../json/json-kind.js";
import type { AgentBudget } from "./agent-parameters.js";
import type { AgentTurn } from "./agent-turn.js";

export interface AgentUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** What an agent used up, its sub-agents included. */
export class AgentSpending {
  readonly #budget: AgentBudget;
  #promptTokens = 0;
  #completionTokens = 0;
  #totalTokens = 0;
  /** US dollars; null once something was used of which no price is known. */
  #cost: number | null = 0;
  #toolCalls = 0;

  constructor(budget: AgentBudget) {
    this.#budget = budget;
  }

  get usage(): AgentUsage {
    return {
      prompt_tokens: this.#promptTokens,
      completion_tokens: this.#completionTokens,
      total_tokens: this.#totalTokens,
    };
  }

  get cost(): number | null {
    return this.#cost === null ? null : Number(this.#cost.toFixed(10));
  }

  /** Tokens that are left; undefined without a limit. */
  get leftTokens(): number | undefined {
    const { maxTokens } = this.#budget;
    return maxTokens === undefined ? undefined : maxTokens - this.#totalTokens;
  }

  addTurn({ promptTokens, completionTokens, totalTokens, cost }: AgentTurn): void {
    this.#add({ prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: totalTokens }, cost);
  }

  /** What a sub-agent says that it used, in its output or in the details of its failure. */
  addReported(report: unknown): void {
    if (!isJsonObject(report) || !isJsonObject(report["usage"])) return;
    const { prompt_tokens, completion_tokens, total_tokens } = report["usage"];
    const usage = {
      prompt_tokens: toCount(prompt_tokens),
      completion_tokens: toCount(completion_tokens),
      total_tokens: toCount(total_tokens),
    };
    this.#add(usage, typeof report["cost"] === "number" ? report["cost"] : null);
  }

  #add(usage: AgentUsage, cost: number | null): void {
    this.#promptTokens += usage.prompt_tokens;
    this.#completionTokens += usage.completion_tokens;
    this.#totalTokens += usage.total_tokens;
    this.#cost = this.#cost === null || cost === null ? null : this.#cost + cost;
  }

  /** True while one more call of a tool is within the budget; counts it. */
  takeToolCall(): boolean {
    if (this.#toolCalls >= (this.#budget.maxToolCalls ?? Number.POSITIVE_INFINITY)) return false;
    this.#toolCalls += 1;
    return true;
  }

  /**
   * Called before each call of the model.
   * @throws FatalNodeError `ai_budget_exceeded`, or `not_configured` when a limit in money meets a model without a price
   */
  requireRoom(): void {
    const { maxTokens, maxCost } = this.#budget;
    if (maxTokens !== undefined && this.#totalTokens >= maxTokens)
      throw exceeded(`${maxTokens} tokens (budget.maxTokens)`);
    if (maxCost === undefined) return;
    if (this.#cost === null)
      throw new FatalNodeError(
        "No price of the agent's model is known, so its budget.maxCost cannot be kept; give the price in the option `ai.prices`.",
        { code: "not_configured" },
      );
    if (this.#cost >= maxCost) throw exceeded(`${maxCost} US dollars (budget.maxCost)`);
  }

  /** The part of a sub-agent's own budget that is still there for it. */
  budgetFor(own: AgentBudget = {}): AgentBudget {
    const { maxCost, maxToolCalls, maxTokens, maxDurationMs } = this.#budget;
    const leftCost = maxCost === undefined ? undefined : Math.max(Number.MIN_VALUE, maxCost - (this.#cost ?? maxCost));
    const leftCalls = maxToolCalls === undefined ? undefined : Math.max(0, maxToolCalls - this.#toolCalls);
    const leftTokens = maxTokens === undefined ? undefined : Math.max(1, maxTokens - this.#totalTokens);
    return {
      ...own,
      ...least("maxCost", own.maxCost, leftCost),
      ...least("maxToolCalls", own.maxToolCalls, leftCalls),
      ...least("maxTokens", own.maxTokens, leftTokens),
      ...least("maxDurationMs", own.maxDurationMs, maxDurationMs),
    };
  }
}

function least(name: keyof AgentBudget, own: number | undefined, left: number | undefined): AgentBudget {
  const value = own === undefined ? left : left === undefined ? own : Math.min(own, left);
  return value === undefined ? {} : { [name]: value };
}

function toCount(value: unknown): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}

function exceeded(what: string): FatalNodeError {
  return new FatalNodeError(`The agent used up its ${what} and has no answer yet.`, { code: "ai_budget_exceeded" });
}
