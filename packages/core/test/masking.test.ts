import { describe, expect, it } from "vitest";
import { defineNode, FatalNodeError, type NodeContext, type NodeReturn, RetryableNodeError } from "../src/index.js";
import { testEngine, testNode } from "../src/testing/index.js";
import { maskedRun, secretsOf, tracesOf } from "./support/masked-run.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

/** With everything that encodings change. */
const SECRET = `tök"en/+ &<x>'%\\9f3a`;
const CREDENTIAL = { token: SECRET };

/** The longest part of the secret that may be left: less than what would be looked for. */
function expectNoTrace(text: string, secret: string = SECRET): void {
  for (const form of formsOf(secret)) expect(text.includes(form), form).toBe(false);
}

function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("hex"),
  ];
}

type Leak = (ctx: NodeContext, text: string) => NodeReturn | Promise<NodeReturn>;

const child = { nodes: [{ id: "inner", type: "pass" }] };

/** Every way out of an attempt. */
const EXITS: Readonly<Record<string, Leak>> = {
  "the message of a log line": (ctx, text) => ctx.logger.info(`sent ${text}.`),
  "the fields of a log line": (ctx, text) => ctx.logger.warn("sent", { deep: { list: [text] }, [text]: true }),
  "an error in a log line": (ctx, text) =>
    ctx.logger.error("failed", { error: new Error(`no ${text}`, { cause: { text } }) }),
  "odd things in a log line": (ctx, text) =>
    ctx.logger.debug("odd", {
      map: new Map([[text, new Set([text])]]),
      bytes: new TextEncoder().encode(`at ${text}`),
      url: new URL(`http://localhost/?q=${encodeURIComponent(text)}`),
      json: { toJSON: () => text },
      symbol: Symbol(text),
      instance: new (class Client {
        readonly token = text;
      })(),
    }),
  "a log line that is cut": (ctx, text) => ctx.logger.info("x".repeat(1024 * 1024 - 5) + text),
  "a chunk of a stream": (ctx, text) => ctx.stream(`piece ${text}`),
  "a structured chunk": (ctx, text) => ctx.stream({ choices: [{ delta: { content: text } }] }),
  "a message of progress": (ctx, text) => ctx.progress(0.5, `at ${text}`),
  "the output": (_ctx, text) => ({ answer: `got ${text}`, list: [{ text }], [text]: 1 }),
  "an output that is a text": (_ctx, text) => text,
  "a port": (ctx, text) => ctx.emit("left", { text }),
  "several ports": (ctx, text) => {
    ctx.emit("left", text);
    ctx.emit("right", [text]);
  },
  "a variable": (ctx, text) => ctx.setVariables({ kept: { text }, [text]: text }),
  "the message of an error": (_ctx, text) => {
    throw new Error(`401: ${text}`);
  },
  "a message that is cut": (_ctx, text) => {
    throw new Error("x".repeat(3_995) + text);
  },
  "a thrown text": (_ctx, text) => {
    throw text;
  },
  "details and causes": (_ctx, text) => {
    throw new RetryableNodeError("no luck", {
      details: { request: { headers: { authorization: text }, [text]: 1 } },
      cause: new Error(text, { cause: Object.assign(new Error("inner"), { code: "ECONNRESET", cause: text }) }),
    });
  },
  "a step": async (ctx, text) => {
    await ctx.step("ask", () => ({ answered: text }));
  },
  "an approval": (ctx, text) => ctx.wait.approval({ message: `May ${text} go?` }),
  "a child's input": (ctx, text) => ctx.wait.execution(child, { input: { text } }),
  "the body of a node": async (ctx, text) => ctx.runBody(child, { text }, "[0]"),
  "a body without nodes": async (ctx, text) => void (await ctx.runBody({ nodes: [] }, { text }, "[0]")),
};

