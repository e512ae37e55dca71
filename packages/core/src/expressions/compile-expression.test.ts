import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExpressionError } from "../errors/errors.js";
import { compileExpression } from "./compile-expression.js";
import { compileTemplate } from "./compile-template.js";
import { Evaluation } from "./evaluation.js";
import { defaultExpressionLimits } from "./expression-limits.js";
import type { ExpressionScope } from "./expression-scope.js";
import { mergeFunctionTables } from "./functions/function-table.js";
import { standardFunctions } from "./functions/standard-functions.js";
import { Compilation } from "./syntax/compilation.js";
import { compileNode } from "./syntax/compile-node.js";
import { parseSource } from "./syntax/parse-source.js";
import { testScope } from "./test-scope.js";

function run(source: string, given: Parameters<typeof testScope>[0] = {}, extra?: Record<string, unknown>): unknown {
  return compileExpression(source).evaluate(testScope(given), extra);
}

function errorOf(act: () => unknown): ExpressionError {
  try {
    act();
  } catch (error) {
    expect((error as Error).name).toBe("ExpressionError");
    return error as ExpressionError;
  }
  throw new Error("nothing was thrown");
}

const input = { name: "Ada", age: 36, tags: ["a", "b"], nested: { deep: [{ x: 1 }] }, none: null, big: 1e3 };

describe("values and operators", () => {
  it.each<[string, unknown]>([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["2 ** 3 ** 2", 512],
    ["7 % 4 - 10 / 4", 0.5],
    ["-input.age + 1", -35],
    ["'a' + 1 + null", "a1"],
    ["1 + 1 + 'a'", "2a"],
    ["'x' + {a: [1]}", 'x{"a":[1]}'],
    ["input.age >= 18 && input.name == 'Ada'", true],
    ["1 == '1'", false],
    ["1 != '1'", true],
    ["null ?? 'a' + 'b'", "ab"],
    ["0 || 'zero'", "zero"],
    ["false && 1 || 2", 2],
    ["input.age > 18 ? 'adult' : 'child'", "adult"],
    ["[1, ...input.tags, {a: 1}]", [1, "a", "b", { a: 1 }]],
    ["{name, 'b c': 1, [name]: 2, ...{d: 3}}", { name: "Ada", "b c": 1, Ada: 2, d: 3 }],
    ["`${name} is ${input.age}`", "Ada is 36"],
    ["!input.none", true],
    ["undefined ?? 1", 1],
    ["'a' < 'b'", true],
  ])("%s", (source, expected) => {
    expect(run(source, { input })).toEqual(expected);
  });

  it.each(["1 < 'a'", "null > 1", "[] <= []", "1 + null", "{} + []", "'2' * 2", "-'a'", "[...1]", "{...1}"])(
    "%s mixes types",
    (source) => {
      expect(errorOf(() => run(source)).code).toBe("expression_type");
    },
  );

  it("a long chain of operators needs no deep stack", () => {
    expect(run(Array.from({ length: 1000 }, () => "1").join("+"))).toBe(1000);
  });

  it("refuses results that are no finite numbers", () => {
    expect(errorOf(() => run("1 / 0")).code).toBe("expression_failed");
  });
});

