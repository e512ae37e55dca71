import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineNode } from "../definition/define-node.js";
import { compileTemplate } from "../expressions/compile-template.js";
import { readPlainReference } from "./plain-reference.js";
import { validateDefinition } from "./validate-definition.js";

const step = defineNode({ type: "step", parameters: z.object({ text: z.string().optional() }), execute: () => ({}) });
const loop = defineNode({ type: "loop", bodies: ["body"], deferred: ["condition"], execute: () => ({}) });
const validate = (definition: unknown) => validateDefinition(definition, { nodes: [step, loop] });
const codes = (definition: unknown) => validate(definition).map((issue) => issue.code);

function throwing(): never {
  throw new Error("do not touch");
}
const proxy = (target: object = {}): object =>
  new Proxy(target, {
    get: throwing,
    ownKeys: throwing,
    getPrototypeOf: throwing,
    has: throwing,
    getOwnPropertyDescriptor: throwing,
  });
const revoked = (): object => {
  const { proxy: object, revoke } = Proxy.revocable({}, {});
  revoke();
  return object;
};

describe("a hostile definition", () => {
  it.each([
    ["null", null],
    ["undefined", undefined],
    ["text", "{}"],
    ["a number", Number.NaN],
    ["a symbol", Symbol("x")],
    ["a bigint", 10n],
    ["a function", () => ({})],
    ["an array", [{ nodes: [] }]],
    ["a proxy that throws", proxy()],
    ["a revoked proxy", revoked()],
    ["a Map", new Map()],
    [
      "a toJSON that throws",
      new (class {
        toJSON = throwing;
      })(),
    ],
  ])("%s is one error", (_, definition: unknown) => {
    expect(codes(definition)).toEqual(["invalid_definition"]);
  });

  it("may contain itself", () => {
    const definition: { nodes: unknown[]; self?: unknown } = { nodes: [{ id: "a", type: "step" }] };
    definition.self = definition;
    definition.nodes.push(definition.nodes);
    expect(codes(definition)).toEqual(["invalid_definition", "invalid_definition", "invalid_definition"]);
  });

  it("may throw anywhere within", () => {
    const node = {
      id: "a",
      type: "step",
      get data() {
        return throwing();
      },
      position: proxy(),
      extra: revoked(),
    };
    const definition = {
      nodes: [node, proxy(), proxy([])],
      get edges() {
        return throwing();
      },
    };
    expect(new Set(codes(definition))).toEqual(new Set(["invalid_definition"]));
  });

  it("may change its mind at each reading", () => {
    let readings = 0;
    const definition = {
      get nodes() {
        readings += 1;
        return readings === 1 ? [{ id: "a", type: "step" }] : throwing();
      },
    };
    expect(codes(definition)).toEqual([]);
  });

  it("may be nested 100,000 deep or have shared parts that unfold without end", () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = { deep };
    expect(codes({ nodes: [], deep })).toContain("too_large");
    let bomb: unknown = "boom";
    for (let depth = 0; depth < 30; depth += 1) bomb = [bomb, bomb, bomb, bomb];
    expect(codes({ nodes: [], bomb })).toEqual(["too_large"]);
  });

  it("does not pollute prototypes", () => {
    const definition: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"nodes":[{"id":"__proto__","type":"constructor","data":{"constructor":{"prototype":{"polluted":1}}},"__proto__":{"polluted":1}}],"edges":[{"source":"__proto__","target":"__proto__","sourceHandle":"__proto__"}]}',
    );
    expect(codes(definition)).toEqual(
      expect.arrayContaining(["forbidden_key", "invalid_node_id", "unknown_node_type", "self_edge"]),
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("gets no more text back than a bound", () => {
    const key = "k".repeat(1_000_000);
    const definition = { nodes: [], [key]: Array.from({ length: 1_000 }, () => () => 1) };
    const length = validate(definition).reduce((sum, issue) => sum + issue.path.length + issue.message.length, 0);
    expect(length).toBeLessThan(17 * 1024 * 1024);
  });

  it("is never a reason to throw", () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withNullPrototype: true,
          withSparseArray: true,
          withTypedArray: true,
        }),
        (value) => Array.isArray(validate(value)),
      ),
    );
  });
});

