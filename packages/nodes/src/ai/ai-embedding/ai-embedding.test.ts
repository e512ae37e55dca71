import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testAiNode } from "../../../test/support/ai-node-test.js";
import { type FakeAiProvider, startFakeAiProvider } from "../../../test/support/fake-ai-provider.js";

let fake: FakeAiProvider;

beforeEach(async () => {
  fake = await startFakeAiProvider();
});

afterEach(() => fake.close());

describe("ai_embedding", () => {
  const embed = (parameters: Readonly<Record<string, unknown>>, settings: object = { retry: { maxAttempts: 1 } }) =>
    testAiNode(fake, "ai_embedding").parameters(parameters).settings(settings).run();

  it("answers with a vector for each text, in order, whatever the batches", async () => {
    const { output } = await embed({ texts: ["a", "bb", "ccc", "dddd", "eeeee"], batchSize: 2 });
    expect(output).toEqual({
      embeddings: [
        [1, 1],
        [2, 1],
        [3, 1],
        [4, 1],
        [5, 1],
      ],
      dimensions: 2,
      model_used: "text-embedding-3-small",
      tokens_used: 5,
      usage: { prompt_tokens: 5, completion_tokens: 0, total_tokens: 5 },
      cost: 0.0000001,
    });
    expect(fake.requests.map(({ body }) => body.input)).toEqual([["a", "bb"], ["ccc", "dddd"], ["eeeee"]]);
  });

  it("answers with one vector for one text, and none for none", async () => {
    expect((await embed({ texts: "abc", dimensions: 2 })).output).toMatchObject({ embedding: [3, 1] });
    expect(fake.requests[0]?.body.dimensions).toBe(2);
    expect((await embed({ texts: [] })).output).toMatchObject({ embeddings: [], dimensions: 0 });
  });

  it("does not pay a recorded batch again", async () => {
    fake.reply({}, { status: 500 });
    const { output, attempts } = await embed(
      { texts: ["a", "bb"], batchSize: 1 },
      { retry: { maxAttempts: 2, delaysMs: [0] } },
    );
    expect(attempts).toBe(2);
    expect(output).toMatchObject({
      embeddings: [
        [1, 1],
        [2, 1],
      ],
    });
    expect(fake.requests.map(({ body }) => body.input[0])).toEqual(["a", "bb", "bb"]);
  });

  it.each([[[[1]]], [[]], [[[1], [2], [3]]]])("retries after %j for two texts", async (vectors) => {
    fake.reply({ vectors });
    const { error } = await embed({ texts: ["a", "b"] });
    expect(error).toMatchObject({ code: "ai_provider_error", details: { reason: "broken_answer" } });
  });

  it("says which providers make vectors", async () => {
    expect((await embed({ texts: "a", provider: "anthropic" })).error?.code).toBe("not_configured");
  });

  it("counts against the budget", async () => {
    const { error } = await testAiNode(fake, "ai_embedding", { budgets: { limits: [{ period: "day", tokens: 2 }] } })
      .parameters({ texts: ["a text that is too long for that"] })
      .run();
    expect(error?.code).toBe("ai_budget_exceeded");
    expect(fake.requests).toEqual([]);
  });
});
