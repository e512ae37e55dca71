import type { Clock } from "@automatrix/core";
import type { ChatModel } from "../chat-model.js";
import type { CircuitBreakers } from "./circuit-breakers.js";

/** Refuses calls of a provider that failed repeatedly. */
export function withCircuitBreaker(model: ChatModel, breakers: CircuitBreakers, clock: Clock): ChatModel {
  return {
    provider: model.provider,
    complete: (request) =>
      breakers.run({ provider: model.provider, model: request.model }, clock, () => model.complete(request)),
  };
}