const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  "as it is": (text) => text,
  "in base64": (text) => Buffer.from(text).toString("base64"),
  "in base64 for URLs": (text) => Buffer.from(text).toString("base64url"),
  "for a path": encodeURIComponent,
  "for a form": (text) => new URLSearchParams({ q: text }).toString().slice(2),
  "as JSON": JSON.stringify,
  "as JSON in JSON": (text) => JSON.stringify(JSON.stringify({ text })),
  "in hexadecimal": (text) => Buffer.from(text).toString("hex"),
};

describe("what a node read as a credential is masked", () => {
  const cases = Object.entries(EXITS).flatMap(([exit, leak]) =>
    Object.entries(ENCODINGS).map(([encoding, encode]) => ({ exit, leak, encoding, encode })),
  );

  it.each(cases)("in $exit, $encoding", async ({ leak, encode }) => {
    const { text } = await maskedRun(CREDENTIAL, (ctx) => leak(ctx, encode(SECRET)));
    expectNoTrace(text);
    expect(/\*\*\*|xxx/.test(text)).toBe(true);
  });

  it.each([
    ["user", "Basic"],
    ["u2", "x"],
    ["use", ""],
  ])("in the base64 of %s:password", async (user, scheme) => {
    const header = `${scheme} ${Buffer.from(`${user}:longer-password-1`).toString("base64")}`;
    const { output } = await maskedRun({ password: "longer-password-1" }, () => header);
    expect(output).toContain("***");
    // What is left are the few letters into which neighbours and password run together.
    const rest = String(output).split("***").at(-1) ?? "";
    expect(Buffer.from(rest, "base64").toString()).not.toMatch(/[a-z]{2}|-1/);
  });

  it("in the result of a transaction", async () => {
    const { text, status } = await maskedRun(
      CREDENTIAL,
      async (ctx) => {
        ctx.setVariables({ kept: SECRET });
        await ctx.transaction(() => 1);
        return { answer: SECRET };
      },
      { effects: "transactional" },
    );
    expect(status).toBe("completed");
    expectNoTrace(text);
  });

  it("in what is unknown about a once node", async () => {
    const { text, status } = await maskedRun(
      CREDENTIAL,
      () => {
        throw new Error(`lost with ${SECRET}`);
      },
      {
        effects: "once",
        verify: () => {
          throw new Error(`cannot ask with ${SECRET}`);
        },
      },
    );
    expect(status).toBe("waiting");
    expectNoTrace(text);
    expect(text).toContain("lost with ***");
    expect(text).toContain("cannot ask with ***");
  });

  it("in every value of the credential: nested, numbers, lines of a key, bytes", async () => {
    const pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQC7\n-----END KEY-----\n";
    const credential = {
      nested: { list: ["deep-secret"] },
      pin: 4_711_000_815,
      pem,
      bytes: new Uint8Array([250, 1, 2, 3, 4, 5]),
    };
    const { output } = await maskedRun(credential, () => ({
      a: "the deep-secret",
      b: 4_711_000_815,
      c: -4_711_000_815,
      d: "pin 4711000815",
      e: "line MIIEvQIBADANBgkqhkiG9w0BAQ of it",
      f: pem.trim(),
      g: Buffer.from([250, 1, 2, 3, 4, 5]).toString("base64"),
    }));
    expect(output).toEqual({ a: "the ***", b: "***", c: "***", d: "pin ***", e: "line *** of it", f: "***", g: "***" });
  });

  it("and nothing else: short values, other numbers, field names, what is binary", async () => {
    const credential = { pin: "123", port: 58_700, isOn: true, none: null, token: "long-enough" };
    const given = { pin: "123 long enough", port: 58_700, token: true, none: null, amount: 123_456 };
    const { output } = await maskedRun(credential, () => given);
    expect(output).toEqual(given);
    const bytes = new TextEncoder().encode("long-enough");
    const { output: stored } = await maskedRun(credential, () => ({ file: bytes }));
    expect(stored).toMatchObject({ file: { bytes: bytes.length } });
  });

  it("where secrets overlap, as a whole", async () => {
    const { output } = await maskedRun({ a: "abcdef", b: "defghi", c: "cdef" }, () => "xabcdefghix abcdefabcdef");
    expect(output).toBe("x***x ******");
  });

  it("in an input that is handed on", async () => {
    const { output } = await maskedRun(CREDENTIAL, (ctx) => ctx.input, { input: { echoed: SECRET, other: 1 } });
    expect(output).toEqual({ echoed: "***", other: 1 });
  });

  it("with the names of ports and the shape of records intact", async () => {
    const words = { a: "left", b: "right", c: "completed", d: "default", e: "leaky" };
    const { status, output } = await maskedRun(words, (ctx) => {
      ctx.emit("left", "on the left");
      ctx.emit("right", { completed: "default" });
    });
    expect(status).toBe("completed");
    expect(output).toEqual({ left: "on the ***", right: { "***": "***" } });
  });

  it("with the engine's own words intact: levels of log lines, codes, what may be retried", async () => {
    const words = { a: "fatal", b: "info", c: "RetryableNodeError", d: "ECONNRESET", e: "node_failed" };
    const { error, text } = await maskedRun(words, (ctx) => {
      ctx.logger.info("info");
      throw new FatalNodeError("a fatal end");
    });
    expect(error).toMatchObject({ code: "fatal", message: "a *** end" });
    expect(text).toContain('"data":{"level":"info","message":"***"');
    const lost = Object.assign(new Error("gone"), { code: "ECONNRESET" });
    for (const transient of [new RetryableNodeError("again"), lost]) {
      const { text: traces } = await maskedRun(
        words,
        (ctx) => {
          if (ctx.attempt === 1) throw transient;
        },
        { retry: { delaysMs: [0] } },
      );
      expect(traces).toContain("node.retry_scheduled");
    }
  });

  it("with code, details and retryability of an error intact", async () => {
    const { error } = await maskedRun(CREDENTIAL, () => {
      throw new RetryableNodeError(`busy ${SECRET}`, { code: "crm_busy", details: { status: 503 }, retryAfterMs: 10 });
    });
    expect(error).toMatchObject({ code: "crm_busy", message: "busy ***", details: { status: 503 } });
  });

  it("even in what cannot be read or has no end", async () => {
    const cyclic: Record<string, unknown> = { token: SECRET };
    cyclic["self"] = cyclic;
    let deep: unknown = SECRET;
    for (let depth = 0; depth < 5_000; depth++) deep = { deep };
    const { text, status } = await maskedRun(CREDENTIAL, (ctx) => {
      ctx.logger.info("hostile", {
        cyclic,
        deep,
        get trap() {
          throw new Error(SECRET);
        },
        proxy: new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error(SECRET);
            },
          },
        ),
        many: Array.from({ length: 200_000 }, () => SECRET),
      });
      ctx.stream(cyclic);
      throw Object.assign(new Error("x"), { cause: cyclic });
    });
    expect(status).toBe("failed");
    expectNoTrace(text);
  });
});

