import type { AutomatrixError } from "@automatrix/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aiContext, TEST_KEY } from "../../test/support/ai-context.js";
import { type FakeAiProvider, startFakeAiProvider } from "../../test/support/fake-ai-provider.js";
import type { AiOptions, AiProvider } from "./ai-options.js";
import type { ChatAnswer, ChatRequest } from "./chat-model.js";
import { createModelSource } from "./model-source.js";
import type { WantedModel } from "./routing.js";

let fake: FakeAiProvider;

beforeEach(async () => {
  fake = await startFakeAiProvider();
});

afterEach(() => fake.close());

const LIVE = process.env["AUTOMATRIX_LIVE_AI"] === "1";

interface Target {
  readonly name: string;
  readonly wanted: WantedModel;
  readonly provider: (url: string) => AiProvider;
}

const targets: readonly Target[] = [
  {
    name: "openai",
    wanted: { provider: "openai", model: "gpt-4o-mini" },
    provider: (url) => ({ kind: "openai", baseUrl: `${url}/v1` }),
  },
  {
    name: "azure_openai",
    wanted: { provider: "azure_openai", model: "gpt-4o" },
    provider: (url) => ({
      kind: "azure_openai",
      endpoint: url,
      deployments: { "gpt-4o": "east-1" },
      credential: "openai",
    }),
  },
  {
    name: "openai_compatible",
    wanted: { provider: "openai_compatible", model: "llama3" },
    provider: (url) => ({ kind: "openai_compatible", baseUrl: `${url}/v1`, credential: null }),
  },
  {
    name: "anthropic",
    wanted: { provider: "anthropic", model: "claude-haiku-4-5" },
    provider: (url) => ({ kind: "anthropic", baseUrl: url }),
  },
];

/** Providers that are really called: only when asked for, and only those that have a key. */
const liveTargets = LIVE
  ? [
      {
        name: "openai",
        key: process.env["OPENAI_API_KEY"],
        model: "gpt-4o-mini",
        provider: { kind: "openai" } as const,
      },
      {
        name: "anthropic",
        key: process.env["ANTHROPIC_API_KEY"],
        model: "claude-haiku-4-5",
        provider: { kind: "anthropic" } as const,
      },
    ].filter(({ key }) => key !== undefined)
  : [];

