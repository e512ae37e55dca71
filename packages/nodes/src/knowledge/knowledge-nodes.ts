import type { NodeType } from "@automatrix/core";
import type { KnowledgeOptions } from "./knowledge-options.js";
import { createVectorSearch } from "./vector-search/vector-search.js";
import { createVectorUpsert } from "./vector-upsert/vector-upsert.js";

/** Nodes that keep and find knowledge. Without a store they are there, and fail with `not_configured`. */
export function createKnowledgeNodes(options: KnowledgeOptions = {}): readonly NodeType[] {
  return Object.freeze([createVectorUpsert(options), createVectorSearch(options)]);
}
