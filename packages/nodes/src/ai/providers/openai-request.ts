import type { OpenAI } from "openai";
import type { ChatMessage, ChatRequest, ChatTool } from "../chat-model.js";
import { type OpenAiProvider, wireModel } from "./openai-client.js";

type Message = OpenAI.ChatCompletionMessageParam;
type Body = OpenAI.ChatCompletionCreateParams;

/** Models that think before they answer: they count their limit in another field and choose their own temperature. */
const REASONING_MODEL = /^(?:o\d|gpt-[5-9](?!.*chat))/;
const SCHEMA_NAME = "answer";

/** The body of a request to `/chat/completions`. */
export function toOpenAiBody(request: ChatRequest, settings: OpenAiProvider): Body {
  const { model, messages, tools = [], responseSchema } = request;
  return {
    model: wireModel(settings, model),
    messages: messages.map(toMessage),
    ...limits(request, settings),
    ...(tools.length > 0 && { tools: tools.map(toTool) }),
    ...(responseSchema?.["type"] === "object" &&
      takesSchema(settings) && { response_format: toFormat(responseSchema) }),
    ...(request.onText !== undefined && { stream: true, stream_options: { include_usage: true } }),
  } as Body;
}

function limits({ model, temperature, maxTokens }: ChatRequest, { kind }: OpenAiProvider): Partial<Body> {
  if (kind !== "openai_compatible" && REASONING_MODEL.test(model))
    return maxTokens === undefined ? {} : { max_completion_tokens: maxTokens };
  return {
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
  };
}

function takesSchema(settings: OpenAiProvider): boolean {
  return settings.kind !== "openai_compatible" || settings.structuredOutput !== false;
}

function toMessage(message: ChatMessage): Message {
  switch (message.role) {
    case "tool":
      return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
    case "assistant":
      return toAssistantMessage(message);
    default:
      return { role: message.role, content: message.content };
  }
}

function toAssistantMessage({ content, toolCalls = [] }: Extract<ChatMessage, { role: "assistant" }>): Message {
  if (toolCalls.length === 0) return { role: "assistant", content };
  return {
    role: "assistant",
    content: content === "" ? null : content,
    tool_calls: toolCalls.map(({ id, name, arguments: given }) => ({
      id,
      type: "function",
      function: { name, arguments: typeof given === "string" ? given : JSON.stringify(given ?? {}) },
    })),
  };
}

function toTool({ name, description, parameters }: ChatTool): OpenAI.ChatCompletionTool {
  return { type: "function", function: { name, description, parameters } };
}

/** Not strict: the strict mode refuses most schemas that people write, and answers are checked anyway. */
function toFormat(schema: Readonly<Record<string, unknown>>): Body["response_format"] {
  return { type: "json_schema", json_schema: { name: SCHEMA_NAME, schema, strict: false } };
}
