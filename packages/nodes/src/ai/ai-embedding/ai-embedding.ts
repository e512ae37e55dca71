import { defineNode, type NodeContext, type NodeType, z } from "@automatrix/core";
import { providerParameters, textParameter } from "../asking/model-parameters.js";
import { toText } from "../asking/to-text.js";
import { DEFAULT_BATCH_SIZE, type Embedder, MAX_BATCH_SIZE } from "./embedder.js";

const MAX_TEXTS = 10_000;
const MAX_DIMENSIONS = 16_384;

const aiEmbeddingParameters = () =>
  z.object({
    texts: z
      .union([z.array(textParameter()).max(MAX_TEXTS), z.string()])
      .optional()
      .describe(`One text or a list of up to ${MAX_TEXTS}; the input when left out.`),
    ...providerParameters(),
    dimensions: z
      .number()
      .int()
      .min(1)
      .max(MAX_DIMENSIONS)
      .optional()
      .describe("Length of the vectors, for models that can shorten them."),
    batchSize: z
      .number()
      .int()
      .min(1)
      .max(MAX_BATCH_SIZE)
      .default(DEFAULT_BATCH_SIZE)
      .describe("Texts in one call of the provider."),
  });

/** Turns texts into vectors for searching by meaning. */
export function createAiEmbedding(
  embedder: Embedder,
  credentials: readonly string[],
): NodeType<"ai_embedding", ReturnType<typeof aiEmbeddingParameters>> {
  return defineNode({
    type: "ai_embedding",
    label: "Embed text",
    description: "Turns texts into vectors, in batches; a batch that was paid is not paid again.",
    category: "ai",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    credentials,
    parameters: aiEmbeddingParameters,
    example: { parameters: { texts: ["a red car", "a blue boat"] } },
    async execute(ctx) {
      const { texts = ctx.input as unknown, ...request } = ctx.parameters;
      const list = Array.isArray(texts) ? texts.map(toText) : [toText(texts)];
      const { vectors, model, tokens, cost } = await embedder.embed(ctx as unknown as NodeContext, {
        ...request,
        texts: list,
      });
      return {
        embeddings: vectors,
        ...(!Array.isArray(texts) && { embedding: vectors[0] }),
        dimensions: vectors[0]?.length ?? 0,
        model_used: model,
        tokens_used: tokens,
        usage: { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens },
        cost,
      };
    },
  });
}
