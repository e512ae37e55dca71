import { type TestNodeResult, testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { codeJavascript } from "./code-javascript.js";

const FAR_BELOW_DEFAULT = 300;

function run(code: string, parameters: Readonly<Record<string, unknown>> = {}, input: unknown = { a: 1 }) {
  return testNode(codeJavascript)
    .parameters({ code, ...parameters })
    .input(input)
    .run();
}

async function outputOf(code: string, input?: unknown): Promise<unknown> {
  const { status, output, error } = await run(code, {}, input);
  expect(error).toBeUndefined();
  expect(status).toBe("completed");
  return output;
}

async function errorOf(code: string, parameters?: Readonly<Record<string, unknown>>) {
  const { error } = await run(code, parameters);
  return { code: error?.code, message: error?.message, details: error?.details };
}

describe("code_javascript", () => {
  it("runs a function body on its values", async () => {
    expect(await outputOf("return input.a + 1")).toBe(2);
    expect(await outputOf("const { a } = input;\nreturn await Promise.resolve({ a, b: [a, null, 'ü€😀'] });")).toEqual({
      a: 1,
      b: [1, null, "ü€😀"],
    });
    expect(await outputOf("input.list.push(3); return input", { list: [1, 2] })).toEqual({ list: [1, 2, 3] });
    expect(await outputOf("return [inputs, Object.keys(nodes), vars]")).toEqual([{}, [], {}]);
  });

  it("sees what started the execution, and which it is", async () => {
    const output = await outputOf("return { trigger, id: execution.id, workflowId: execution.workflowId }");
    expect(output).toEqual({ trigger: { a: 1 }, id: expect.any(String), workflowId: null });
  });

  it("runs its example", async () => {
    const { parameters, input, output } = codeJavascript.example ?? { parameters: {} };
    expect((await testNode(codeJavascript).parameters(parameters).input(input).run()).output).toEqual(output);
  });

  it.each([
    ["return undefined", null],
    ["", null],
    ["const trigger = 1, execution = 2; return trigger + execution", 3],
    ["return new Date(0)", "1970-01-01T00:00:00.000Z"],
    ["return { a: undefined, b: [undefined] }", { b: [null] }],
    ["return { toJSON() { return { x: 1 } } }", { x: 1 }],
    ["return new Proxy({ a: 1 }, {})", { a: 1 }],
    ["return 'x'.repeat(3e6).length", 3_000_000],
  ])("gives JSON of what `%s` returns", async (code, output) => {
    expect(await outputOf(code)).toEqual(output);
  });

  it.each([
    ["const a = {}; a.a = a; return a", "a cyclic value"],
    ["return 10n", "a bigint"],
    ["return { total: () => 1 }", 'a function in "total"'],
    ["return Symbol('x')", "a symbol"],
    ["return { a: [1 / 0] }", "the number Infinity"],
    ["return new Map()", "a Map"],
    ["return [new Set()]", "a Set"],
    ["return [new Date(NaN)]", "an invalid Date"],
  ])("refuses what no JSON can hold: %s", async (code, what) => {
    const error = await errorOf(code);
    expect(error.code).toBe("output_not_serializable");
    expect(error.message).toContain(what);
  });

  it.each([
    ["const x = 1;\nthrow new TypeError('bad')", 2, "TypeError: bad"],
    ["const f = () => {\n  null.x;\n};\n\nf();", 2, "cannot read property"],
    ["const x = 1;\nconst = 2", 2, "cannot be parsed"],
    ["if (true) {\n  return 1;", 2, "cannot be parsed"],
    ["return missing", 1, "'missing' is not defined"],
  ])("names the line of an error: %j", async (code, line, text) => {
    const error = await errorOf(code);
    expect(error).toMatchObject({ code: "code_failed", details: { line } });
    expect(error.message).toContain(`line ${line}`);
    expect(error.message).toContain(text);
  });

  it.each([
    ["throw null", "The code threw null."],
    ["throw undefined", "The code threw undefined."],
    ["throw 'text'", "The code threw text."],
    ["throw { get message() { throw 1 } }", "cannot be shown"],
    ["throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })", "cannot be shown"],
    ["await new Promise(() => {})", "a promise that nothing will settle"],
    ["const f = () => f(); f()", "stack overflow"],
    ["return JSON.parse('['.repeat(1e6))", "stack overflow"],
    ["String.prototype.slice = 1; Promise.prototype.then = 1; throw new Error('mine')", "mine"],
  ])("ends in a clear error: %s", async (code, text) => {
    const error = await errorOf(code);
    expect(error.code).toBe("code_failed");
    expect(error.message).toContain(text);
  });

  it.each([
    "for (;;);",
    "for (;;) { try { for (;;); } catch {} }",
    "const next = () => Promise.resolve().then(next); next(); return new Promise(() => {})",
    "for (;;) await null",
    "return { toJSON() { for (;;); } }",
    "return new Proxy({}, { ownKeys() { for (;;); } })",
    "return /^(a+)+$/.test('a'.repeat(50) + '!')",
    "}); for (;;); (function () {",
  ])("stops `%s` in time", async (code) => {
    expect(await errorOf(code, { timeoutMs: FAR_BELOW_DEFAULT })).toMatchObject({
      code: "code_timed_out",
      message: expect.stringContaining("300 ms"),
    });
  });

  it.each([
    "return 'x'.repeat(512 * 1024 * 1024)",
    "const all = []; for (;;) all.push('x'.repeat(1000) + all.length)",
    "const all = []; for (;;) all.push(new Array(1000).fill(all.length))",
    "let s = 'x'; for (;;) { s += s; s.charCodeAt(0); }",
    "return new ArrayBuffer(2 ** 30).byteLength",
  ])("keeps `%s` within its memory", async (code) => {
    expect(await errorOf(code, { memoryMb: 32 })).toMatchObject({ code: "code_out_of_memory" });
    expect(await outputOf("return 1")).toBe(1);
  });

  it("keeps the output within its limit", async () => {
    expect(await errorOf("return ['x'.repeat(5e6)]")).toMatchObject({ code: "output_too_large" });
  });

  it.each([
    ["return (() => {}).constructor.constructor('return process')()", "'process' is not defined"],
    ["return globalThis.constructor.constructor('return require')()", "'require' is not defined"],
    ["return await import('node:fs')", "could not load module"],
    ["return fetch('http://127.0.0.1')", "'fetch' is not defined"],
    ["return setTimeout(() => {}, 1)", "'setTimeout' is not defined"],
    ["return console.log.constructor('return process.env')()", "'process' is not defined"],
  ])("has no way out: %s", async (code, text) => {
    const error = await errorOf(code);
    expect(error.code).toBe("code_failed");
    expect(error.message).toContain(text);
  });

  it("pollutes no prototype, neither of the host nor of the next run", async () => {
    const code = "Object.prototype.polluted = 1; globalThis.left = 1; return { ['__proto__']: { polluted: 2 }, ok: 1 }";
    const { output } = await run(code);
    expect(Object.keys(output as object)).toEqual(["ok", "__proto__"].sort());
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(await outputOf("return [typeof left, typeof {}.polluted]")).toEqual(["undefined", "undefined"]);
  });

  it("writes what is printed to the node's log, bounded", async () => {
    const { logs } = await run(
      "console.log('a', 1, { b: 2 }); console.warn('w'); console.error(new Error('e')); console.debug(null)",
    );
    expect(logs.map(({ level, message }) => [level, message.split("\n")[0]])).toEqual([
      ["info", 'a 1 {"b":2}'],
      ["warn", "w"],
      ["error", "Error: e"],
      ["debug", "null"],
    ]);
    const flood = await run("for (let n = 0; n < 2000; n++) console.log('x'.repeat(1e4)); return 1");
    expect(flood.output).toBe(1);
    expect(flood.logs).toHaveLength(201);
    expect(Math.max(...flood.logs.map(({ message }) => message.length))).toBeLessThanOrEqual(2_001);
  });

  it("is pure unless it names the clock or chance, and is deterministic then", async () => {
    const effects = codeJavascript.effects as (parameters: unknown) => string;
    expect([
      effects({ code: "return input" }),
      effects({ code: "return Date.now()" }),
      effects({ code: "return Math.random()" }),
    ]).toEqual(["pure", "idempotent", "idempotent"]);
    const hidden = "const D = globalThis['Da' + 'te']; const r = Math['ran' + 'dom']; return [D.now(), r(), r()]";
    const [first, second] = (await Promise.all([run(hidden), run(hidden)])) as [TestNodeResult, TestNodeResult];
    expect((first.output as number[])[0]).toBe((second.output as number[])[0]);
    expect((first.output as number[])[1]).not.toBe((first.output as number[])[2]);
  });

  it("takes the time from the engine, in UTC", async () => {
    const output = (await outputOf("return [Date.now(), new Date(2020, 0, 1).toISOString()]")) as [number, string];
    expect(output[1]).toBe("2020-01-01T00:00:00.000Z");
    expect(Math.abs(output[0] - Date.UTC(2025, 0, 1))).toBeLessThan(60_000);
  });

  it("serves many at once", async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => run(`return input.n * 2`, {}, { n: index })),
    );
    expect(results.map(({ output }) => output)).toEqual(Array.from({ length: 50 }, (_, index) => index * 2));
  });

  it("does not grow with the number of runs", async () => {
    const rss = () => process.memoryUsage().rss / 1024 / 1024;
    const some = async (count: number) => {
      for (let index = 0; index < count; index++) {
        await run(index % 4 === 0 ? "throw new Error('x'.repeat(1e5))" : "return 'x'.repeat(1e6).length");
      }
    };
    await some(50);
    const before = rss();
    await some(150);
    expect(rss() - before).toBeLessThan(200);
  });

  it("refuses parameters out of range", () => {
    const refused = [{}, { code: "1", timeoutMs: 0 }, { code: "1", memoryMb: 1e6 }];
    for (const parameters of refused) expect(codeJavascript.parameterSchema?.safeParse(parameters).success).toBe(false);
    expect(codeJavascript.parameterSchema?.parse({ code: "1" })).toEqual({ code: "1", timeoutMs: 5000, memoryMb: 64 });
  });
});