const anyText = fc.oneof(
  fc.string(),
  fc.constantFrom("a", "b", "c", "step", "loop", "error", "default", "{{nodes.a.output}}", "{{", "{{ nodes.b.x }} {{"),
);
const anyValue = fc.oneof(anyText, fc.anything({ withBigInt: true, maxDepth: 2 }));
const anyNode: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown; body: unknown }>((tie) => ({
  node: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record(
        {
          id: anyText,
          type: fc.constantFrom("step", "loop", "x"),
          data: fc.record({ text: anyValue, condition: anyValue, body: fc.option(tie("body")) }, { requiredKeys: [] }),
          join: anyValue,
          retry: anyValue,
          effects: anyValue,
          version: anyValue,
        },
        { requiredKeys: ["id", "type"] },
      ),
    },
    { weight: 1, arbitrary: anyValue },
  ),
  body: fc.record({
    nodes: fc.array(tie("node"), { maxLength: 3 }),
    edges: fc.array(fc.record({ source: anyText, target: anyText }), { maxLength: 3 }),
  }),
})).node;

describe("a mutated definition", () => {
  it("is never a reason to throw, and issues are well formed", () => {
    const edge = fc.record(
      { source: anyValue, target: anyValue, sourceHandle: anyValue, targetHandle: anyValue },
      { requiredKeys: [] },
    );
    const definition = fc.record(
      {
        nodes: fc.oneof(fc.array(anyNode, { maxLength: 5 }), anyValue),
        edges: fc.oneof(fc.array(edge, { maxLength: 6 }), anyValue),
        settings: anyValue,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(definition, (value) => {
        for (const issue of validate(value)) {
          expect(issue.path === "" || issue.path.startsWith("/")).toBe(true);
          expect(issue.message).not.toContain("Validation failed");
          expect(issue.severity === "error" || issue.severity === "warning").toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("readPlainReference", () => {
  it("agrees with the compiler wherever it answers", () => {
    const part = fc.constantFrom(
      "{{",
      "}}",
      " ",
      "nodes",
      ".",
      "a",
      "b1",
      "_",
      "__proto__",
      "constructor",
      "output",
      "class",
      "input",
      "\n",
      "x",
      "{",
      "}",
      "0",
    );
    const check = (text: string): void => {
      const answer = readPlainReference(text);
      if (answer === undefined) return;
      expect(compileTemplate(text).nodeReferences).toEqual([answer]);
    };
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => check(parts.join(""))),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => check(`x {{nodes.${parts.join("")}}} y`)),
      { numRuns: 2_000 },
    );
    expect(readPlainReference("Dear {{ nodes.person.output.name }}!")).toBe("person");
  });
});

const NAUGHTY_STRINGS = fileURLToPath(new URL("../../../../../shared/data/security/blns.json", import.meta.url));
const hasNaughtyStrings = existsSync(NAUGHTY_STRINGS);

describe("naughty strings", () => {
  it.skipIf(!hasNaughtyStrings && process.env.CI !== "true")(
    "as ids, labels, values and types are harmless (left out when ../shared/data is absent)",
    () => {
      const strings = JSON.parse(readFileSync(NAUGHTY_STRINGS, "utf8")) as readonly string[];
      expect(strings.length).toBeGreaterThan(400);
      for (const text of strings) {
        const nodes = [
          { id: text, type: "step", data: { label: text, text } },
          { id: `x${text}`, type: text, data: { [text]: text, text: `{{ nodes["${text}"] }}` } },
        ];
        const issues = validate({
          name: text,
          description: text,
          nodes,
          edges: [{ source: text, target: `x${text}`, sourceHandle: text, targetHandle: text }],
        });
        for (const issue of issues) expect(issue.message).not.toContain("Validation failed");
      }
      const labelled = strings.map((text, index) => ({ id: `n${index}`, type: "step", data: { label: text } }));
      expect(validate({ nodes: labelled })).toEqual([]);
    },
  );
});
