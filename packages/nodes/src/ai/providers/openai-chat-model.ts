import type { OpenAI } from "openai";
import type { Stream } from "openai/streaming";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import type { ChatAnswer, ChatModel, ChatRequest } from "../chat-model.js";
import { idempotencyHeader } from "./idempotency-header.js";
import { type OpenAiParts, partsOfCompletion, partsOfStream, toOpenAiAnswer } from "./openai-answer.js";
import { type OpenAiProvider, openAiClient } from "./openai-client.js";
import { toOpenAiBody } from "./openai-request.js";
import type { ProviderSession } from "./provider-session.js";
import { isEventStream } from "./stream-answer.js";
import { translateError } from "./translate-error.js";
import { withoutRefusedTemperature } from "./without-refused-temperature.js";

/** Models of OpenAI, of Azure OpenAI, and of every endpoint with their wire format. */
export function openAiChatModel(session: ProviderSession<OpenAiProvider>): ChatModel {
  return {
    provider: session.name,
    complete: (request) =>
      withoutRefusedTemperature(request, async (accepted) => {
        const client = openAiClient(session);
        try {
          return toOpenAiAnswer(await ask(client, accepted, session.settings), accepted, session.name);
        } catch (error) {
          throw translateError(error, { session, model: request.model, signal: request.signal });
        }
      }) satisfies Promise<ChatAnswer>,
  };
}

async function ask(client: OpenAI, request: ChatRequest, settings: OpenAiProvider): Promise<OpenAiParts> {
  const { signal, idempotencyKey, onText } = request;
  const headers = idempotencyHeader(idempotencyKey);
  const pending = client.chat.completions.create(toOpenAiBody(request, settings), { signal, headers });
  if (onText === undefined) return partsOfCompletion((await pending) as OpenAI.ChatCompletion);
  const response = await pending.asResponse();
  if (isEventStream(response)) return partsOfStream(eventsOf(response, client, signal), onText);
  const parts = partsOfCompletion((await response.json()) as OpenAI.ChatCompletion);
  if (parts.text !== "") onText(parts.text);
  return parts;
}

function eventsOf(response: Response, client: OpenAI, signal: AbortSignal): AsyncIterable<OpenAI.ChatCompletionChunk> {
  const sdk = loadOptionalModule<{ readonly Stream: typeof Stream }>("openai/streaming", "This AI provider");
  const controller = new AbortController();
  if (signal.aborted) controller.abort(signal.reason);
  return sdk.Stream.fromSSEResponse<OpenAI.ChatCompletionChunk>(response, controller, client);
}