describe.each(targets)("$name", ({ name, wanted, provider }) => {
  const context = aiContext();
  const complete = (request: Partial<ChatRequest> = {}, options: Partial<AiOptions> = {}) =>
    ask(context, { providers: { [name]: provider(fake.url) }, ...options }, wanted, request);

  it("answers with text, usage, reason and model", async () => {
    fake.reply({ text: "Bonjour", usage: { prompt: 12, completion: 3 } });
    const answer = await complete();
    expect(answer).toMatchObject({
      text: "Bonjour",
      toolCalls: [],
      finishReason: "stop",
      provider: name,
      usage: { promptTokens: 12, completionTokens: 3, totalTokens: 15 },
    });
  });

  it("sends messages, limits and the idempotency key", async () => {
    await complete({ temperature: 0.4, maxTokens: 77, idempotencyKey: "key-1" });
    const [request] = fake.requests;
    expect(request?.headers["idempotency-key"]).toBe("key-1");
    expect(request?.body).toMatchObject({ temperature: 0.4, max_tokens: 77 });
    expect(JSON.stringify(request?.body)).toContain("Hello");
  });

  it("streams the text in pieces and answers with all of it", async () => {
    fake.reply({ text: "One two three four five" });
    const pieces: string[] = [];
    const answer = await complete({ onText: (text) => pieces.push(text) });
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe("One two three four five");
    expect(answer).toMatchObject({ text: "One two three four five", finishReason: "stop", usage: { totalTokens: 15 } });
  });

  it("takes a whole answer where it asked for a stream", async () => {
    fake.reply({ text: "whole", ignoreStream: true });
    const pieces: string[] = [];
    expect((await complete({ onText: (text) => pieces.push(text) })).text).toBe("whole");
    expect(pieces).toEqual(["whole"]);
  });

  it.each([false, true])("hands tool calls out with parsed arguments (streamed: %s)", async (isStreamed) => {
    fake.reply({
      toolCalls: [
        { name: "weather", arguments: { city: "Łódź", days: 3 } },
        { name: "now", arguments: {} },
      ],
    });
    const tools = [{ name: "weather", description: "Says it.", parameters: { type: "object", properties: {} } }];
    const answer = await complete({ tools, ...(isStreamed && { onText: () => {} }) });
    expect(answer.finishReason).toBe("tool_calls");
    expect(answer.toolCalls.map(({ name: called, arguments: given }) => [called, given])).toEqual([
      ["weather", { city: "Łódź", days: 3 }],
      ["now", {}],
    ]);
    expect(new Set(answer.toolCalls.map(({ id }) => id)).size).toBe(2);
  });

  it("sends back what tools answered", async () => {
    await complete({
      messages: [
        { role: "user", content: "Weather?" },
        { role: "assistant", content: "", toolCalls: [{ id: "a1", name: "weather", arguments: { city: "Rome" } }] },
        { role: "tool", content: "sunny", toolCallId: "a1" },
      ],
    });
    const text = JSON.stringify(fake.requests[0]?.body);
    expect(text).toContain("a1");
    expect(text).toContain("sunny");
  });

  it.each([
    [429, "RetryableNodeError", "rate_limit"],
    [500, "RetryableNodeError", "server_error"],
    [503, "RetryableNodeError", "server_error"],
    [529, "RetryableNodeError", "server_error"],
    [400, "FatalNodeError", "invalid_request"],
    [401, "FatalNodeError", "authentication"],
    [403, "FatalNodeError", "authentication"],
    [404, "FatalNodeError", "model_not_found"],
    [422, "FatalNodeError", "invalid_request"],
  ] as const)("turns status %i into a %s", async (status, kind, reason) => {
    fake.reply({ status, message: `It failed with ${TEST_KEY}` });
    const error = await failureOf(complete());
    expect(error).toMatchObject({ name: kind, code: "ai_provider_error", details: { status, reason, provider: name } });
    expect(everythingIn(error)).not.toContain(TEST_KEY);
    expect(fake.requests).toHaveLength(1);
  });

  it.each([
    ["7", 7_000],
    ["Wed, 01 Jan 2025 00:01:00 GMT", 60_000],
  ])("hands on Retry-After: %s", async (value, retryAfterMs) => {
    fake.reply({ status: 429, headers: { "retry-after": value } });
    expect(await failureOf(complete())).toMatchObject({ retryAfterMs });
  });

  it.each([
    ["a stream that breaks", { text: "A long enough answer", breakAfter: 1 }, "broken_answer"],
    ["a stream that ends without a reason", { text: "A long enough answer", endAfter: 1 }, "broken_answer"],
    ["an error within the stream", { text: "A long enough answer", failAfter: 1 }, "server_error"],
    [
      "a stream of nonsense",
      { raw: "event: content_block_delta\ndata: {nonsense\n\n", contentType: "text/event-stream" },
      "broken_answer",
    ],
    ["an empty stream", { raw: "", contentType: "text/event-stream" }, "broken_answer"],
    ["a connection that is closed", { disconnect: true }, "connection"],
  ] as const)("retries after %s", async (_, reply, reason) => {
    fake.reply(reply);
    const error = await failureOf(complete({ onText: () => {} }));
    expect(error).toMatchObject({ name: "RetryableNodeError", code: "ai_provider_error", details: { reason } });
  });

  it.each([
    ["malformed JSON", "{ nonsense", "application/json"],
    ["JSON of another shape", '{"hello": 1}', "application/json"],
    ["null", "null", "application/json"],
    ["a page", "<html>busy</html>", "text/html"],
  ])("retries after an answer of %s", async (_, raw, contentType) => {
    fake.reply({ raw, contentType });
    expect(await failureOf(complete())).toMatchObject({
      name: "RetryableNodeError",
      details: { reason: "broken_answer" },
    });
  });

  it.each([false, true])("bounds the bytes of an answer (streamed: %s)", async (isStreamed) => {
    fake.reply({ text: "x".repeat(200_000) });
    const request = isStreamed ? { onText: () => {} } : {};
    const error = await failureOf(complete(request, { maxAnswerBytes: 10_000 }));
    expect(error).toMatchObject({ name: "FatalNodeError", details: { reason: "answer_too_large" } });
  });

  it("says that the model refused", async () => {
    fake.reply({ refusal: "I will not." }, { refusal: "I will not." });
    expect(await complete()).toMatchObject({ text: "I will not.", finishReason: "content_filter" });
    expect(await complete({ onText: () => {} })).toMatchObject({ finishReason: "content_filter" });
  });

  it("says that the answer was cut", async () => {
    fake.reply({ text: "and then", finishReason: name === "anthropic" ? "max_tokens" : "length" });
    expect((await complete()).finishReason).toBe("length");
  });

  it("asks again without a temperature that the model refuses", async () => {
    fake.reply({ status: 400, message: "`temperature` is deprecated for this model." }, { text: "fine" });
    expect((await complete({ temperature: 0.5 })).text).toBe("fine");
    expect(fake.requests.map(({ body }) => body.temperature)).toEqual([0.5, undefined]);
  });

  it("stops when its signal aborts", async () => {
    fake.reply({ hang: true });
    const cancel = new AbortController();
    const running = complete({ signal: cancel.signal });
    await fake.nextRequest();
    cancel.abort(new Error("cancelled by a person"));
    await expect(running).rejects.toThrow("cancelled by a person");
  });

  it("hangs up when its signal aborts in the middle of a stream", async () => {
    fake.reply({ text: "A long enough answer", hangAfter: 1 });
    const cancel = new AbortController();
    const onText = () => cancel.abort(new Error("cancelled by a person"));
    await expect(complete({ signal: cancel.signal, onText })).rejects.toThrow("cancelled by a person");
    await vi.waitFor(() => expect(fake.inFlight.now).toBe(0));
  });

  it("takes counts and texts of the wrong kind for what they are worth", async () => {
    const usage = {
      prompt_tokens: "many",
      completion_tokens: -3,
      total_tokens: null,
      input_tokens: {},
      output_tokens: "x",
    };
    const content = [{ type: "text", text: "Hi" }, { type: "text", text: 7 }, { type: "image" }];
    const choices = [{ message: { role: "assistant", content }, finish_reason: "stop" }];
    fake.reply({ raw: JSON.stringify({ model: 7, usage, choices, content, stop_reason: "end_turn" }) });
    expect(await complete()).toMatchObject({
      text: "Hi",
      model: wanted.model,
      usage: { promptTokens: 0, completionTokens: 0, totalTokens: 0 },
    });
  });

  it("sends an idempotency key that no header can hold as its hash", async () => {
    await complete({ idempotencyKey: "execution:straße[0]/näh" });
    expect(fake.requests[0]?.headers["idempotency-key"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("gives up after its time", async () => {
    fake.reply({ hang: true });
    const running = failureOf(complete({ timeoutMs: 5_000 }));
    await fake.nextRequest();
    await context.clock.advance("5s");
    expect(await running).toMatchObject({ name: "RetryableNodeError", details: { reason: "timeout" } });
    expect(context.clock.pendingTimers).toBe(0);
  });
});

describe.each(liveTargets)("$name, called for real", ({ name, key, model, provider }) => {
  const context = aiContext({ credentials: { [name]: { apiKey: key } } });
  const complete = (request: Partial<ChatRequest>) =>
    ask(
      context,
      { providers: { [name]: provider }, defaults: { timeoutMs: 60_000 } },
      { provider: name, model },
      request,
    );

  it("answers, streams and calls tools", { timeout: 120_000 }, async () => {
    const messages = [{ role: "user", content: "Say the word pineapple." }] as const;
    expect((await complete({ messages, maxTokens: 50 })).text).toMatch(/pineapple/i);
    const pieces: string[] = [];
    const streamed = await complete({ messages, maxTokens: 50, onText: (text) => pieces.push(text) });
    expect(pieces.join("")).toBe(streamed.text);
    expect(streamed.usage.totalTokens).toBeGreaterThan(0);
    const tool = {
      name: "add",
      description: "Adds two numbers.",
      parameters: { type: "object", properties: { a: { type: "number" }, b: { type: "number" } } },
    };
    const called = await complete({
      messages: [{ role: "user", content: "Use the tool to add 2 and 3." }],
      tools: [tool],
      maxTokens: 200,
    });
    expect(called.toolCalls[0]).toMatchObject({ name: "add", arguments: { a: 2, b: 3 } });
  });

  it("refuses a bad key fatally", { timeout: 60_000 }, async () => {
    const bad = aiContext({ credentials: { [name]: { apiKey: "sk-not-a-key-at-all" } } });
    const asked = ask(bad, { providers: { [name]: provider } }, { provider: name, model }, {});
    expect(await failureOf(asked)).toMatchObject({ name: "FatalNodeError", details: { reason: "authentication" } });
  });
});

describe("wire formats", () => {
  it("addresses the deployment on Azure, with its version and key", async () => {
    const providers = {
      azure: {
        kind: "azure_openai",
        endpoint: `${fake.url}/`,
        deployments: { "gpt-4o": "east-1" },
        credential: "openai",
      },
    } as const;
    await ask(aiContext(), { providers }, { model: "gpt-4o" });
    const [request] = fake.requests;
    expect(request?.path).toBe("/openai/deployments/east-1/chat/completions");
    expect(request?.headers["api-key"]).toBe(TEST_KEY);
  });

  it("takes a credential that is a plain text for the key", async () => {
    const context = aiContext({ credentials: { local: { value: "sk-plain" } } });
    const providers = { local: { kind: "openai_compatible", baseUrl: fake.openAiUrl } } as const;
    await ask(context, { providers }, { model: "llama3" });
    expect(fake.requests[0]?.headers["authorization"]).toBe("Bearer sk-plain");
  });

  it("sends no authorization where the endpoint asks for none", async () => {
    const providers = { local: { kind: "openai_compatible", baseUrl: fake.openAiUrl, credential: null } } as const;
    await ask(aiContext(), { providers }, { model: "llama3" });
    expect(fake.requests[0]?.headers["authorization"]).toBeUndefined();
  });

  it("counts by estimate where the endpoint counts nothing", async () => {
    fake.reply({ usage: null, text: "twelve bytes" });
    const answer = await ask(aiContext(), { providers: openAi() }, {});
    expect(answer.usage.promptTokens).toBeGreaterThan(0);
    expect(answer.usage.completionTokens).toBeGreaterThan(0);
  });

  it("asks reasoning models in their own terms", async () => {
    await ask(aiContext(), { providers: openAi() }, { model: "o3-mini" }, { temperature: 0.7, maxTokens: 100 });
    expect(fake.requests[0]?.body).toMatchObject({ max_completion_tokens: 100 });
    expect(fake.requests[0]?.body).not.toHaveProperty("temperature");
    expect(fake.requests[0]?.body).not.toHaveProperty("max_tokens");
  });

  it("keeps the system prompt of Claude apart, and leaves out what newer models refuse", async () => {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ] as const;
    await ask(aiContext(), { providers: anthropic() }, { model: "claude-opus-4-7" }, { messages, temperature: 0.7 });
    const body = fake.requests[0]?.body;
    expect(body.system).toBe("Be brief.");
    expect(body.messages).toEqual([{ role: "user", content: [{ type: "text", text: "Hi" }] }]);
    expect(body).not.toHaveProperty("temperature");
  });

  it("has Claude hand in structured answers by a tool", async () => {
    fake.reply({ toolCalls: [{ name: "answer", arguments: { city: "Rome" } }] });
    const responseSchema = { type: "object", properties: { city: { type: "string" } } };
    const answer = await ask(
      aiContext(),
      { providers: anthropic() },
      { model: "claude-haiku-4-5" },
      { responseSchema },
    );
    expect(answer).toMatchObject({ text: '{"city":"Rome"}', toolCalls: [], finishReason: "stop" });
    expect(fake.requests[0]?.body.tool_choice).toEqual({ type: "tool", name: "answer" });
  });

  it("keeps the text of arguments that are no JSON", async () => {
    fake.reply({ toolCalls: [{ name: "weather", arguments: "{city: Rome" }] });
    const answer = await ask(aiContext(), { providers: openAi() }, {});
    expect(answer.toolCalls[0]?.arguments).toBe("{city: Rome");
  });
});

describe("choosing a model", () => {
  it("takes the provider named, else the one that the model speaks of, else the default", async () => {
    const options: AiOptions = { providers: { ...openAi(), ...anthropic() } };
    await ask(aiContext(), options, { model: "claude-haiku-4-5" });
    await ask(aiContext(), options, { model: "gpt-4o" });
    await ask(aiContext(), options, {});
    await ask(aiContext(), { ...options, defaults: { provider: "anthropic" } }, {});
    await ask(aiContext(), { ...options, defaults: { model: "claude-sonnet-4-6" } }, {});
    expect(fake.requests.map(({ body }) => body.model)).toEqual([
      "claude-haiku-4-5",
      "gpt-4o",
      "gpt-4o-mini",
      "claude-haiku-4-5",
      "claude-sonnet-4-6",
    ]);
  });

  it("knows registered names", async () => {
    const models = { cheap: { provider: "openai", model: "gpt-4o-mini" } };
    const answer = await ask(aiContext(), { providers: { ...anthropic(), ...openAi() }, models }, { model: "cheap" });
    expect(answer.model).toBe("gpt-4o-mini");
  });

  it.each([
    [{}, { provider: "nowhere" }, /"nowhere" is not configured .*ai\.providers/],
    [{}, { provider: "__proto__" }, /"__proto__" is not configured/],
    [{ providers: {} }, {}, /ai\.providers/],
    [{ providers: { local: { kind: "openai_compatible", baseUrl: "http://x" } } }, {}, /no default model/],
    [{ providers: { openai: { kind: "openai", baseUrl: "nonsense" } } }, {}, /ai\.providers\.openai\.baseUrl/],
    [{ providers: { pictures: { kind: "stability", defaultModel: "core" } } }, {}, /cannot chat/],
    [{}, { provider: "stability" }, /"stability" .*cannot chat/],
    [{}, { provider: "google", model: "gemini-2.5-pro" }, /"google" .*cannot chat/],
    [{}, { model: "gemini-2.5-pro" }, /"google" .*cannot chat/],
  ] as const)("says what is not configured (%#)", async (options, wanted, message) => {
    const error = await failureOf(ask(aiContext(), options as AiOptions, wanted, {}));
    expect(error).toMatchObject({ name: "FatalNodeError", code: "not_configured" });
    expect(error.message).toMatch(message);
  });

  it("says which credential is missing, and which has no key", async () => {
    const none = await failureOf(ask(aiContext({ credentials: {} }), {}, {}));
    expect(none).toMatchObject({ code: "not_configured" });
    expect(none.message).toContain('credential "openai"');
    for (const useless of [{ user: "me" }, { apiKey: "" }, { apiKey: "two\nlines" }]) {
      const error = await failureOf(ask(aiContext({ credentials: { openai: useless } }), {}, {}));
      expect(error).toMatchObject({ code: "not_configured", message: expect.stringContaining("apiKey") });
      expect(error.message).not.toContain("lines");
    }
  });
});

function openAi(): Record<"openai", AiProvider> {
  return { openai: { kind: "openai", baseUrl: fake.openAiUrl } };
}

function anthropic(): Record<"anthropic", AiProvider> {
  return { anthropic: { kind: "anthropic", baseUrl: fake.url } };
}

async function ask(
  { ctx }: ReturnType<typeof aiContext>,
  options: AiOptions,
  wanted: WantedModel,
  request: Partial<ChatRequest> = {},
): Promise<ChatAnswer> {
  const { model, modelName } = await createModelSource(options).open(ctx, wanted);
  const messages = [{ role: "user", content: "Hello" }] as const;
  return model.complete({ model: modelName, messages, signal: ctx.signal, ...request });
}

async function failureOf(running: Promise<unknown>): Promise<AutomatrixError> {
  try {
    await running;
  } catch (error) {
    return error as AutomatrixError;
  }
  throw new Error("It did not fail.");
}

function everythingIn(error: AutomatrixError): string {
  return `${error.message} ${error.stack} ${JSON.stringify(error)} ${JSON.stringify(error.details)} ${String(error.cause)}`;
}
