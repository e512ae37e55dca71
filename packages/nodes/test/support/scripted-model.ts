import type { ChatAnswer, ChatModel, ChatRequest } from "../../src/ai/chat-model.js";

/** A model that answers as a test says, and counts how often it was asked. */
export interface ScriptedModel extends ChatModel {
  readonly requests: readonly ChatRequest[];
}

export function scriptedModel(
  answer: (request: ChatRequest, index: number) => Partial<ChatAnswer> | Promise<Partial<ChatAnswer>> = () => ({}),
  provider = "scripted",
): ScriptedModel {
  const requests: ChatRequest[] = [];
  return {
    provider,
    requests,
    async complete(request) {
      const index = requests.push(request) - 1;
      return {
        text: "fine",
        toolCalls: [],
        finishReason: "stop",
        usage: { promptTokens: 10, completionTokens: 5, totalTokens: 15 },
        model: request.model,
        provider,
        ...(await answer(request, index)),
      };
    },
  };
}

/** A request without anything special. */
export function chatRequest(request: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: "m",
    messages: [{ role: "user", content: "Hello" }],
    signal: new AbortController().signal,
    ...request,
  };
}
