import type { Anthropic } from "@anthropic-ai/sdk";
import type { ChatMessage, ChatRequest } from "../chat-model.js";

type Body = Anthropic.MessageCreateParams;
type Block = Anthropic.ContentBlockParam;

/** The wire format demands a limit. */
const DEFAULT_MAX_TOKENS = 4_096;
const MAX_TEMPERATURE = 1;
/** Tool by which a model hands in an answer that is to meet a schema. */
export const ANSWER_TOOL = "answer";

/** Claude up to 4.6: takes a temperature, and can be made to call a tool. Later ones choose both themselves. */
const CLAUDE_UP_TO_4_6 = /^claude-(?:[23]|instant|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:$|-\d{8}|@|-latest))/;
const ANY_CLAUDE = /^claude-/;

/** The body of a request to `/v1/messages`. */
export function toAnthropicBody(request: ChatRequest): Body {
  const { model, maxTokens = DEFAULT_MAX_TOKENS, temperature, onText } = request;
  const isEarlier = CLAUDE_UP_TO_4_6.test(model) || !ANY_CLAUDE.test(model);
  const system = systemText(request);
  return {
    model,
    max_tokens: maxTokens,
    messages: toMessages(request.messages),
    ...(system !== "" && { system }),
    ...(temperature !== undefined && isEarlier && { temperature: Math.min(temperature, MAX_TEMPERATURE) }),
    ...toolParts(request, isEarlier),
    ...(onText !== undefined && { stream: true }),
  } as Body;
}

/** True when the answer is to come by the answer tool. */
export function wantsAnswerTool({ responseSchema }: ChatRequest): boolean {
  return responseSchema?.["type"] === "object";
}

function systemText(request: ChatRequest): string {
  const texts = request.messages.flatMap(({ role, content }) => (role === "system" ? [content] : []));
  if (wantsAnswerTool(request)) texts.push(`Give your final answer by calling the tool "${ANSWER_TOOL}".`);
  return texts.join("\n\n");
}

function toolParts(request: ChatRequest, canBeForced: boolean): Partial<Body> {
  const { tools = [], responseSchema } = request;
  const own = tools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters }));
  const isAnswer = wantsAnswerTool(request);
  const answer = isAnswer
    ? [{ name: ANSWER_TOOL, description: "Hands in the final answer.", input_schema: responseSchema }]
    : [];
  const all = [...own, ...answer] as Anthropic.Tool[];
  if (all.length === 0) return {};
  const isForced = isAnswer && own.length === 0 && canBeForced;
  return { tools: all, ...(isForced && { tool_choice: { type: "tool", name: ANSWER_TOOL } as const }) };
}

/** Turns of the same side become one, since results of tools have to stand in one turn of the user. */
function toMessages(messages: readonly ChatMessage[]): Anthropic.MessageParam[] {
  const turns: { role: "user" | "assistant"; content: Block[] }[] = [];
  for (const message of messages) {
    if (message.role === "system") continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const blocks = toBlocks(message);
    const last = turns.at(-1);
    if (blocks.length === 0) continue;
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  }
  return turns;
}

function toBlocks(message: ChatMessage): Block[] {
  if (message.role === "tool")
    return [{ type: "tool_result", tool_use_id: message.toolCallId, content: message.content }];
  const text: Block[] = message.content.trim() === "" ? [] : [{ type: "text", text: message.content }];
  if (message.role !== "assistant") return text;
  const calls = (message.toolCalls ?? []).map(
    ({ id, name, arguments: given }): Block => ({ type: "tool_use", id, name, input: toToolInput(given) }),
  );
  return [...text, ...calls];
}

/** The wire format knows objects only. */
function toToolInput(given: unknown): Record<string, unknown> {
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  return isObject ? (given as Record<string, unknown>) : { value: given };
}
