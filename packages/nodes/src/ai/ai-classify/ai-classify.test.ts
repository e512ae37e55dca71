import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aiNode, testAiNode } from "../../../test/support/ai-node-test.js";
import { type FakeAiProvider, startFakeAiProvider } from "../../../test/support/fake-ai-provider.js";

let fake: FakeAiProvider;

beforeEach(async () => {
  fake = await startFakeAiProvider();
});

afterEach(() => fake.close());

describe("ai_classify", () => {
  const classify = (parameters: object = {}) =>
    testAiNode(fake, "ai_classify")
      .parameters({
        text: "{{input.mail}}",
        classes: ["complaint", { name: "question", description: "Asks." }],
        ...parameters,
      })
      .input({ mail: "When?" })
      .run();

  it("goes on by the port of the class, with the input", async () => {
    fake.reply({ text: '{"class": "question", "confidence": 0.9}' });
    const { port, output } = await classify();
    expect(port).toBe("question");
    expect(output).toMatchObject({ mail: "When?", class: "question", confidence: 0.9, tokens_used: 15 });
    expect(fake.requests[0]?.body.response_format.json_schema.schema.properties.class.enum).toEqual([
      "complaint",
      "question",
      "fallback",
    ]);
  });

  it.each([
    ['{"class": "Question", "confidence": 1}', "question"],
    ["question", "question"],
    ['"complaint"', "complaint"],
    ['{"class": "fallback", "confidence": 1}', "fallback"],
    ['{"class": "other"}', "fallback"],
    ["I cannot say.", "fallback"],
    ["{", "fallback"],
    ["null", "fallback"],
    ['{"class": ["question"]}', "fallback"],
    ['{"class": "__proto__"}', "fallback"],
  ])("reads the answer %s as %s", async (text, expected) => {
    fake.reply({ text });
    const { port, output } = await classify();
    expect(port).toBe(expected);
    expect(output).toMatchObject({ class: expected === "fallback" ? null : expected });
  });

  it("falls back below minConfidence", async () => {
    fake.reply({ text: '{"class": "question", "confidence": 0.4}' });
    expect((await classify({ minConfidence: 0.5 })).port).toBe("fallback");
  });

  it("declares a port for each class", () => {
    const { ports } = aiNode(fake, "ai_classify");
    const portsOf = ports as (parameters: object) => readonly string[];
    expect(portsOf({ classes: ["a", { name: "b" }, 7, null] })).toEqual(["a", "b", "fallback"]);
    expect(portsOf({ classes: "{{input.classes}}" })).toEqual(["fallback"]);
  });

  it.each([[["error"]], [["fallback"]], [["a", "a"]], [[]], [[""]]])("refuses the classes %j", async (classes) => {
    await expect(classify({ classes })).rejects.toMatchObject({ code: "invalid_definition" });
  });
});
