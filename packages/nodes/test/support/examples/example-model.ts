import type { ChatAnswer, ChatRequest } from "../../../src/ai/chat-model.js";
import { scriptedModel } from "../scripted-model.js";

/** What the model uses its tool for. */
const QUESTION = "Which of our open orders is the oldest?";
/** What the model says to words in the last message. */
const TEXTS: readonly (readonly [words: string, answer: string])[] = [
  ["The car needs new brakes", "The car needs brakes, its owner a loan car."],
  ["And on Saturdays?", "On Saturdays we open at ten."],
  ["Hello", "Hello, how can I help you?"],
];

/** A model that does what the AI examples ask of it, and fails for anything else. */
export const exampleModel = scriptedModel(answerTo, "local");

function answerTo({ messages, tools = [], responseSchema }: ChatRequest): Partial<ChatAnswer> {
  const { role, content = "" } = messages.at(-1) ?? {};
  if (role === "tool") return { text: `The oldest open order is ${oldestOrder(content)}.` };
  if (tools[0] !== undefined && content === QUESTION)
    return { toolCalls: [{ id: "call_1", name: tools[0].name, arguments: {} }], finishReason: "tool_calls" };
  if (responseSchema !== undefined) return { text: JSON.stringify(toData(content)) };
  const text = TEXTS.find(([words]) => content.includes(words))?.[1];
  if (text === undefined) throw new Error(`The model of the examples has no answer to "${content}".`);
  return { text };
}

function oldestOrder(content: string): string | undefined {
  const orders = JSON.parse(content) as { readonly id: string; readonly placedOn: string }[];
  return orders.sort((one, other) => one.placedOn.localeCompare(other.placedOn))[0]?.id;
}

/** As `ai_extract` and `ai_classify` ask for it. */
function toData(content: string): unknown {
  const name = /this is ([\w ]+)\./.exec(content)?.[1];
  return name === undefined ? { class: content.endsWith("?") ? "question" : "fallback", confidence: 0.9 } : { name };
}
