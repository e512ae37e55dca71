import { memoryVectorStore } from "../../../src/knowledge/stores/memory-vector-store.js";
import type { VectorStore } from "../../../src/knowledge/vector-store.js";

/** Each is one dimension. */
const WORDS = ["brake", "fluid", "tyre"];
const MANUALS = { tenant: null, namespace: "manuals" };

/** Counts words, so that texts about the same are alike. */
export async function embedByWords(texts: readonly string[]): Promise<readonly (readonly number[])[]> {
  return texts.map((text) => WORDS.map((word) => text.toLowerCase().split(word).length - 1));
}

/** A store with manuals of two models. */
export async function manualsStore(): Promise<VectorStore> {
  const store = memoryVectorStore();
  await store.upsert(
    MANUALS,
    await Promise.all([
      toRecord("tyres-1", "Check the tyres and the brakes every month.", "X3"),
      toRecord("brakes-1", "Check the brake fluid every two years.", "X3"),
      toRecord("brakes-2", "Brake fluid: every three years.", "Z4"),
    ]),
  );
  return store;
}

async function toRecord(id: string, text: string, model: string) {
  const [vector = []] = await embedByWords([text]);
  return { id, text, vector, metadata: { model } };
}
