import { FatalNodeError, type NodeContext } from "@automatrix/core";
import { checkVector } from "./check-records.js";
import type { VectorStore } from "./vector-store.js";

/**
 * Makes a vector of each text, in their order and of one length. The context is that of the node that asks: its `http`,
 * `signal` and `credentials` are there to be used.
 */
export type EmbedTexts = (
  texts: readonly string[],
  ctx: NodeContext<unknown>,
) => Promise<readonly (readonly number[])[]>;

/** What the knowledge nodes work with. */
export interface KnowledgeOptions {
  /** Where vectors are kept: `sqliteVectorStore`, `pgvectorStore`, `memoryVectorStore`, or one of your own. */
  readonly store?: VectorStore;
  /** Turns text into vectors; without it the nodes take vectors only. */
  readonly embed?: EmbedTexts;
  /** Texts handed to `embed` at once. Default 100. */
  readonly embedBatchSize?: number;
}

const DEFAULT_EMBED_BATCH_SIZE = 100;

/** @throws FatalNodeError `not_configured` */
export function requireStore({ store }: KnowledgeOptions): VectorStore {
  if (store !== undefined) return store;
  throw notConfigured("No vector store is configured; give `store` to createKnowledgeNodes({ store }).");
}

/**
 * A vector for each text.
 * @throws FatalNodeError `not_configured` without `embed`, `invalid_input` when it answers with something else
 */
export async function embedTexts(
  texts: readonly string[],
  { embed, embedBatchSize = DEFAULT_EMBED_BATCH_SIZE }: KnowledgeOptions,
  ctx: NodeContext<unknown>,
): Promise<readonly (readonly number[])[]> {
  if (texts.length === 0) return [];
  if (embed === undefined) {
    throw notConfigured(
      "Text needs an embedding function; give `embed` to createKnowledgeNodes({ store, embed }), or a vector.",
    );
  }
  const vectors: (readonly number[])[] = [];
  for (let start = 0; start < texts.length; start += embedBatchSize) {
    ctx.signal.throwIfAborted();
    const batch = texts.slice(start, start + embedBatchSize);
    const answer = await embed(batch, ctx);
    if (answer.length !== batch.length) {
      throw new FatalNodeError(`The embedding function made ${answer.length} vectors of ${batch.length} texts.`, {
        code: "invalid_input",
      });
    }
    for (const vector of answer) checkVector(vector, "A vector of the embedding function");
    vectors.push(...answer);
  }
  return vectors;
}

function notConfigured(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "not_configured" });
}
