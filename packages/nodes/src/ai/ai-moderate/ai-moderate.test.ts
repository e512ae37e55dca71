import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testAiNode } from "../../../test/support/ai-node-test.js";
import { type FakeAiProvider, startFakeAiProvider } from "../../../test/support/fake-ai-provider.js";

let fake: FakeAiProvider;

beforeEach(async () => {
  fake = await startFakeAiProvider();
});

afterEach(() => fake.close());

describe("ai_moderate", () => {
  const moderate = (parameters: object = {}) =>
    testAiNode(fake, "ai_moderate")
      .parameters({ text: "{{input.comment}}", ...parameters })
      .input({ comment: "grr" })
      .run();

  it("answers with the judgement beside the input", async () => {
    fake.reply({ scores: { violence: 0.9, hate: 0.2 } });
    expect((await moderate()).output).toEqual({
      comment: "grr",
      flagged: true,
      categories: ["violence"],
      scores: { violence: 0.9, hate: 0.2 },
      model_used: "omni-moderation-latest",
    });
    expect(fake.requests[0]?.body.input).toBe("grr");
  });

  it("judges by a threshold of its own", async () => {
    fake.reply({ scores: { violence: 0.4, hate: 0.2 } });
    expect((await moderate({ threshold: 0.3 })).output).toMatchObject({ flagged: true, categories: ["violence"] });
  });

  it("retries after an answer without a result", async () => {
    fake.reply({ raw: '{"results": []}' });
    expect((await moderate()).error).toMatchObject({ details: { reason: "broken_answer" } });
  });

  it("says which providers judge texts", async () => {
    expect((await moderate({ provider: "anthropic" })).error?.code).toBe("not_configured");
  });
});