describe("paths and names", () => {
  it.each<[string, unknown]>([
    ["input.name", "Ada"],
    ["input['name']", "Ada"],
    ["input.nested.deep[0].x", 1],
    ["input?.nested?.deep?.[0]?.x", 1],
    ["input.tags.length", 2],
    ["input.name.length", 3],
    ["input.name[0]", "A"],
    ["input.missing", null],
    ["input.missing.below.that[3]", null],
    ["input.tags[9]", null],
    ["input.tags['map']", null],
    ["input.toString", null],
    ["input.name.toUpperCase", null],
    ["name", "Ada"],
    ["fromVars", "v"],
    ["fromTrigger", "t"],
    ["only", "extra"],
    ["item", "extra item"],
    ["index", 7],
    ["nodes.fetch.output.ok", true],
    ["nodes['fetch'].output.ok", true],
    ["nodes[name]", null],
    ["nodes['fet' + 'ch'].output.ok", true],
    ["nodes.hidden.output", null],
    ["keys(nodes)", ["fetch"]],
    ["default(input.missing, 'd')", "d"],
  ])("%s", (source, expected) => {
    const given = {
      input,
      vars: { name: "var", fromVars: "v" },
      trigger: { fromVars: "no", fromTrigger: "t" },
      nodesById: { fetch: { output: { ok: true } } },
    };
    expect(run(source, given, { only: "extra", item: "extra item", index: 7 })).toEqual(expected);
  });

  it("reserved names win over data, extra names over the input", () => {
    expect(run("[input.vars, vars, name]", { input: { vars: 1, name: 2 }, vars: 3 }, { vars: 4, name: 5 })).toEqual([
      1, 3, 5,
    ]);
  });

  it.each(["missing", "missing.below", "missing + 1"])("%s fails with the names that exist", (source) => {
    const error = errorOf(() => run(source, { input }));
    expect(error).toMatchObject({ code: "unresolved_name", offset: 0, source });
    expect(error.message).toContain("name, age, tags");
  });

  it("lists each name that exists once", () => {
    const error = errorOf(() => run("missing", { input: { item: 1, name: 2 } }, { item: 3, index: 4 }));
    const names = (error.details as { readonly names: readonly string[] }).names;
    expect(names).toEqual([...new Set(names)]);
    expect(names.slice(0, 3)).toEqual(["item", "index", "name"]);
  });

  it("tells that a function is missing its parentheses", () => {
    expect(errorOf(() => run("now")).message).toContain("now()");
  });

  it("gathers names, node references and volatility", () => {
    const compiled = compileExpression("map(list, x => x.a + y) && nodes.a.b && nodes['c'] && nodes[z] && item");
    expect(compiled).toMatchObject({ names: ["list", "y", "z"], nodeReferences: ["a", "c"], isVolatile: false });
    for (const source of ["now()", "random()", "uuid()", "date()", "[1, {a: today()}]", "map([1], x => uuid())"]) {
      expect(compileExpression(source).isVolatile, source).toBe(true);
    }
    expect(compileExpression("date(input.at)").isVolatile).toBe(false);
  });

  it("reads lazily, only what it uses", () => {
    const scope: ExpressionScope = {
      ...testScope({ input: { a: 1 } }),
      get nodes(): unknown {
        throw new Error("materialised");
      },
      node: () => ({ output: 2 }),
    };
    expect(compileExpression("nodes.x.output + input.a").evaluate(scope)).toBe(3);
    const error = errorOf(() => compileExpression("nodes").evaluate(scope));
    expect(error.code).toBe("expression_failed");
  });
});

describe("arrow functions", () => {
  it.each<[string, unknown]>([
    ["map([1, 2], x => x * 2)", [2, 4]],
    ["map(tags, (item, index) => item + index)", ["a0", "b1"]],
    ["filter([1, 2, 3], x => x > 1)", [2, 3]],
    ["find([{a: 1}, {a: 2}], x => x.a == 2).a", 2],
    ["find([], x => true)", null],
    ["some([1, 2], x => x > 1) && !every([1, 2], x => x > 1)", true],
    ["reduce([1, 2, 3], (sum, x) => sum + x, 10)", 16],
    ["sort([3, 1, 2])", [1, 2, 3]],
    ["sort([3, 1, 2], 'desc')", [3, 2, 1]],
    ["sort([{a: 2}, {a: 1}], x => x.a)", [{ a: 1 }, { a: 2 }]],
    ["sort([{a: 2}, {b: 1}, {a: 1}], 'a', 'desc')", [{ a: 2 }, { a: 1 }, { b: 1 }]],
    ["sort([1, 3, 2], (a, b) => b - a)", [3, 2, 1]],
    [
      "map([1, 2], x => map([10, 20], y => x + y))",
      [
        [11, 21],
        [12, 22],
      ],
    ],
    ["map([[1], [2]], x => map(x, x => x + 1)[0] + x[0])", [3, 5]],
    ["map([1], () => ({a: 1}))", [{ a: 1 }]],
  ])("%s", (source, expected) => {
    expect(run(source, { input })).toEqual(expected);
  });

  it("are refused elsewhere", () => {
    for (const source of ["x => x", "upper(x => x)", "[x => x]", "(x => x)(1)", "map([1], x => { return x })"]) {
      expect(errorOf(() => compileExpression(source)).code, source).toBe("expression_syntax");
    }
  });

  it("are never JavaScript functions that came in as data", () => {
    expect(errorOf(() => run("map([1], f)", { input: { f: () => 1 } })).code).toBe("expression_type");
    expect(errorOf(() => compileExpression("f()")).code).toBe("unknown_function");
  });
});

