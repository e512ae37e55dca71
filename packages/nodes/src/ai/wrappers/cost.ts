import type { AiProvider } from "../ai-options.js";
import type { ChatModel } from "../chat-model.js";
import type { ModelPrices } from "../prices/model-prices.js";

/** Adds to each answer what it cost: by the model that answered, else by the model that was asked. */
export function withCost(model: ChatModel, prices: ModelPrices, kind: AiProvider["kind"]): ChatModel {
  return {
    provider: model.provider,
    async complete(request) {
      const answer = await model.complete(request);
      if (answer.cost !== undefined) return answer;
      const costAs = (name: string) =>
        prices.costOfTokens({ provider: model.provider, kind, model: name }, answer.usage);
      return { ...answer, cost: costAs(answer.model) ?? costAs(request.model) };
    },
  };
}
