import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { dataTransform } from "./data-transform.js";

function transform(parameters: Readonly<Record<string, unknown>>, input: unknown = {}): Promise<unknown> {
  return runNode(dataTransform, { parameters, input, now: Date.parse("2026-01-01T00:00:00Z") });
}

describe("data_transform with fields", () => {
  const input = { a: 1, b: { c: 2, d: [{ e: 3 }, { e: 4 }] }, "x.y": 5 };

  it("sets fields, inside too, and passes the others through without touching the input", async () => {
    expect(await transform({ set: { "b.c": 9, "b.d.0.e": 7, "new.deep": true, a: null } }, input)).toEqual({
      a: null,
      b: { c: 9, d: [{ e: 7 }, { e: 4 }] },
      "x.y": 5,
      new: { deep: true },
    });
    expect(input.b.c).toBe(2);
  });

  it("keeps, drops and renames", async () => {
    expect(await transform({ keep: ["a", "b.c", "missing"] }, input)).toEqual({ a: 1, b: { c: 2 } });
    expect(await transform({ drop: ["b", "x.y", "missing.deep"] }, input)).toEqual({ a: 1 });
    expect(await transform({ drop: ["b.d.0"], keep: ["b"] }, input)).toEqual({ b: { c: 2, d: [{ e: 4 }] } });
    expect(await transform({ rename: { "b.c": "c", a: "z.y", "x.y": "xy", missing: "m" } }, input)).toEqual({
      b: { d: input.b.d },
      c: 2,
      z: { y: 1 },
      xy: 5,
    });
    expect(await transform({ rename: { a: "b", b: "a" } }, { a: 1, b: 2 })).toEqual({ a: 2, b: 1 });
  });

  it("leaves the other fields behind without passThrough", async () => {
    expect(await transform({ passThrough: false, set: { n: 1 }, rename: { a: "z" } }, input)).toEqual({ n: 1, z: 1 });
  });

  it("keeps an input that is no object under `input`", async () => {
    expect(await transform({ set: { n: 1 } }, [1])).toEqual({ input: [1], n: 1 });
    expect(await transform({ set: { n: 1 } }, null)).toEqual({ n: 1 });
    expect((await failureOf(dataTransform, { parameters: { keep: ["a"] }, input: [1] })).message).toMatch(
      /the input is array/,
    );
  });

  it.each([
    [{ set: { "a.b": 1 } }, /Cannot reach into a/],
    [{ set: { "b.d.9.e": 1 } }, /not a place in a list of 2/],
    [{ set: { "b.d.length": 0 } }, /not a place/],
    [{ set: { "__proto__.polluted": 1 } }, /not a field path/],
    [{ set: { "b.constructor.prototype.polluted": 1 } }, /not a field path/],
    [{ rename: { a: "__proto__" } }, /not a field path/],
    [{ keep: ["constructor"] }, /not a field path/],
    [{ drop: ["b.__proto__"] }, /not a field path/],
  ])("refuses %j", async (parameters, message) => {
    const failure = await failureOf(dataTransform, { parameters, input });
    expect(failure).toMatchObject({ code: "invalid_input" });
    expect(failure.message).toMatch(message);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("sets many fields of a large object in good time", async () => {
    const large = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, index]));
    const set = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`in.k${index}`, 1]));
    const output = (await transform({ set }, { in: large })) as { in: object };
    expect(Object.keys(output.in)).toHaveLength(20_000);
  });
});