describe("what one node read", () => {
  const reads = defineNode({
    type: "reads",
    credentials: ["secret"],
    execute: async (ctx) => void (await ctx.credentials("secret")),
  });
  const quotes = defineNode({
    type: "quotes",
    execute: () => {
      throw new Error(`upstream said ${SECRET}`);
    },
  });
  const pauses = defineNode({ type: "pauses", execute: (ctx) => ctx.wait.delay(3_600_000) });
  const options = { nodes: [...BASIC_NODES, reads, quotes, pauses], secrets: secretsOf({ secret: CREDENTIAL }) };

  it("is masked in the nodes after it", async () => {
    await using engine = await testEngine(options);
    const definition = flow("a>b", { a: { type: "reads" }, b: { type: "quotes" } });
    const { error } = await engine.run(definition);
    expect(error?.message).toBe("upstream said ***");
  });

  it("stays masked when the execution has waited outside memory", async () => {
    await using engine = await testEngine(options);
    const definition = flow("a>p p>b", { a: { type: "reads" }, p: { type: "pauses" }, b: { type: "quotes" } });
    const handle = await engine.execute(definition);
    await engine.advance("2h");
    await engine.runUntilIdle();
    expect((await handle.result()).error?.message).toBe("upstream said ***");
    expectNoTrace(await tracesOf(engine, handle.id));
  });

  it("is masked in bodies, and what a body read around it", async () => {
    const holds = defineNode({
      type: "holds",
      container: true,
      execute: async (ctx) => {
        await ctx.runBody({ nodes: [{ id: "in", type: "reads" }] }, {}, "[0]");
        return { quoted: SECRET };
      },
    });
    await using engine = await testEngine({ ...options, nodes: [...options.nodes, holds] });
    expect((await engine.run({ nodes: [{ id: "c", type: "holds" }] })).output).toEqual({ quoted: "***" });
  });

  it("is of no concern to other executions", async () => {
    await using engine = await testEngine(options);
    await engine.run({ nodes: [{ id: "a", type: "reads" }] });
    const { error } = await engine.run({ nodes: [{ id: "b", type: "quotes" }] });
    expect(error?.message).toBe(`upstream said ${SECRET}`);
  });

  it("stays masked after an attempt that failed, whatever the store gives then", async () => {
    let reads = 0;
    const rotating = { get: async () => ({ token: `rotated-token-${++reads}` }) };
    const flaky = defineNode({
      type: "flaky",
      credentials: ["secret"],
      execute: async (ctx) => {
        await ctx.credentials("secret");
        if (ctx.attempt === 1) throw new RetryableNodeError("again with rotated-token-1");
        return "rotated-token-1 then rotated-token-2";
      },
    });
    await using engine = await testEngine({ nodes: [flaky], secrets: rotating });
    const running = engine.run({ nodes: [{ id: "f", type: "flaky", retry: { delaysMs: [10] } }] });
    await engine.advance(10);
    expect((await running).output).toBe("*** then ***");
  });
});

