import type { NodeType } from "@automatrix/core";
import { createAiChat } from "./ai-chat/ai-chat.js";
import { createAiClassify } from "./ai-classify/ai-classify.js";
import { createAiEmbedding } from "./ai-embedding/ai-embedding.js";
import { createEmbedder } from "./ai-embedding/embedder.js";
import { createAiExtract } from "./ai-extract/ai-extract.js";
import { createAiImage } from "./ai-image/ai-image.js";
import { type AiLayer, createAiLayer } from "./ai-layer.js";
import { createAiModerate } from "./ai-moderate/ai-moderate.js";
import { type AiOptions, credentialsOf } from "./ai-options.js";
import { createAiProcess } from "./ai-process/ai-process.js";
import { createModelSource } from "./model-source.js";

/**
 * Nodes that call AI providers.
 *
 * @param layer the layer of the engine's AI nodes, when others (an agent, a knowledge base) share its budgets and circuits
 */
export function createAiNodes(options: AiOptions = {}, layer: AiLayer = createAiLayer(options)): readonly NodeType[] {
  const models = createModelSource(options, layer);
  const credentials = credentialsOf(layer.options);
  return Object.freeze([
    createAiProcess(models, credentials),
    createAiChat(models, credentials),
    createAiExtract(models, credentials),
    createAiClassify(models, credentials),
    createAiEmbedding(createEmbedder(layer), credentials),
    createAiImage(layer, credentials),
    createAiModerate(layer, credentials),
  ]);
}