describe("data_transform with JSONata", () => {
  it("runs a program on the input", async () => {
    const input = {
      orders: [
        { total: 2, items: ["a"] },
        { total: 3, items: ["b", "c"] },
      ],
    };
    expect(await transform({ jsonata: "$sum(orders.total)" }, input)).toBe(5);
    expect(await transform({ jsonata: "orders.items" }, input)).toEqual(["a", "b", "c"]);
    expect(await transform({ jsonata: '{"big": orders[total > 2], "n": $count(orders)}' }, input)).toEqual({
      big: input.orders[1],
      n: 2,
    });
    expect(await transform({ jsonata: "$map($, function($v) { $v * 2 })" }, [1, 2])).toEqual([2, 4]);
    expect(await transform({ jsonata: "missing" }, input)).toBeNull();
    expect(await transform({ jsonata: "$ ~> |orders|{'total': 0}|" }, input)).toMatchObject({
      orders: [{ total: 0 }, { total: 0 }],
    });
  });

  it("takes time and chance from the context, and is idempotent where it uses them", async () => {
    const program = "[$now(), $millis(), $random(), $random()]";
    const first = (await transform({ jsonata: program })) as number[];
    expect(first.slice(0, 2)).toEqual(["2026-01-01T00:00:00.000Z", 1_767_225_600_000]);
    expect(first[2]).not.toBe(first[3]);
    expect(await transform({ jsonata: program })).toEqual(first);
    const effects = dataTransform.effects as (parameters: unknown) => string;
    expect([effects({ jsonata: "$now()" }), effects({ jsonata: "a.b" }), effects({ set: {} })]).toEqual([
      "idempotent",
      "pure",
      "pure",
    ]);
  });

  it("gives plain lists", async () => {
    const list = (await transform({ jsonata: "a.b" }, { a: [{ b: 1 }, { b: 2 }] })) as unknown[];
    expect(Object.getOwnPropertyNames(list)).toEqual(["0", "1", "length"]);
  });

  it("uses patterns in linear time", async () => {
    expect(await transform({ jsonata: '$replace("a-1 b-22", /([a-z])-(\\d+)/i, "$2$1")' })).toBe("1a 22b");
    expect(await transform({ jsonata: '$match("a1b2", /[a-z](\\d)/).groups' })).toEqual(["1", "2"]);
    expect(await transform({ jsonata: '$split("a, b,c", /,\\s*/)' })).toEqual(["a", "b", "c"]);
    expect(await transform({ jsonata: "$contains(text, /^(a+)+$/)" }, { text: `${"a".repeat(50_000)}!` })).toBe(false);
    expect((await failureOf(dataTransform, { parameters: { jsonata: '$match("a", /(?=a)/)' } })).message).toMatch(
      /look-around/i,
    );
  });

  it.each([
    ["(", "expression_syntax"],
    ["1 +", "expression_syntax"],
    ["$nothing()", "expression_failed"],
    ['1 + "a"', "expression_failed"],
    ['$error("mine")', "expression_failed"],
    ['$eval("1+1")', "expression_failed"],
    ["($f := function() { 1 + $f() }; $f())", "expression_limit"],
    ["($f := function() { $f() }; $f())", "expression_limit"],
    ["[1..2000000]", "expression_limit"],
    ["[1..1e9]", "expression_limit"],
    ['$pad("x", 1e9)', "expression_limit"],
    [`${"(".repeat(3_000)}1${")".repeat(3_000)}`, "expression_limit"],
    ["$map([1..900000], function($a) { $map([1..900000], function($b) { $b }) })", "expression_limit"],
  ])("fails in bounded time for %.60s", async (jsonata, code) => {
    expect(await failureOf(dataTransform, { parameters: { jsonata } })).toMatchObject({ code, name: "FatalNodeError" });
  });

  it.each([
    ["$map([1..6], function() { $pad('x', 900000) })", "output_too_large"],
    ["function($x) { $x }", "output_not_serializable"],
  ])("refuses the result of %s", async (jsonata, code) => {
    expect(await failureOf(dataTransform, { parameters: { jsonata } })).toMatchObject({ code });
  });

  it("sees variables and the trigger", async () => {
    const run = { parameters: { jsonata: "$vars.a + $trigger.b" }, vars: { a: 1 }, input: { b: 2 } };
    expect(await runNode(dataTransform, run)).toBe(3);
  });

  it("stops with its node", async () => {
    const controller = new AbortController();
    const jsonata = "$map([1..900000], function($a) { $map([1..900000], function($b) { $b }) })";
    const run = runNode(dataTransform, { parameters: { jsonata }, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(run).rejects.toThrow("enough");
  });

  it("says where a program is wrong", async () => {
    const failure = await failureOf(dataTransform, { parameters: { jsonata: "a +" } });
    expect(failure.details).toMatchObject({ offset: 3 });
  });

  it("reaches no prototype", async () => {
    expect(await transform({ jsonata: "constructor" })).toBeNull();
    expect(await transform({ jsonata: "__proto__.toString" })).toBeNull();
    await transform({ jsonata: '{"__proto__": {"polluted": 1}}' });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("stands alone", () => {
    expect(dataTransform.parameterSchema?.safeParse({ jsonata: "a", set: { b: 1 } }).success).toBe(false);
    expect(dataTransform.parameterSchema?.safeParse({ jsonata: "x".repeat(20_000) }).success).toBe(false);
  });
});
