import type { NodeType } from "@automatrix/core";
import { memoryBlobStore } from "@automatrix/core/memory";
import { testNode } from "@automatrix/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TEST_KEY } from "../../../test/support/ai-context.js";
import { testAiNode } from "../../../test/support/ai-node-test.js";
import { type FakeAiProvider, startFakeAiProvider } from "../../../test/support/fake-ai-provider.js";
import { createAiNodes } from "../ai-nodes.js";
import type { AiOptions } from "../ai-options.js";

let fake: FakeAiProvider;

beforeEach(async () => {
  fake = await startFakeAiProvider();
});

afterEach(() => fake.close());

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);
const PNG_BASE64 = PNG.toString("base64");

describe("ai_image", () => {
  const draw = (parameters: object = {}, options: AiOptions = {}, blobs = memoryBlobStore()) =>
    testAiNode(fake, "ai_image", options)
      .engine({ http: fetch, blobs })
      .parameters({ prompt: "A red car", ...parameters })
      .run();

  it("draws with OpenAI and keeps the image as a blob", async () => {
    fake.reply({ images: [PNG_BASE64] });
    const blobs = memoryBlobStore();
    const { output, error } = await draw({ size: "1024x1024", quality: "low" }, {}, blobs);
    expect(error).toBeUndefined();
    const { image, images, model_used } = output as { image: never; images: unknown[]; model_used: string };
    expect(image).toMatchObject({ $blob: expect.any(String), bytes: PNG.length, contentType: "image/png" });
    expect(images).toEqual([image]);
    expect(model_used).toBe("gpt-image-1");
    expect(Buffer.from(await blobs.get(image))).toEqual(PNG);
    expect(fake.requests[0]?.body).toMatchObject({ prompt: "A red car", n: 1, size: "1024x1024", quality: "low" });
  });

  it("fetches an image that came as an address", async () => {
    fake.reply({ images: [`${fake.url}/picture.png`] }, { raw: "GIF89a", contentType: "text/html" });
    expect((await draw()).output).toMatchObject({ image: { contentType: "image/gif", bytes: 6 } });
    expect(fake.requests[1]?.headers["authorization"]).toBeUndefined();
  });

  it("draws with Stability, one at a time", async () => {
    fake.answerWith(() => ({ raw: "\u00ff\u00d8", contentType: "image/png" }));
    const { output } = await draw({ provider: "stability", count: 2, aspectRatio: "16:9", negativePrompt: "people" });
    expect((output as { images: unknown[] }).images).toHaveLength(2);
    const [request] = fake.requests;
    expect(request?.path).toBe("/v2beta/stable-image/generate/core");
    expect(request?.headers["authorization"]).toBe(`Bearer ${TEST_KEY}`);
    expect(request?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    for (const part of ["A red car", "16:9", "people"]) expect(request?.body).toContain(part);
    const keys = fake.requests.map(({ headers }) => headers["idempotency-key"]);
    expect(new Set(keys).size).toBe(2);
  });

  it("draws with Google, by Imagen and by Gemini", async () => {
    const imagen = { predictions: [{ bytesBase64Encoded: PNG_BASE64, mimeType: "image/png" }] };
    const gemini = { candidates: [{ content: { parts: [{ text: "Here." }, { inlineData: { data: PNG_BASE64 } }] } }] };
    fake.reply({ raw: JSON.stringify(imagen) }, { raw: JSON.stringify(gemini) });
    expect((await draw({ provider: "google" })).output).toMatchObject({ image: { contentType: "image/png" } });
    expect((await draw({ model: "gemini-2.5-flash-image" })).output).toMatchObject({ image: { bytes: PNG.length } });
    expect(fake.requests.map(({ path }) => path)).toEqual([
      "/v1beta/models/imagen-4.0-generate-001:predict",
      "/v1beta/models/gemini-2.5-flash-image:generateContent",
    ]);
    expect(fake.requests[0]?.headers["x-goog-api-key"]).toBe(TEST_KEY);
  });

  it.each([
    ["stability", "https://api.stability.ai/v2beta/stable-image/generate/core"],
    ["google", "https://generativelanguage.googleapis.com/v1beta/models/imagen-4.0-generate-001:predict"],
  ])("draws with %s where no providers are set up", async (provider, address) => {
    const asked: string[] = [];
    const http = async (url: string | URL | Request) => {
      asked.push(String(url));
      return Response.json({ predictions: [{ bytesBase64Encoded: PNG_BASE64 }] });
    };
    const node = createAiNodes().find(({ type }) => type === "ai_image") as NodeType;
    const { error } = await testNode(node)
      .engine({ http, blobs: memoryBlobStore() })
      .credentials({ [provider]: { apiKey: TEST_KEY } })
      .parameters({ prompt: "A red car", provider })
      .run();
    expect(error).toBeUndefined();
    expect(asked).toEqual([address]);
  });

  it.each(["openai", "stability", "google"])("translates failures of %s, and shows no key", async (provider) => {
    fake.reply(
      { status: 429, headers: { "retry-after": "3" }, raw: "{}" },
      { status: 403, raw: JSON.stringify({ error: { message: `No ${TEST_KEY}` } }) },
    );
    expect((await draw({ provider })).error).toMatchObject({ details: { reason: "rate_limit" } });
    const refused = await draw({ provider });
    expect(refused.error).toMatchObject({ code: "ai_provider_error", details: { reason: "authentication" } });
    expect(JSON.stringify(refused)).not.toContain(TEST_KEY);
  });

  it("fails when nothing was drawn", async () => {
    fake.reply({ images: [] }, { raw: "x", headers: { "finish-reason": "CONTENT_FILTERED" } }, { raw: "{}" });
    for (const provider of ["openai", "stability", "google"])
      expect((await draw({ provider })).error, provider).toMatchObject({
        code: "ai_answer_invalid",
        details: { reason: "refused" },
      });
  });

  it("keeps to a budget in money by the price of an image", async () => {
    const budgets = { limits: [{ period: "day", money: 0.05 }] } as const;
    fake.answerWith(() => ({ images: [PNG_BASE64] }));
    const priced = { budgets, prices: { "gpt-image-1": { perImage: 0.04 } } };
    expect((await draw({}, priced)).output).toMatchObject({ cost: 0.04 });
    expect((await draw({ count: 2 }, priced)).error?.code).toBe("ai_budget_exceeded");
    expect((await draw({}, { budgets })).error?.code).toBe("not_configured");
    expect(fake.requests).toHaveLength(1);
  });

  it("bounds the size of an image", async () => {
    fake.reply({ raw: "x".repeat(20_000), contentType: "image/png" });
    const { error } = await draw({ provider: "stability" }, { maxAnswerBytes: 10_000 });
    expect(error).toMatchObject({ details: { reason: "answer_too_large" } });
  });
});
