import type { NodeContext } from "@automatrix/core";
import type { AiLayer } from "../ai-layer.js";
import { DEFAULT_CALL_TIMEOUT_MS } from "../ai-options.js";
import { sumOfCosts } from "../asking/answer-output.js";
import type { ChatUsage } from "../chat-model.js";
import { callProvider } from "../provider-call.js";
import { notConfigured } from "../provider-error.js";
import { idempotencyHeader } from "../providers/idempotency-header.js";
import { isOpenAiProvider, openAiClient, wireModel } from "../providers/openai-client.js";
import { BrokenAnswerError } from "../providers/stream-answer.js";
import { routeTo } from "../routing.js";
import { estimateTokens } from "../tokens/estimate-tokens.js";

const DEFAULT_EMBEDDING_MODEL = "text-embedding-3-small";
export const DEFAULT_BATCH_SIZE = 100;
/** What OpenAI takes at most in one call. */
export const MAX_BATCH_SIZE = 2_048;

/** Texts that vectors are wanted for. */
export interface EmbeddingRequest {
  readonly texts: readonly string[];
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** Length of the vectors, for models that can shorten them. */
  readonly dimensions?: number | undefined;
  /** Texts in one call. Default 100. */
  readonly batchSize?: number | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface Embeddings {
  /** One vector for each text, in order. */
  readonly vectors: readonly (readonly number[])[];
  readonly model: string;
  readonly tokens: number;
  /** US dollars; null when no price is known. */
  readonly cost: number | null;
}

/** Turns texts into vectors. */
export interface Embedder {
  /** Each batch is a step of the node: recorded ones are not paid again. */
  embed(ctx: NodeContext, request: EmbeddingRequest): Promise<Embeddings>;
}

interface Batch {
  readonly vectors: readonly (readonly number[])[];
  readonly tokens: number;
  readonly cost: number | null;
}

/** An embedder on the providers of the options. */
export function createEmbedder(layer: AiLayer): Embedder {
  return {
    async embed(ctx, request) {
      const { texts, batchSize = DEFAULT_BATCH_SIZE } = request;
      const route = routeTo(ctx, layer.options, {
        provider: request.provider,
        model: request.model ?? layer.options.defaults?.embeddingModel ?? DEFAULT_EMBEDDING_MODEL,
      });
      const batches: Batch[] = [];
      for (let from = 0; from < texts.length; from += batchSize) {
        const part = texts.slice(from, from + batchSize);
        const key = `${ctx.idempotencyKey}:${from}`;
        batches.push(await ctx.step("batch", () => embedBatch(ctx, layer, route, { ...request, texts: part, key })));
        ctx.progress(Math.min(1, (from + batchSize) / texts.length));
      }
      return {
        vectors: batches.flatMap(({ vectors }) => vectors),
        model: route.model,
        tokens: batches.reduce((sum, { tokens }) => sum + tokens, 0),
        cost: sumOfCosts(batches.map(({ cost }) => cost)),
      };
    },
  };
}

function embedBatch(
  ctx: NodeContext,
  layer: AiLayer,
  { provider, settings, model }: ReturnType<typeof routeTo>,
  { texts, dimensions, timeoutMs, key }: EmbeddingRequest & { readonly key: string },
): Promise<Batch> {
  if (!isOpenAiProvider(settings))
    throw notConfigured(
      `The AI provider "${provider}" (${settings.kind}) makes no vectors here; name one of OpenAI's kind.`,
    );
  const costOf = (usage: ChatUsage) => layer.prices.costOfTokens({ provider, kind: settings.kind, model }, usage);
  const estimate = toUsage(texts.reduce((sum, text) => sum + estimateTokens(text), 0));
  return callProvider(ctx, layer, {
    provider,
    settings,
    model,
    timeoutMs: timeoutMs ?? layer.options.defaults?.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
    estimate: { tokens: estimate.totalTokens, money: costOf(estimate) },
    spentBy: ({ tokens, cost }) => ({ tokens, money: cost }),
    run: async (session, signal) => {
      const answer = await openAiClient(session).embeddings.create(
        {
          model: wireModel(settings, model),
          input: [...texts],
          encoding_format: "float",
          ...(dimensions !== undefined && { dimensions }),
        },
        { signal, headers: idempotencyHeader(key) },
      );
      const usage = toUsage(answer.usage?.prompt_tokens ?? estimate.totalTokens);
      return { vectors: inOrder(answer.data, texts.length), tokens: usage.totalTokens, cost: costOf(usage) };
    },
  });
}

function inOrder(
  data: readonly { readonly index: number; readonly embedding: readonly number[] }[] | undefined,
  count: number,
): readonly (readonly number[])[] {
  const vectors: (readonly number[])[] = [];
  for (const { index, embedding } of data ?? []) if (Array.isArray(embedding)) vectors[index] = embedding;
  const isWhole = vectors.length === count && Object.keys(vectors).length === count;
  if (!isWhole) throw new BrokenAnswerError("not one vector for each text");
  return vectors;
}

function toUsage(tokens: number): ChatUsage {
  return { promptTokens: tokens, completionTokens: 0, totalTokens: tokens };
}