describe("syntax errors", () => {
  it.each<[string, number, string]>([
    ["a +", 3, "value"],
    ["", 0, "empty"],
    ["(a", 0, "not closed"],
    ["a)", 1, "unexpected"],
    ["'a", 0, "not closed"],
    ["a b", 2, ""],
    ["name.toUpperCase()", 5, "upper(x)"],
    ["items.map(x => x)", 6, "map(list"],
    ["JSON.stringify(a)", 5, "json(x)"],
    ["/a/", 0, "matches("],
    ["a = 1", 2, "=="],
    ["new Date()", 0, "date("],
    ["a; b", 1, ";"],
    ["a, b", 0, "single"],
    ["typeof a", 0, "typeOf"],
    ["a in b", 0, "has("],
    ["a // b", 2, "comments"],
    ["a++", 1, "++"],
    ["f`x`", 0, ""],
    ["round()", 0, "round(number"],
    ["max(...a)", 4, "list"],
    ["{__proto__: 1}", 1, "__proto__"],
    ["10n", 0, "big"],
    ["\\u0061", 0, ""],
    ["function(){}", 0, "function"],
    ["this", 0, "this"],
  ])("%s", (source, offset, words) => {
    const error = errorOf(() => compileExpression(source));
    expect(error).toMatchObject({ code: "expression_syntax", offset, source });
    expect(error.message).toContain(words);
  });

  it("names the nearest function", () => {
    expect(errorOf(() => compileExpression("1 + uper(a)"))).toMatchObject({ code: "unknown_function", offset: 4 });
    expect(errorOf(() => compileExpression("uper(a)")).message).toContain("upper()");
    expect(errorOf(() => compileExpression("parseInt(a)")).message).toContain("integer(x)");
    for (const name of ["constructor", "hasOwnProperty", "__proto__", "toString", "eval", "require"]) {
      expect(errorOf(() => compileExpression(`${name}('x')`)).code).toBe("unknown_function");
    }
  });
});

