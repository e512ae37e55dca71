import { FatalNodeError, RetryableNodeError, z } from "@automatrix/core";
import { testEngine, testNode } from "@automatrix/core/testing";
import { describe, expect, expectTypeOf, it } from "vitest";
import { defineIntegration } from "./define-integration.js";
import { describeIntegration, testIntegration } from "./describe-integration.js";
import { createIntegrationNode } from "./integration-node.js";
import { memoryIntegrationStore } from "./integration-store.js";

const SECRET = 'pa"ss wörd&1';
const config = { baseUrl: "https://help.example", apiKey: SECRET };
let created = 0;

const helpdesk = defineIntegration({
  type: "helpdesk",
  label: "Help desk",
  config: z.object({ baseUrl: z.url(), apiKey: z.string().meta({ secret: true }) }),
  test: ({ apiKey }, ctx) => {
    ctx.logger.info(`trying ${apiKey}`);
    if (apiKey === "wrong") throw new Error(`The key ${apiKey} was refused.`);
    return `Hello from ${apiKey}`;
  },
  actions: {
    echo: {
      parameters: z.object({ text: z.string() }),
      output: z.object({ text: z.string(), key: z.string() }),
      execute: ({ parameters, config: { apiKey } }) => {
        expectTypeOf(parameters.text).toBeString();
        return { text: parameters.text, key: apiKey };
      },
    },
    leak: {
      parameters: z.object({ how: z.string() }),
      execute: ({ parameters, config: { apiKey }, logger, stream, progress }) => {
        logger.warn(`key ${apiKey}`, { apiKey, nested: [{ [apiKey]: encodeURIComponent(apiKey) }] });
        stream({ apiKey });
        progress(0.5, apiKey);
        const cause = new Error(`cause ${apiKey}`);
        if (parameters.how === "fatal") throw new FatalNodeError(apiKey, { code: "x", details: { apiKey }, cause });
        if (parameters.how === "plain") throw Object.assign(new Error(JSON.stringify({ apiKey })), { cause });
        if (parameters.how === "retry") throw new RetryableNodeError(apiKey, { retryAfterMs: 5 });
        return {
          apiKey,
          base64: Buffer.from(apiKey).toString("base64"),
          url: new URLSearchParams({ apiKey }).toString(),
        };
      },
    },
    create_ticket: {
      parameters: z.object({ title: z.string() }),
      effects: "once",
      execute: ({ parameters }) => {
        created += 1;
        if (parameters.title === "refused") throw new FatalNodeError("no");
        if (parameters.title === "lost") throw new Error("connection lost");
        return { id: created };
      },
    },
    mixed: { parameters: z.object({}), execute: () => Promise.reject(new Error("broken")) },
  },
});
const greeter = defineIntegration({
  type: "greeter",
  label: "Greeter",
  config: z.object({
    greeting: z.string(),
    region: z.string(),
    apiKey: z.string().meta({ secret: true }),
    token: z.string(),
  }),
  test: () => undefined,
  actions: {
    hello: {
      parameters: z.object({ name: z.string() }),
      execute: ({ config: { greeting, token }, parameters }) => `${greeting}, ${parameters.name} ${token}`,
    },
    where: {
      parameters: z.object({}),
      output: z.object({ region: z.enum(["prod", "test"]), key: z.literal(SECRET), note: z.string() }),
      execute: ({ config: { region, apiKey } }) => ({ region, key: apiKey, note: "in production" }),
    },
    wrong: {
      parameters: z.object({}),
      output: z.record(z.string(), z.number()),
      execute: ({ config: { apiKey } }) => ({ [apiKey]: "none" }),
    },
  },
});
const strict = defineIntegration({
  type: "strict",
  label: "Strict",
  config: z.object({}),
  test: () => undefined,
  actions: { mixed: { parameters: z.object({}), effects: "once", execute: () => ({}) } },
});

const node = createIntegrationNode({
  integrations: [helpdesk, greeter, strict],
  integrationStore: memoryIntegrationStore([
    { id: "desk", type: "helpdesk", config },
    {
      id: "door",
      type: "greeter",
      config: { greeting: "Hello", region: "prod", apiKey: SECRET, token: "t-12345" },
    },
    { id: "theirs", type: "helpdesk", config, tenant: "other" },
    { id: "broken", type: "helpdesk", config: { apiKey: SECRET, baseUrl: "no address" } },
    { id: "orphan", type: "gone", config: {} },
  ]),
});

const run = (parameters: Readonly<Record<string, unknown>>) =>
  testNode(node)
    .parameters({ integration_id: "desk", ...parameters })
    .run();

