import type { Anthropic } from "@anthropic-ai/sdk";
import type { Stream } from "@anthropic-ai/sdk/streaming";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import type { ChatModel, ChatRequest } from "../chat-model.js";
import { type AnthropicParts, partsOfEvents, partsOfMessage, toAnthropicAnswer } from "./anthropic-answer.js";
import { toAnthropicBody } from "./anthropic-request.js";
import { idempotencyHeader } from "./idempotency-header.js";
import type { HttpProvider, ProviderSession } from "./provider-session.js";
import { isEventStream } from "./stream-answer.js";
import { translateError } from "./translate-error.js";
import { withoutRefusedTemperature } from "./without-refused-temperature.js";

export type AnthropicProvider = Extract<HttpProvider, { readonly kind: "anthropic" }>;

const DEFAULT_BASE_URL = "https://api.anthropic.com";
/** The engine's clock ends calls; the SDK's own timer is only there because it must have one. */
const SDK_TIMEOUT_MS = 60 * 60 * 1_000;

/** Models of Anthropic. */
export function anthropicChatModel(session: ProviderSession<AnthropicProvider>): ChatModel {
  return {
    provider: session.name,
    complete: (request) =>
      withoutRefusedTemperature(request, async (accepted) => {
        const client = anthropicClient(session);
        try {
          return toAnthropicAnswer(await ask(client, accepted), accepted, session.name);
        } catch (error) {
          throw translateError(error, { session, model: request.model, signal: request.signal });
        }
      }),
  };
}

/** A client of the official SDK on the guarded fetch. It retries nothing and reads no address from the environment. */
function anthropicClient(session: ProviderSession<AnthropicProvider>): Anthropic {
  const sdk = loadOptionalModule<{ readonly Anthropic: typeof Anthropic }>("@anthropic-ai/sdk", "This AI provider");
  return new sdk.Anthropic({
    apiKey: session.apiKey ?? "none",
    baseURL: session.settings.baseUrl ?? DEFAULT_BASE_URL,
    maxRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    logLevel: "off",
    fetch: (url: string | URL | Request, init?: RequestInit) =>
      session.fetch(url instanceof Request ? url.url : url, init),
  });
}

async function ask(client: Anthropic, request: ChatRequest): Promise<AnthropicParts> {
  const { signal, idempotencyKey, onText } = request;
  const headers = idempotencyHeader(idempotencyKey);
  const pending = client.messages.create(toAnthropicBody(request), { signal, headers });
  if (onText === undefined) return partsOfMessage((await pending) as Anthropic.Message);
  const response = await pending.asResponse();
  if (isEventStream(response)) return partsOfEvents(eventsOf(response, client), onText);
  const parts = partsOfMessage((await response.json()) as Anthropic.Message);
  if (parts.text !== "") onText(parts.text);
  return parts;
}

function eventsOf(response: Response, client: Anthropic): AsyncIterable<Anthropic.RawMessageStreamEvent> {
  const sdk = loadOptionalModule<{ readonly Stream: typeof Stream }>("@anthropic-ai/sdk/streaming", "This AI provider");
  return sdk.Stream.fromSSEResponse<Anthropic.RawMessageStreamEvent>(response, new AbortController(), client);
}
