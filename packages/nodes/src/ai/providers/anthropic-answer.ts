import type { Anthropic } from "@anthropic-ai/sdk";
import type { ChatAnswer, ChatRequest, ChatUsage, ToolCall } from "../chat-model.js";
import { ANSWER_TOOL, wantsAnswerTool } from "./anthropic-request.js";
import { BrokenAnswerError } from "./stream-answer.js";
import { toCount } from "./to-count.js";
import { parseToolArguments } from "./tool-arguments.js";

type Usage = {
  readonly [Count in "input_tokens" | "output_tokens" | "cache_read_input_tokens" | "cache_creation_input_tokens"]?:
    | number
    | null;
};

/** What an answer is made of, whole or streamed. */
export interface AnthropicParts {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly stopReason: string | null;
  readonly usage: Usage;
  readonly model: string | undefined;
}

/** The parts of an answer that came whole. */
export function partsOfMessage(message: Anthropic.Message): AnthropicParts {
  if (!Array.isArray(message.content)) throw new BrokenAnswerError("no content");
  return {
    text: message.content
      .map((block) => (block.type === "text" && typeof block.text === "string" ? block.text : ""))
      .join(""),
    toolCalls: message.content.flatMap((block) =>
      block.type === "tool_use" ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
    ),
    stopReason: message.stop_reason,
    usage: message.usage ?? {},
    model: message.model,
  };
}

/** Gathers the parts of a streamed answer. */
export async function partsOfEvents(
  events: AsyncIterable<Anthropic.RawMessageStreamEvent>,
  onText: (text: string) => void,
): Promise<AnthropicParts> {
  const calls = new Map<number, { id: string; name: string; texts: string[] }>();
  const texts: string[] = [];
  let usage: Usage = {};
  let stopReason: string | null = null;
  let model: string | undefined;
  let isComplete = false;
  for await (const event of events) {
    switch (event.type) {
      case "message_start":
        usage = event.message.usage ?? {};
        model = event.message.model;
        break;
      case "content_block_start":
        if (event.content_block.type === "tool_use")
          calls.set(event.index, { id: event.content_block.id, name: event.content_block.name, texts: [] });
        break;
      case "content_block_delta":
        if (event.delta.type === "input_json_delta") calls.get(event.index)?.texts.push(event.delta.partial_json);
        if (event.delta.type !== "text_delta") break;
        texts.push(event.delta.text);
        onText(event.delta.text);
        break;
      case "message_delta":
        stopReason = event.delta.stop_reason ?? stopReason;
        usage = { ...usage, ...known(event.usage) };
        break;
      case "message_stop":
        isComplete = true;
    }
  }
  if (!isComplete && stopReason === null) throw new BrokenAnswerError("no end of the message");
  const toolCalls = [...calls.values()].map(({ id, name, texts: json }) => ({
    id,
    name,
    arguments: parseToolArguments(json.join("")),
  }));
  return { text: texts.join(""), toolCalls, stopReason, usage, model };
}

/** The counts of a later event win, but for those that it leaves empty. */
function known(usage: Usage | undefined): Usage {
  return Object.fromEntries(Object.entries(usage ?? {}).filter(([, count]) => typeof count === "number"));
}

/** The answer of the port. */
export function toAnthropicAnswer(parts: AnthropicParts, request: ChatRequest, provider: string): ChatAnswer {
  const handedIn = wantsAnswerTool(request) ? parts.toolCalls.find(({ name }) => name === ANSWER_TOOL) : undefined;
  const toolCalls = parts.toolCalls.filter((call) => call !== handedIn);
  const isAnswer = handedIn !== undefined && toolCalls.length === 0;
  return {
    text: isAnswer ? toText(handedIn.arguments) : parts.text,
    toolCalls,
    finishReason: isAnswer && parts.stopReason === "tool_use" ? "stop" : toFinishReason(parts.stopReason),
    usage: toUsage(parts.usage),
    model: typeof parts.model === "string" && parts.model !== "" ? parts.model : request.model,
    provider,
  };
}

function toText(given: unknown): string {
  return typeof given === "string" ? given : JSON.stringify(given);
}

function toFinishReason(reason: string | null): ChatAnswer["finishReason"] {
  switch (reason) {
    case "end_turn":
    case "stop_sequence":
      return "stop";
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length";
    case "tool_use":
      return "tool_calls";
    case "refusal":
      return "content_filter";
    default:
      return "other";
  }
}

/** The provider counts what it read from or wrote to its cache apart from the other tokens of the prompt. */
function toUsage(usage: Usage): ChatUsage {
  const cachedPromptTokens = toCount(usage.cache_read_input_tokens);
  const cacheWriteTokens = toCount(usage.cache_creation_input_tokens);
  const promptTokens = toCount(usage.input_tokens) + cachedPromptTokens + cacheWriteTokens;
  const completionTokens = toCount(usage.output_tokens);
  return {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
    ...(cachedPromptTokens > 0 && { cachedPromptTokens }),
    ...(cacheWriteTokens > 0 && { cacheWriteTokens }),
  };
}