describe("integration", () => {
  it("runs an action with its checked parameters and config", async () => {
    const { output } = await run({ action: "echo", params: { text: "hi" } });
    expect(output).toEqual({ text: "hi", key: "***" });
  });

  it("masks what is marked or named a secret, and nothing else of the config", async () => {
    const { output } = await run({ integration_id: "door", action: "hello", params: { name: "Ada" } });
    expect(output).toBe("Hello, Ada ***");
  });

  it("checks what the action gave, and masks it then", async () => {
    const { output, error } = await run({ integration_id: "door", action: "where" });
    expect(error).toBeUndefined();
    expect(output).toEqual({ region: "prod", key: "***", note: "in production" });
  });

  it("says where an output is wrong without a secret in its path", async () => {
    const { error } = await run({ integration_id: "door", action: "wrong" });
    expect(error).toMatchObject({ code: "output_invalid", message: expect.stringContaining("check ***.") });
  });

  it.each(["return", "fatal", "plain", "retry"])("lets no secret of the config out: %s", async (how) => {
    const result = await run({ action: "leak", params: { how } });
    const text = JSON.stringify(result);
    const forms = [
      SECRET,
      JSON.stringify(SECRET).slice(1, -1),
      encodeURIComponent(SECRET),
      Buffer.from(SECRET).toString("base64"),
    ];
    for (const form of forms) expect(text).not.toContain(JSON.stringify(form).slice(1, -1));
    expect(text).not.toContain("wörd");
    expect(result.logs).toHaveLength(1);
    expect(result.status).toBe(how === "return" ? "completed" : "failed");
    if (how === "fatal") expect(result.error?.code).toBe("x");
  });

  it.each([
    [{ integration_id: "nobody", action: "echo" }, "integration_not_found", "nobody"],
    [{ integration_id: "theirs", action: "echo" }, "integration_not_found", "theirs"],
    [{ integration_id: "orphan", action: "echo" }, "not_configured", "gone"],
    [{ integration_id: "broken", action: "echo" }, "not_configured", "baseUrl"],
    [{ action: "nothing" }, "invalid_input", "echo, leak"],
    [{ action: "toString" }, "invalid_input", "echo, leak"],
    [{ action: "echo", params: { text: 5 } }, "invalid_input", "text"],
    [{ action: "create_ticket", params: {} }, "invalid_input", "title"],
  ])("says what is wrong with %j without asking a person", async (parameters, code, named) => {
    const result = await run(parameters);
    expect(result).toMatchObject({ status: "failed", error: { code } });
    expect(result.error?.message).toContain(named);
    expect(JSON.stringify(result)).not.toContain("wörd");
  });

  it("finds the integrations of its own tenant", async () => {
    await using engine = await testEngine({ nodes: [node] });
    const data = { integration_id: "theirs", action: "echo", params: { text: "x" } };
    const handle = await engine.execute({ nodes: [{ id: "a", type: "integration", data }] }, { tenant: "other" });
    expect((await handle.result()).status).toBe("completed");
  });

  it("runs a once action at most once, and asks a person only when nobody can tell", async () => {
    created = 0;
    expect((await run({ action: "create_ticket", params: { title: "refused" } })).status).toBe("failed");
    expect((await run({ action: "create_ticket", params: { title: "lost" } })).status).toBe("waiting");
    expect(created).toBe(2);
  });

  it("does not ask about an action that may be repeated because another of its name may not", async () => {
    expect((await run({ action: "mixed" })).status).toBe("failed");
  });

  it("says which option is missing", async () => {
    const bare = testNode(createIntegrationNode()).parameters({ integration_id: "desk", action: "echo" });
    expect(await bare.run()).toMatchObject({ status: "failed", error: { code: "not_configured" } });
  });
});

describe("defineIntegration", () => {
  it.each([
    { type: "bad name", actions: { a: { parameters: z.object({}), execute: () => null } } },
    { type: "good", actions: {} },
    { type: "good", actions: { "a b": { parameters: z.object({}), execute: () => null } } },
  ])("refuses %j", ({ type, actions }) => {
    const declare = () =>
      defineIntegration({ type, label: "x", config: z.object({}), test: () => undefined, actions: actions as never });
    expect(declare).toThrowError(expect.objectContaining({ code: "invalid_configuration" }));
  });

  it("says what to do with a node that names no integration", () => {
    const { error } = createIntegrationNode().parameterSchema?.safeParse({ label: "x" }) ?? {};
    expect(error?.issues[0]).toMatchObject({
      path: ["integration_id"],
      message: expect.stringContaining("choose a type of the node catalogue"),
    });
  });

  it("describes itself as JSON, with secret fields marked", () => {
    const described = describeIntegration(helpdesk);
    expect(described).toMatchObject({
      type: "helpdesk",
      configSchema: { properties: { apiKey: { secret: true } } },
    });
    expect(described.actions.map(({ name, effects }) => [name, effects])).toContainEqual(["create_ticket", "once"]);
  });

  it("tests a config without telling its values", async () => {
    const lines: string[] = [];
    const log = (message: string) => lines.push(message);
    const ctx = {
      http: fetch,
      signal: new AbortController().signal,
      clock: { now: () => 0, setTimer: () => () => {} },
      logger: { debug: log, info: log, warn: log, error: log },
    };
    expect(await testIntegration(helpdesk, config, ctx)).toEqual({ ok: true, message: "Hello from ***" });
    expect(await testIntegration(helpdesk, { ...config, apiKey: "wrong" }, ctx)).toEqual({
      ok: false,
      message: "The key *** was refused.",
    });
    expect(await testIntegration(helpdesk, { apiKey: SECRET }, ctx)).toMatchObject({
      ok: false,
      message: expect.stringContaining("baseUrl"),
    });
    expect(lines).toEqual(["trying ***", "trying ***"]);
  });
});
