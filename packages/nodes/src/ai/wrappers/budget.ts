import type { NodeContext } from "@automatrix/core";
import type { AiProvider } from "../ai-options.js";
import type { Spending, Spent } from "../budget/spending.js";
import type { ChatAnswer, ChatModel, ChatRequest, ChatUsage } from "../chat-model.js";
import type { ModelPrices } from "../prices/model-prices.js";
import { reasonOf } from "../provider-error.js";
import { estimatePromptTokens } from "../tokens/estimate-tokens.js";

/** What a model is thought to answer at most when a request sets no limit. */
const DEFAULT_ANSWER_TOKENS = 4_000;

export interface BudgetParts {
  readonly ctx: NodeContext;
  readonly spending: Spending;
  readonly prices: ModelPrices;
  readonly kind: AiProvider["kind"];
}

/** Keeps calls within the tenant's budgets: the most they may use is counted before, what they used after. */
export function withBudget(model: ChatModel, { ctx, spending, prices, kind }: BudgetParts): ChatModel {
  return {
    provider: model.provider,
    complete(request) {
      const priced = { provider: model.provider, kind, model: request.model };
      const toSpent = (usage: ChatUsage): Spent => ({
        tokens: usage.totalTokens,
        money: prices.costOfTokens(priced, usage),
      });
      return spending.pay<ChatAnswer>({
        ctx,
        what: `model "${request.model}" of "${model.provider}"`,
        estimate: toSpent(estimateUsage(request)),
        run: () => model.complete(request),
        spentBy: (answer) => ({ tokens: answer.usage.totalTokens, money: answer.cost ?? toSpent(answer.usage).money }),
        spentByFailure: (error) =>
          mayBeCharged(error, request)
            ? toSpent(toPromptUsage(estimatePromptTokens(request)))
            : { tokens: 0, money: 0 },
      });
    },
  };
}

function estimateUsage(request: ChatRequest): ChatUsage {
  const promptTokens = estimatePromptTokens(request);
  const completionTokens = request.maxTokens ?? DEFAULT_ANSWER_TOKENS;
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}

function toPromptUsage(promptTokens: number): ChatUsage {
  return { promptTokens, completionTokens: 0, totalTokens: promptTokens };
}

/** Providers charge for the prompt of a call that they began to answer; a cancelled call is of that kind too. */
function mayBeCharged(error: unknown, { signal }: ChatRequest): boolean {
  const reason = reasonOf(error);
  return signal.aborted || reason === "timeout" || reason === "broken_answer" || reason === "answer_too_large";
}
