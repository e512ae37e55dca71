import type { ChatModel } from "../chat-model.js";

/** The same model, called by one name whatever the request says: routes choose models, requests do not. */
export function withFixedModel(model: ChatModel, name: string): ChatModel {
  return { provider: model.provider, complete: (request) => model.complete({ ...request, model: name }) };
}
