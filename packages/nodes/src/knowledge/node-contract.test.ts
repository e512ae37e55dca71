import { conformance } from "@automatrix/core/testing";
import { describe, it } from "vitest";
import { createKnowledgeNodes } from "./knowledge-nodes.js";
import { memoryVectorStore } from "./stores/memory-vector-store.js";

const embed = async (texts: readonly string[]) => texts.map((text) => [1, text.length]);

for (const node of createKnowledgeNodes({ store: memoryVectorStore(), embed })) conformance(node, { describe, it });
