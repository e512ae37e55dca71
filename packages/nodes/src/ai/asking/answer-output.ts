import { isJsonObject } from "../../json/json-kind.js";
import type { ChatAnswer, ChatUsage } from "../chat-model.js";

/** What a node says of the calls it made. */
export interface UsageOutput {
  readonly model_used: string;
  readonly tokens_used: number;
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
  readonly finish_reason: ChatAnswer["finishReason"];
  /** US dollars; null when a price is not known. */
  readonly cost: number | null;
}

const DECIMALS = 10;

/** The same for one answer or for several that belong together; model and reason are those of the last. */
export function usageOutput(...answers: readonly [ChatAnswer, ...ChatAnswer[]]): UsageOutput {
  const last = answers.at(-1) as ChatAnswer;
  const sum = (count: (usage: ChatUsage) => number) => answers.reduce((total, { usage }) => total + count(usage), 0);
  const totalTokens = sum((usage) => usage.totalTokens);
  return {
    model_used: last.model,
    tokens_used: totalTokens,
    usage: {
      prompt_tokens: sum((usage) => usage.promptTokens),
      completion_tokens: sum((usage) => usage.completionTokens),
      total_tokens: totalTokens,
    },
    finish_reason: last.finishReason,
    cost: sumOfCosts(answers.map(({ cost }) => cost ?? null)),
  };
}

/** Null as soon as one of them is not known: a sum with a hole would look like the whole. */
export function sumOfCosts(costs: readonly (number | null)[]): number | null {
  let total = 0;
  for (const cost of costs) {
    if (cost === null) return null;
    total += cost;
  }
  return Number(total.toFixed(DECIMALS));
}

/** The input as fields of an output: its own if it is an object, else under `input`. */
export function passedThrough(input: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(input) ? input : { input };
}
