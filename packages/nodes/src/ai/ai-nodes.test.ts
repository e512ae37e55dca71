import { type NodeType, z } from "@automatrix/core";
import { testEngine } from "@automatrix/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TEST_KEY } from "../../test/support/ai-context.js";
import { fakeProviders } from "../../test/support/ai-node-test.js";
import { type FakeAiProvider, startFakeAiProvider } from "../../test/support/fake-ai-provider.js";
import { createAiNodes } from "./ai-nodes.js";
import type { AiOptions } from "./ai-options.js";

let fake: FakeAiProvider;

beforeEach(async () => {
  fake = await startFakeAiProvider();
});

afterEach(() => fake.close());

describe("createAiNodes", () => {
  it("holds every AI node of the catalogue but the agent, each described", () => {
    const nodes = createAiNodes();
    expect(nodes.map(({ type }) => type)).toEqual([
      "ai_process",
      "ai_chat",
      "ai_extract",
      "ai_classify",
      "ai_embedding",
      "ai_image",
      "ai_moderate",
    ]);
    for (const node of nodes) {
      expect(node).toMatchObject({ category: "ai", effects: "idempotent", permissions: ["net", "credentials"] });
      expect(node.credentials).toEqual(["openai", "anthropic", "stability", "google"]);
      expect(node.description && node.example, node.type).toBeTruthy();
      expect(undescribed(node), node.type).toEqual([]);
    }
  });

  it("names the credentials of the providers that it was given", () => {
    const [node] = createAiNodes({
      providers: {
        main: { kind: "openai", credential: "openai-eu" },
        local: { kind: "openai_compatible", baseUrl: "http://x", credential: null },
        azure: { kind: "azure_openai", endpoint: "https://x" },
      },
    });
    expect(node?.credentials).toEqual(["openai-eu", "azure"]);
  });
});

describe("the whole layer in an engine", () => {
  const run = async (options: AiOptions, parameters: readonly object[], tenant = "t1") => {
    const key = { apiKey: TEST_KEY };
    await using engine = await testEngine({
      nodes: createAiNodes({ providers: fakeProviders(fake), ...options }),
      http: fetch,
      secrets: { get: async () => key },
    });
    const nodes = parameters.map((data, index) => ({
      id: `n${index}`,
      type: "ai_process",
      data: { stream: false, ...data },
      retry: { maxAttempts: 1 },
    }));
    return await engine.run({ nodes, settings: { onFailure: "drain", maxConcurrency: 50 } }, { input: {}, tenant });
  };

  it("falls back in order to another provider", async () => {
    fake.reply({ status: 503 }, { status: 429 }, { text: "from Claude" });
    const fallbacks = {
      "gpt-4o": [{ model: "gpt-4o-mini" }, { provider: "anthropic", model: "claude-haiku-4-5" }],
    };
    const { output } = await run({ fallbacks }, [{ prompt: "x", model: "gpt-4o" }]);
    expect(output).toMatchObject({ ai_response: "from Claude", model_used: "claude-haiku-4-5" });
    expect(fake.requests.map(({ body }) => body.model)).toEqual(["gpt-4o", "gpt-4o-mini", "claude-haiku-4-5"]);
  });

  it("keeps parallel nodes of a tenant within its budget", async () => {
    const budgets = { limits: [{ period: "day", tokens: 500 }] } as const;
    const prompts = Array.from({ length: 20 }, () => ({ prompt: "x", maxTokens: 90 }));
    const { nodes } = await run({ budgets }, prompts);
    const ended = Object.values(nodes);
    const codes = ended.flatMap(({ error }) => error?.code ?? []);
    expect(new Set(codes)).toEqual(new Set(["ai_budget_exceeded"]));
    expect(fake.requests.length * 15).toBeLessThanOrEqual(500);
    expect(fake.requests.length).toBe(ended.filter(({ status }) => status === "completed").length);
    expect(fake.requests.length).toBeGreaterThan(0);
  });

  it("answers from the cache", async () => {
    const options: AiOptions = { cache: {} };
    const key = { apiKey: TEST_KEY };
    await using engine = await testEngine({
      nodes: createAiNodes({ providers: fakeProviders(fake), ...options }),
      http: fetch,
      secrets: { get: async () => key },
    });
    const definition = { nodes: [{ id: "n", type: "ai_process", data: { prompt: "x", temperature: 0 } }] };
    const first = await engine.run(definition, { input: {} });
    const second = await engine.run(definition, { input: {} });
    expect(first.output).toMatchObject({ ai_response: "You said: x", cost: expect.any(Number) });
    expect(second.output).toMatchObject({ ai_response: "You said: x", cost: 0 });
    expect(fake.requests).toHaveLength(1);
  });
});

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function undescribed(node: NodeType): readonly string[] {
  const schema = z.toJSONSchema(node.parameterSchema as z.ZodType, { io: "input" }) as JsonSchema;
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    property.description === undefined ? [name] : [],
  );
}
