import type { NodeContext } from "@automatrix/core";
import type { ChatAnswer, ChatMessage, ChatRequest } from "../chat-model.js";
import type { ModelSource } from "../model-source.js";

/** The parameters that {@link ask} reads. */
export interface AskingParameters {
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly stickyKey?: string | number | undefined;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly timeoutMs: number;
}

export interface Question {
  readonly messages: readonly ChatMessage[];
  readonly responseSchema?: Readonly<Record<string, unknown>>;
  /** Passes the text on as it comes. */
  readonly isStreamed?: boolean;
  /** Tells the calls of one node apart. */
  readonly part?: string;
}

/** Asks the model that a node's parameters name. */
export async function ask(
  ctx: NodeContext<AskingParameters>,
  models: ModelSource,
  question: Question,
): Promise<ChatAnswer> {
  const { provider, model: wanted, stickyKey, temperature, maxTokens, timeoutMs } = ctx.parameters;
  const { model, modelName } = await models.open(ctx as unknown as NodeContext, {
    provider,
    model: wanted,
    stickyKey: stickyKey === undefined ? undefined : String(stickyKey),
  });
  const { messages, responseSchema, isStreamed = false, part } = question;
  const request: ChatRequest = {
    model: modelName,
    messages,
    temperature,
    maxTokens,
    timeoutMs,
    idempotencyKey: part === undefined ? ctx.idempotencyKey : `${ctx.idempotencyKey}:${part}`,
    signal: ctx.signal,
    ...(responseSchema !== undefined && { responseSchema }),
    ...(isStreamed && { onText: (text: string) => ctx.stream(text) }),
  };
  return model.complete(request);
}
