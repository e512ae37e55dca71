import type { NodeType } from "@automatrix/core";
import { type TestNodeBuilder, testNode } from "@automatrix/core/testing";
import { createAiNodes } from "../../src/ai/ai-nodes.js";
import type { AiOptions } from "../../src/ai/ai-options.js";
import { TEST_KEY } from "./ai-context.js";
import type { FakeAiProvider } from "./fake-ai-provider.js";

/** Providers of every kind at the fake one. */
export function fakeProviders({ url, openAiUrl }: FakeAiProvider): NonNullable<AiOptions["providers"]> {
  return {
    openai: { kind: "openai", baseUrl: openAiUrl },
    anthropic: { kind: "anthropic", baseUrl: url },
    stability: { kind: "stability", baseUrl: url },
    google: { kind: "google", baseUrl: url },
  };
}

/** An AI node whose providers are all the fake one. */
export function aiNode(fake: FakeAiProvider, type: string, options: AiOptions = {}): NodeType {
  const nodes = createAiNodes({ providers: fakeProviders(fake), ...options });
  return nodes.find((node) => node.type === type) as NodeType;
}

/** The same, ready to be run. */
export function testAiNode(fake: FakeAiProvider, type: string, options: AiOptions = {}): TestNodeBuilder {
  const key = { apiKey: TEST_KEY };
  return testNode(aiNode(fake, type, options))
    .engine({ http: fetch })
    .credentials({ openai: key, anthropic: key, stability: key, google: key });
}
