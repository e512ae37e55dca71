import type { ChatMessage, ChatRequest } from "../chat-model.js";

/** Tokens of real tokenizers have about four bytes of English and three of most other writing. */
const BYTES_PER_TOKEN = 3;
/** What providers add for the role and the ends of a message. */
const TOKENS_PER_MESSAGE = 4;

/** A cheap guess at the tokens of a text, mostly somewhat above the real number. Takes the same time for any text of a length. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** The same for a message with its tool calls. */
export function estimateMessageTokens(message: ChatMessage): number {
  const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
  const callText = calls.length === 0 ? "" : JSON.stringify(calls);
  return estimateTokens(message.content) + estimateTokens(callText) + TOKENS_PER_MESSAGE;
}

/** The same for everything that a request sends. */
export function estimatePromptTokens({ messages, tools = [], responseSchema }: ChatRequest): number {
  const schemas = [...tools, ...(responseSchema === undefined ? [] : [responseSchema])];
  const schemaTokens = schemas.length === 0 ? 0 : estimateTokens(JSON.stringify(schemas));
  return messages.reduce((sum, message) => sum + estimateMessageTokens(message), schemaTokens);
}