describe("a credential", () => {
  const reading = (declaration: object) =>
    defineNode({
      type: "reading",
      ...declaration,
      execute: async (ctx) => Object.keys(await ctx.credentials("mine")).length,
    });
  const CREDENTIALS = { mine: { token: "long-enough" } };

  it.each([
    ["no declaration", {}],
    ["an empty declaration", { credentials: [] }],
    ["other permissions", { permissions: ["net", "fs"] }],
  ])("is refused to a node type with %s", async (_what, declaration) => {
    const { error } = await testNode(reading(declaration)).credentials(CREDENTIALS).run();
    expect(error).toMatchObject({ code: "permission_denied", message: expect.stringMatching(/reading declares none/) });
  });

  it.each([
    ["names the kind", { credentials: ["crm"] }],
    ["declares the permission", { permissions: ["credentials"] }],
  ])("is given to a node type that %s", async (_what, declaration) => {
    const { output } = await testNode(reading(declaration)).credentials(CREDENTIALS).run();
    expect(output).toBe(1);
  });

  it("that is not there is no credential of a prototype either", async () => {
    const node = defineNode({
      type: "reading",
      credentials: ["crm"],
      execute: async (ctx) => ctx.credentials("__proto__"),
    });
    expect((await testNode(node).run()).error).toMatchObject({ code: "credential_not_found" });
  });

  it("that holds more than can be masked is not given out", async () => {
    const huge = { mine: { token: Array.from({ length: 900_000 }, (_, n) => n.toString(36)).join(".") } };
    const list = {
      mine: Object.fromEntries(Array.from({ length: 90_000 }, (_, n) => [`k${n}`, `secret number ${n} of many`])),
    };
    for (const credentials of [huge, list]) {
      const node = reading({ credentials: ["crm"] });
      const { error } = await testNode(node).credentials(credentials).run();
      expect(error).toMatchObject({ code: "credential_too_large" });
    }
  });

  it("may be one of very many", async () => {
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, `secret number ${n} of many`]));
    const { output } = await maskedRun(many, () => ["secret number 2999 of many", "secret number 17 of many", "none"]);
    expect(output).toEqual(["***", "***", "none"]);
  });
});
