import { defineNode, type NodeType, z } from "@automatrix/core";
import { usageOutput } from "../asking/answer-output.js";
import { ask } from "../asking/ask.js";
import { chatParameters, promptParameter, streamParameter, systemParameters } from "../asking/model-parameters.js";
import { systemMessages } from "../asking/system-prompt.js";
import { toText } from "../asking/to-text.js";
import type { ModelSource } from "../model-source.js";
import { createConversations, toMessages } from "./conversation.js";

const DEFAULT_MAX_TURNS = 20;
const MAX_MAX_TURNS = 1_000;
const DEFAULT_MAX_HISTORY_TOKENS = 8_000;
const MAX_MAX_HISTORY_TOKENS = 1_000_000;
const DEFAULT_KEEP_FOR_MS = 7 * 24 * 60 * 60 * 1_000;

const aiChatParameters = () =>
  z.object({
    prompt: promptParameter().describe("What the user says now; a value that is no text is written as JSON."),
    conversationKey: z
      .union([z.string().min(1).max(1_024), z.number()])
      .describe("Names the conversation within the tenant, for example a customer's id; equal keys go on with it."),
    ...systemParameters(),
    ...chatParameters(),
    maxTurns: z
      .number()
      .int()
      .min(0)
      .max(MAX_MAX_TURNS)
      .default(DEFAULT_MAX_TURNS)
      .describe("The most earlier turns that the model is reminded of."),
    maxHistoryTokens: z
      .number()
      .int()
      .min(0)
      .max(MAX_MAX_HISTORY_TOKENS)
      .default(DEFAULT_MAX_HISTORY_TOKENS)
      .describe("The most tokens, by estimate, that earlier turns may have; the oldest are forgotten first."),
    keepForMs: z
      .number()
      .int()
      .min(1)
      .default(DEFAULT_KEEP_FOR_MS)
      .describe("Milliseconds after the last turn for which the conversation is kept."),
    stream: streamParameter(),
  });

/** Goes on with a conversation that is kept by key. */
export function createAiChat(
  models: ModelSource,
  credentials: readonly string[],
): NodeType<"ai_chat", ReturnType<typeof aiChatParameters>> {
  const conversations = createConversations();
  return defineNode({
    type: "ai_chat",
    label: "Chat with AI",
    description: "Asks a language model with the earlier turns of the same conversation, and remembers this one.",
    category: "ai",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    credentials,
    parameters: aiChatParameters,
    example: {
      parameters: { prompt: "{{input.message}}", conversationKey: "{{input.customer_id}}" },
      input: { message: "And on Saturdays?", customer_id: "c-17" },
    },
    async execute(ctx) {
      const { prompt, conversationKey, system, context, stream } = ctx.parameters;
      const { maxTurns, maxHistoryTokens: maxTokens, keepForMs: ttlMs } = ctx.parameters;
      const id = ctx.idempotencyKey;
      const user = toText(prompt);
      const place = {
        cache: ctx.cache,
        tenant: ctx.execution.tenant,
        key: String(conversationKey),
        limits: { maxTurns, maxTokens, ttlMs },
      };
      const answer = await ctx.step("answer", async () => {
        const history = toMessages(await conversations.recall(place, id));
        const messages = [...systemMessages(system, context), ...history, { role: "user", content: user } as const];
        return ask(ctx, models, { messages, isStreamed: stream });
      });
      const turns = await conversations.remember(place, { id, user, assistant: answer.text });
      return { ai_response: answer.text, turns, ...usageOutput(answer) };
    },
  });
}
