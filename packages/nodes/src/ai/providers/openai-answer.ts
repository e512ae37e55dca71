import type { OpenAI } from "openai";
import type { ChatAnswer, ChatRequest, ChatUsage, ToolCall } from "../chat-model.js";
import { estimatePromptTokens, estimateTokens } from "../tokens/estimate-tokens.js";
import { BrokenAnswerError } from "./stream-answer.js";
import { toCount } from "./to-count.js";
import { parseToolArguments } from "./tool-arguments.js";

/** What an answer is made of, whole or streamed. */
export interface OpenAiParts {
  readonly text: string;
  readonly refusal: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finishReason: string | null;
  readonly usage: OpenAI.CompletionUsage | null | undefined;
  readonly model: string | undefined;
}

/** The parts of an answer that came whole. */
export function partsOfCompletion(completion: OpenAI.ChatCompletion): OpenAiParts {
  const choice = completion.choices?.[0];
  if (choice?.message === undefined) throw new BrokenAnswerError("no choice");
  const { message } = choice;
  return {
    text: toText(message.content),
    refusal: toText(message.refusal),
    toolCalls: (message.tool_calls ?? []).flatMap((call) =>
      call.type === "custom" ? [] : [{ id: call.id, ...call.function }],
    ),
    finishReason: choice.finish_reason ?? "stop",
    usage: completion.usage,
    model: completion.model,
  };
}

/** Some endpoints answer with a list of parts. */
function toText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { readonly text?: unknown } | null) => toText(part?.text)).join("");
}

/** Gathers the parts of a streamed answer. */
export async function partsOfStream(
  chunks: AsyncIterable<OpenAI.ChatCompletionChunk>,
  onText: (text: string) => void,
): Promise<OpenAiParts> {
  const calls = new Map<number, { id: string; name: string; arguments: string[] }>();
  const texts: string[] = [];
  const refusals: string[] = [];
  let finishReason: string | null = null;
  let usage: OpenAI.CompletionUsage | null | undefined;
  let model: string | undefined;
  for await (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    model ??= chunk.model;
    const choice = chunk.choices?.[0];
    if (choice === undefined) continue;
    finishReason = choice.finish_reason ?? finishReason;
    const { content, refusal, tool_calls: callParts = [] } = choice.delta ?? {};
    if (typeof refusal === "string") refusals.push(refusal);
    for (const part of callParts) addCallPart(calls, part);
    if (typeof content !== "string" || content === "") continue;
    texts.push(content);
    onText(content);
  }
  if (finishReason === null) throw new BrokenAnswerError("no finish reason");
  const toolCalls = [...calls.values()].map((call) => ({ ...call, arguments: call.arguments.join("") }));
  return { text: texts.join(""), refusal: refusals.join(""), toolCalls, finishReason, usage, model };
}

function addCallPart(
  calls: Map<number, { id: string; name: string; arguments: string[] }>,
  part: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall,
): void {
  const call = calls.get(part.index) ?? { id: "", name: "", arguments: [] };
  calls.set(part.index, call);
  call.id ||= part.id ?? "";
  call.name ||= part.function?.name ?? "";
  if (part.function?.arguments !== undefined) call.arguments.push(part.function.arguments);
}

/** The answer of the port. */
export function toOpenAiAnswer(parts: OpenAiParts, request: ChatRequest, provider: string): ChatAnswer {
  const toolCalls = parts.toolCalls.map(toToolCall);
  return {
    text: parts.text === "" ? parts.refusal : parts.text,
    toolCalls,
    finishReason: parts.refusal === "" ? toFinishReason(parts.finishReason, toolCalls) : "content_filter",
    usage: toUsage(parts, request),
    model: typeof parts.model === "string" && parts.model !== "" ? parts.model : request.model,
    provider,
  };
}

function toToolCall(call: OpenAiParts["toolCalls"][number], index: number): ToolCall {
  return { id: call.id || `call_${index}`, name: call.name, arguments: parseToolArguments(call.arguments ?? "") };
}

function toFinishReason(reason: string | null, toolCalls: readonly ToolCall[]): ChatAnswer["finishReason"] {
  if (reason === "length" || reason === "content_filter") return reason;
  if (toolCalls.length > 0 || reason === "tool_calls" || reason === "function_call") return "tool_calls";
  return reason === "stop" ? "stop" : "other";
}

/** Endpoints that count nothing are counted by estimate, so that budgets hold with them too. */
function toUsage({ usage, text, toolCalls }: OpenAiParts, request: ChatRequest): ChatUsage {
  if (usage === null || usage === undefined) {
    const promptTokens = estimatePromptTokens(request);
    const completionTokens = estimateTokens(text) + estimateTokens(toolCalls.map((call) => call.arguments).join(""));
    return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
  }
  const promptTokens = toCount(usage.prompt_tokens);
  const completionTokens = toCount(usage.completion_tokens);
  const cachedPromptTokens = toCount(usage.prompt_tokens_details?.cached_tokens);
  return {
    promptTokens,
    completionTokens,
    totalTokens: toCount(usage.total_tokens) || promptTokens + completionTokens,
    ...(cachedPromptTokens > 0 && { cachedPromptTokens }),
  };
}
