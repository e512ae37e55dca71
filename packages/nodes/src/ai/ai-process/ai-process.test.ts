import { testNode } from "@automatrix/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TEST_KEY } from "../../../test/support/ai-context.js";
import { testAiNode } from "../../../test/support/ai-node-test.js";
import { type FakeAiProvider, startFakeAiProvider } from "../../../test/support/fake-ai-provider.js";
import { createAiNodes } from "../ai-nodes.js";

let fake: FakeAiProvider;

beforeEach(async () => {
  fake = await startFakeAiProvider();
});

afterEach(() => fake.close());

describe("ai_process", () => {
  const node = () => testAiNode(fake, "ai_process");

  it("answers with the fields of the contract beside the input", async () => {
    fake.reply({ text: "Hi Ada", usage: { prompt: 1_000, completion: 100 } });
    const { output, error } = await node()
      .parameters({ prompt: "Greet {{input.name}}" })
      .input({ name: "Ada", ai_response: "old", keep: [1] })
      .run();
    expect(error).toBeUndefined();
    expect(output).toEqual({
      name: "Ada",
      keep: [1],
      ai_response: "Hi Ada",
      model_used: "gpt-4o-mini",
      tokens_used: 1_100,
      usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
      finish_reason: "stop",
      cost: 0.00021,
    });
    expect(fake.requests[0]?.body).toMatchObject({
      messages: [{ role: "user", content: "Greet Ada" }],
      temperature: 0.7,
      max_tokens: 4_000,
    });
  });

  it("keeps an input that is no object under input", async () => {
    const { output } = await node().parameters({ prompt: "x" }).input([1, 2]).run();
    expect(output).toMatchObject({ input: [1, 2], ai_response: "You said: x" });
  });

  it("tells the model whom it represents and assists", async () => {
    await node()
      .parameters({
        prompt: "x",
        system: "Be kind.",
        context: { dealership_name: "North Cars", department: "service", opening: { mon: "9-17" }, empty: null },
      })
      .run();
    const content: string = fake.requests[0]?.body.messages[0].content;
    expect(content.split("\n").slice(0, 3)).toEqual([
      "Be kind.",
      "You are representing North Cars.",
      "You are assisting the service department.",
    ]);
    expect(content).toContain("9-17");
    expect(content).not.toContain("empty");
  });

  it("streams the answer as it comes, unless told not to", async () => {
    fake.reply({ text: "one two three four" }, { text: "whole" });
    const { events } = await node().parameters({ prompt: "x" }).run();
    const chunks = events.filter(({ type }) => type === "stream").map(({ data }) => (data as { chunk: string }).chunk);
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks.join("")).toBe("one two three four");
    const quiet = await node().parameters({ prompt: "x", stream: false }).run();
    expect(quiet.events.filter(({ type }) => type === "stream")).toEqual([]);
  });

  it("writes a prompt that is no text as JSON", async () => {
    await node().parameters({ prompt: "{{input}}" }).input({ a: 1 }).run();
    expect(JSON.parse(fake.requests[0]?.body.messages[0].content)).toEqual({ a: 1 });
  });

  it("retries what may pass, with the same idempotency key", async () => {
    fake.reply({ status: 429 }, { status: 500 }, { text: "third" });
    const { output, attempts } = await node()
      .parameters({ prompt: "x" })
      .settings({ retry: { maxAttempts: 3, delaysMs: [0] } })
      .run();
    expect(attempts).toBe(3);
    expect(output).toMatchObject({ ai_response: "third" });
    const keys = fake.requests.map(({ headers }) => headers["idempotency-key"]);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toBeTruthy();
  });

  it.each([400, 401, 403])("does not retry status %i, and shows the key nowhere", async (status) => {
    fake.reply({ status, message: `Wrong key ${TEST_KEY}` });
    const result = await node()
      .parameters({ prompt: "x" })
      .settings({ retry: { maxAttempts: 3, delaysMs: [0] } })
      .run();
    expect(result.status).toBe("failed");
    expect(result.error).toMatchObject({ code: "ai_provider_error" });
    expect(result.attempts).toBe(1);
    expect(JSON.stringify(result)).not.toContain(TEST_KEY);
  });

  it("fails with not_configured, naming what to set, when nothing is configured", async () => {
    const [plain] = createAiNodes();
    const { error } = await testNode(plain as NonNullable<typeof plain>)
      .parameters({ prompt: "x" })
      .run();
    expect(error?.code).toBe("not_configured");
    expect(error?.message).toMatch(/credential "openai".*ai\.providers/s);
  });

  it.each([
    [{}],
    [{ prompt: "x", temperature: 3 }],
    [{ prompt: "x", maxTokens: 0 }],
    [{ prompt: "x", timeoutMs: -1 }],
    [{ prompt: "x", context: "text" }],
  ])("refuses the parameters %j", async (parameters) => {
    await expect(node().parameters(parameters).run()).rejects.toMatchObject({ code: "invalid_definition" });
    expect(fake.requests).toEqual([]);
  });
});