describe("prototypes", () => {
  it.each([
    "input.__proto__",
    "input.constructor",
    "input['proto' + 'type']",
    "input['__pro' + 'to__'].polluted",
    "''.constructor.constructor",
    "constructor",
    "__proto__",
    "nodes.__proto__",
    "nodes['constr' + 'uctor']",
    "get(input, 'constructor.prototype')",
    "get(input, '__proto__.polluted')",
  ])("%s is null", (source) => {
    expect(run(source, { input: JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 1}') })).toBeNull();
  });

  it.each([
    "{['__proto__']: {polluted: 1}}",
    "merge({}, input)",
    "{...input}",
    "fromEntries([['__proto__', {polluted: 1}]])",
    'parseJson(\'{"__proto__": {"polluted": 1}}\')',
    'parseJson(\'{"\\\\u005f_proto__": {"polluted": 1}}\')',
    "groupBy([{k: '__proto__'}], 'k')",
    "keyBy([{k: '__proto__', polluted: 1}], 'k')",
    "pick(input, '__proto__')",
    "omit(input, 'a')",
  ])("%s pollutes nothing", (source) => {
    const result = run(source, { input: JSON.parse('{"__proto__": {"polluted": 1}}') }) as Record<string, unknown>;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(Object.hasOwn(result, "__proto__")).toBe(false);
    expect(result["polluted"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("limits", () => {
  const deep = 5000;
  it.each([
    "(".repeat(deep) + "1" + ")".repeat(deep - 1),
    "[".repeat(deep),
    "{a:".repeat(3000),
    "!".repeat(deep) + "1",
    "- ".repeat(deep) + "1",
    "typeof ".repeat(1400) + "1",
    "a?".repeat(3000),
    "1?1:".repeat(2400) + "1",
    "1**".repeat(3000) + "1",
    "x=>".repeat(3000) + "x",
    "a[".repeat(3000),
    "f(".repeat(3000),
    "`${".repeat(3000),
    "1+".repeat(4999) + "1",
    "1&&".repeat(3300) + "1",
    "new ".repeat(2000) + "a",
    `${"!".repeat(60)}a[`.repeat(100),
    "a".repeat(10_001),
    "async ".repeat(1600),
    "...".repeat(3000),
    "x".repeat(5_000_000),
  ])("source bomb %#", (source) => {
    const error = errorOf(() => compileExpression(source));
    expect(["expression_limit", "expression_syntax"]).toContain(error.code);
  });

  it("allows nesting of 64 and a path of thousands of steps", () => {
    expect(run(`${"(".repeat(64)}1${")".repeat(64)}`)).toBe(1);
    expect(errorOf(() => run(`${"(".repeat(65)}1${")".repeat(65)}`)).code).toBe("expression_limit");
    expect(run(`input${".a".repeat(4000)}`)).toBeNull();
    expect(run(`(input)${"[0]".repeat(3000)}`)).toBeNull();
  });

  it.each([
    "range(1e9)",
    "range(100001)",
    "map(range(50000), x => x + 1 + 1)",
    "map(range(1000), x => map(range(1000), y => y))",
    "repeat('x', 1e9)",
    "repeat('x', 2 ** 53 - 1)",
    "repeat(repeat('x', 10000), 10000)",
    "padStart('', 1e9)",
    "padEnd('', 1e9, 'ab')",
    "reduce(range(40), (a, x) => a + a, 'x')",
    "reduce(range(60), (a, x) => [a, a], 1)",
    "json(reduce(range(60), (a, x) => [a, a], 1))",
    "equals(reduce(range(60), (a, x) => [a, a], 1), reduce(range(60), (a, x) => [a, a], 1))",
    "flatten(reduce(range(60), (a, x) => [a, a], 1), 64)",
    "unique([reduce(range(60), (a, x) => [a, a], 1)])",
    "reduce(range(60), (a, x) => concat(a, a), [1])",
    "reduce(range(60), (a, x) => [...a, ...a], [1])",
    "reduce(range(60), (a, x) => replace(a, 'x', a), 'xx')",
    "reduce(range(60), (a, x) => join([a, a]), 'xx')",
    "reduce(range(60), (a, x) => `${a}${a}`, 'xx')",
    "reduce(range(20000), (a, x) => [a], 1)",
    "map(range(20000), x => upper(input.text))",
    "map(range(20000), x => input.text == input.same)",
    "map(range(20000), x => input.text < input.same)",
    "map(range(20000), x => (input.text + x)[0])",
    "split(input.text, '')",
    "includes(input.text, 'b' + repeat('a', 500000))",
    "replacePattern(input.text, 'a', repeat('b', 10000))",
    "matchAll(repeat('a', 20000), '(a+)(a+)(a+)c|a')",
    "map(range(9000), x => matches('a', '\\\\p{L}{1000}' + x))",
    "map(range(9000), x => matches(repeat('a', 3000), '(x+x+)+y'))",
    "join(map(range(30000), x => input.text))",
    "[input.text, input.text, input.text, input.text, input.text, ...map(range(60), x => input.text)]",
    "matches('a', '((((((a{10}){10}){10}){10}){10}){10}){10}')",
    "map(range(90000), x => formatDate(x, 'yyyy', 'Asia/Tokyo'))",
    "encodeUrl(repeat('%', 9e6))",
  ])("%s ends before the test's own time limit", (source) => {
    const given = { input: { text: "a".repeat(2_000_000), same: "a".repeat(2_000_000) } };
    const error = errorOf(() => run(source, given));
    expect(["expression_limit", "expression_failed"]).toContain(error.code);
  });

  it("leaves real work alone", () => {
    const rows = Array.from({ length: 5000 }, (_, id) => ({ id, price: id % 17 }));
    const source = "sum(map(filter(rows, row => row.price > 3), row => row.price * 2))";
    expect(run(source, { input: { rows } })).toBeGreaterThan(0);
    expect(String(run("reduce(rows, (text, row) => text + row.id + ',', '')", { input: { rows } })).length).toBe(
      23_890,
    );
  });
});

describe("functions of plugins", () => {
  it("are called by name and never see more than their arguments", () => {
    const own = mergeFunctionTables(standardFunctions, { double: (value) => Number(value) * 2, later: async () => 1 });
    expect(compileExpression("double(21)", undefined, own).evaluate(testScope())).toBe(42);
    expect(errorOf(() => compileExpression("later()", {}, own).evaluate(testScope())).code).toBe("expression_failed");
  });

  it("that throw end in an ExpressionError with the cause", () => {
    const cause = new Error("inside");
    const broken = {
      broken: () => {
        throw cause;
      },
    };
    const error = errorOf(() => compileExpression("1 + broken()", {}, broken).evaluate(testScope()));
    expect(error).toMatchObject({ code: "expression_failed", cause, offset: 4 });
  });
});

describe("properties", () => {
  const key = fc.oneof(
    fc.constantFrom("a", "b", "length", "__proto__", "constructor", "0", "x y"),
    fc.string({ maxLength: 5 }),
  );

  it("the fast path gives what the general way gives", () => {
    const root = fc.constantFrom("input", "inputs", "vars", "trigger", "item", "index", "nodes", "execution", "a", "b");
    fc.assert(
      fc.property(
        root,
        fc.array(fc.oneof(key, fc.nat(3)), { maxLength: 5 }),
        fc.object({ key }),
        (name, keys, data) => {
          const source = name + keys.map((part) => `[${JSON.stringify(part)}]`).join("");
          const scope = testScope({
            input: data,
            vars: { a: data },
            item: data,
            nodesById: data,
            trigger: { b: [data] },
          });
          const site = { text: source, start: 0 };
          const evaluator = compileNode(
            parseSource(site, defaultExpressionLimits, false).tree,
            new Compilation(site, {}),
          );
          const settings = { site, limits: defaultExpressionLimits, patterns: new Map() };
          expect(compileExpression(source).evaluate(scope)).toBe(evaluator(new Evaluation(settings, scope, undefined)));
        },
      ),
      { numRuns: 2000 },
    );
  });

  function neverElse(source: string, compile: typeof compileExpression): void {
    try {
      const value = compile(source).evaluate(testScope({ input: { a: 1, b: [source], c: { d: source } } }));
      expect(value).not.toBeUndefined();
    } catch (error) {
      if ((error as Error).name !== "ExpressionError") throw error;
      const { offset, source: text } = error as ExpressionError;
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(offset).toBeLessThanOrEqual(text.length);
    }
  }

  it("nothing but an ExpressionError is ever thrown, whatever the text", () => {
    const pieces = [
      ...["(", ")", "[", "]", "{", "}", "{{", "}}", "`", "${", "'", '"', "\\", "=>", "?", ":", "?.", "...", "."],
      ...["+", "-", "*", "**", "/", "!", "<", "==", "&&", "??", ",", ";", " ", "\n", "//", "\u2028", "#", "@"],
      ...["input", "a", "b", "nodes", "map", "sort", "x", "default", "function", "class", "async", "await", "yield"],
      ...["new", "this", "typeof", "let", "1", "1e9", "0x1", ".5", "'t'", "null", "true", "get ", "static", "of", "in"],
      ...Object.keys(standardFunctions).map((name) => `${name}(`),
    ];
    const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(""));
    const anything = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), soup);
    const check = (text: string): void => {
      neverElse(text, compileExpression);
      neverElse(`{{${text}}}`, compileTemplate);
      neverElse(text, compileTemplate);
    };
    fc.assert(fc.property(anything, check), { numRuns: 5000 });
  });

  it("every function takes any data without anything but an ExpressionError", () => {
    const data = fc.oneof(fc.anything({ withDate: true, withNullPrototype: true }), fc.string(), fc.nat(100));
    const names = fc.constantFrom(...Object.keys(standardFunctions));
    fc.assert(
      fc.property(names, fc.array(data, { maxLength: 4 }), (name, values) => {
        const source = `${name}(${values.map((_, index) => `v${index}`).join(", ")})`;
        const extra = Object.fromEntries(values.map((value, index) => [`v${index}`, value]));
        try {
          expect(compileExpression(source).evaluate(testScope(), extra)).not.toBeUndefined();
        } catch (error) {
          if ((error as Error).name !== "ExpressionError") throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });

  const naughtyStrings = readNaughtyStrings();
  it.skipIf(naughtyStrings === undefined && process.env["CI"] !== "true")(
    "survives the big list of naughty strings (skipped where ../shared/data/security/blns.json is missing)",
    () => {
      expect(naughtyStrings, "../shared/data/security/blns.json is missing").toBeDefined();
      for (const text of naughtyStrings ?? []) {
        neverElse(text, compileExpression);
        neverElse(text, compileTemplate);
        neverElse(`{{${text}}}`, compileTemplate);
        expect(compileTemplate("{{b[0]}}!").evaluate(testScope({ input: { b: [text] } }))).toBe(`${text}!`);
        expect(run(JSON.stringify(text))).toBe(text);
      }
    },
  );
});

function readNaughtyStrings(): readonly string[] | undefined {
  try {
    const file = new URL("../../../../../shared/data/security/blns.json", import.meta.url);
    return JSON.parse(readFileSync(file, "utf8")) as readonly string[];
  } catch {
    return undefined;
  }
}
