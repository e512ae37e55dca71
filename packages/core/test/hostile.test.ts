import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  AutomatrixError,
  DefinitionError,
  defineNode,
  type Engine,
  validateDefinition,
  type WorkflowDefinition,
  z,
} from "../src/index.js";
import { testEngine } from "../src/testing/index.js";
import { describeSharedData } from "./support/describe-shared-data.js";
import { readSharedJson } from "./support/shared-data.js";

const nodes = [
  defineNode({
    type: "step",
    effects: "pure",
    parameters: z.looseObject({ text: z.unknown().optional() }),
    execute: ({ parameters }) => ({ text: parameters.text ?? null }),
  }),
  defineNode({ type: "echo", effects: "pure", execute: ({ input }) => input }),
  defineNode({
    type: "returns_cycle",
    execute: () => {
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      return cycle;
    },
  }),
  defineNode({ type: "returns_depth", execute: () => nested(10_000) }),
  defineNode({
    type: "sets_variables",
    execute: (ctx) => {
      ctx.setVariables(polluted());
      return polluted();
    },
  }),
  defineNode({ type: "emits_prototype", execute: (ctx) => ctx.emit("__proto__", { polluted: 1 }) }),
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = { value };
  return value;
}

function polluted(): Record<string, unknown> {
  return JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"own":1}') as Record<
    string,
    unknown
  >;
}

const single = (type: string, data: Readonly<Record<string, unknown>> = {}): WorkflowDefinition => ({
  name: "hostile",
  nodes: [{ id: "a", type, data }],
});

function chainOf(length: number): WorkflowDefinition {
  return {
    name: "long",
    nodes: Array.from({ length }, (_, index) => ({ id: `n${index}`, type: "echo" })),
    edges: Array.from({ length: length - 1 }, (_, index) => ({ source: `n${index}`, target: `n${index + 1}` })),
  };
}

/** Names of everything that a polluted prototype would have more of. */
const prototypes = (): readonly (readonly PropertyKey[])[] =>
  [Object.prototype, Array.prototype, Function.prototype, String.prototype, Promise.prototype].map((prototype) =>
    Reflect.ownKeys(prototype),
  );

let engine: Engine;
let before: readonly (readonly PropertyKey[])[];

beforeEach(async () => {
  before = prototypes();
  engine = await testEngine({ nodes });
});

afterEach(async () => {
  await engine.close();
  expect(prototypes()).toEqual(before);
});

/** The codes of the issues with which the engine refuses a definition. */
async function refusalOf(definition: WorkflowDefinition): Promise<readonly string[]> {
  const error: unknown = await engine.run(definition).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DefinitionError);
  return (error as DefinitionError).issues.map(({ code }) => code);
}

describeSharedData("a naughty string", "security/blns.json", () => {
  const strings = readSharedJson<readonly string[]>("security/blns.json");

  it("as an id either names its node in the result or is refused", async () => {
    let accepted = 0;
    for (const id of strings) {
      const definition: WorkflowDefinition = {
        name: id,
        nodes: [
          { id, type: "echo" },
          { id: "last", type: "echo" },
        ],
        edges: [{ source: id, target: "last", targetHandle: id }],
      };
      const errors = validateDefinition(definition, { nodes }).filter(({ severity }) => severity === "error");
      if (errors.length > 0) {
        await expect(engine.run(definition)).rejects.toThrow(DefinitionError);
        continue;
      }
      const result = await engine.run(definition, { input: { id } });
      expect(result.status).toBe("completed");
      expect(Object.keys(result.nodes)).toEqual(expect.arrayContaining([id, "last"]));
      expect(result.output).toEqual({ id });
      accepted += 1;
    }
    expect(accepted).toBeGreaterThan(300);
  });

  it("as a label, a value and an input comes out as it went in", async () => {
    for (const text of strings) {
      const literal = text.replaceAll("{{", '{{"{{"}}');
      const data = { label: text, text: literal, [`key ${text}`]: literal };
      const definition: WorkflowDefinition = {
        name: text,
        description: text,
        nodes: [
          { id: "literal", type: "step", data },
          { id: "resolved", type: "step", data: { text: "{{ trigger.text }}" } },
        ],
      };
      const result = await engine.run(definition, { input: { text } });
      expect(result.nodes).toMatchObject({ literal: { output: { text } }, resolved: { output: { text } } });
    }
  });

  it("as a type, a port, a handle or an expression gets an answer, never a crash", async () => {
    for (const text of strings) {
      const definition: WorkflowDefinition = {
        name: "hostile",
        nodes: [
          { id: "a", type: "echo" },
          { id: "b", type: text },
          { id: "c", type: "step", data: { text: `{{ ${text} }}` } },
        ],
        edges: [{ source: "a", target: "c", sourceHandle: text, targetHandle: text }],
      };
      await expect(engine.run(definition)).rejects.toThrow(DefinitionError);
      const outcome = await engine.run(single("step", { text: `{{ ${text} }}` })).then(
        ({ status }) => status,
        (error: unknown) => AutomatrixError.is(error),
      );
      expect(["completed", "failed", true]).toContain(outcome);
    }
  });
});

describe("a key named __proto__", () => {
  it("is refused in a definition, wherever it is", async () => {
    expect(await refusalOf(single("step", polluted()))).toContain("forbidden_key");
    expect(await refusalOf(single("step", { text: { deep: [polluted()] } }))).toContain("forbidden_key");
    expect(await refusalOf({ ...single("step"), settings: polluted() })).toContain("forbidden_key");
  });

  it("in an input, an output and variables is a plain key of its own", async () => {
    const definition: WorkflowDefinition = {
      name: "hostile",
      nodes: [
        { id: "a", type: "echo" },
        { id: "b", type: "sets_variables" },
        { id: "c", type: "echo" },
        { id: "d", type: "step", data: { text: "{{ [vars.polluted, input.polluted, vars.own] }}" } },
      ],
      edges: [
        { source: "a", target: "c" },
        { source: "b", target: "c" },
        { source: "c", target: "d" },
      ],
    };
    const result = await engine.run(definition, { input: polluted() });
    expect(result.status).toBe("completed");
    expect(result.output).toEqual({ text: [null, null, 1] });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("is not a port", async () => {
    const result = await engine.run(single("emits_prototype"));
    expect(result).toMatchObject({ status: "failed", error: { code: "unknown_port" } });
  });

  it.each([
    "constructor",
    "input.constructor",
    "input['__proto__']",
    "''.constructor.constructor('return process')()",
    "[].map.constructor",
    "upper.constructor",
    "process.env",
    "globalThis",
    "this",
  ])("is out of reach of {{ %s }}", async (source) => {
    const outcome = await engine
      .run(single("step", { text: `{{ ${source} }}` }), { input: {} })
      .catch((error: unknown) => error);
    if (outcome instanceof DefinitionError)
      return expect(outcome.issues.map(({ code }) => code)).toEqual(["expression_syntax"]);
    const { status, output } = outcome as Awaited<ReturnType<Engine["run"]>>;
    if (status === "completed") expect(output).toEqual({ text: null });
    else expect(status).toBe("failed");
  });
});

describe("a definition out of proportion", () => {
  it("of 100,000 nodes is refused", async () => {
    expect(await refusalOf(chainOf(100_000))).toContain("too_large");
  });

  it("of 10,000 nodes in a chain runs", async () => {
    const definition = chainOf(10_000);
    expect(validateDefinition(definition, { nodes })).toEqual([]);
    const result = await engine.run(definition, { input: { last: true } });
    expect(result).toMatchObject({ status: "completed", output: { last: true } });
  });

  it("with 10,000 skipped nodes in a chain settles them all", async () => {
    const chain = chainOf(10_000);
    const nodes = chain.nodes.map((node, index) => (index === 0 ? { ...node, type: "returns_cycle" } : node));
    const result = await engine.run({ ...chain, nodes });
    expect(result.status).toBe("failed");
    expect(Object.values(result.nodes).filter(({ skipReason }) => skipReason === "upstream_failed")).toHaveLength(
      9_999,
    );
  });

  it("nested 10,000 deep is refused", async () => {
    expect(await refusalOf(single("step", { text: nested(10_000) }))).toContain("too_large");
  });

  it("that contains itself is refused", async () => {
    const data: Record<string, unknown> = {};
    data.self = data;
    expect(await refusalOf(single("step", data))).toContain("invalid_definition");
  });
});

describe("an input or output out of proportion", () => {
  it.each([
    ["nested 10,000 deep", nested(10_000)],
    [
      "that contains itself",
      (() => {
        const cycle: Record<string, unknown> = {};
        cycle.self = cycle;
        return cycle;
      })(),
    ],
    ["with a BigInt", { value: 1n }],
  ])("%s is refused as an input", async (_, input) => {
    await expect(engine.run(single("echo"), { input })).rejects.toMatchObject({ code: "invalid_input" });
  });

  it.each(["returns_cycle", "returns_depth"])("%s fails its node", async (type) => {
    const result = await engine.run(single(type));
    expect(result).toMatchObject({ status: "failed", error: { code: "output_not_serializable", nodeId: "a" } });
  });
});

describe("an expression bomb", () => {
  it.each([
    ["parentheses 4,000 deep", `${"(".repeat(4_000)}1${")".repeat(4_000)}`],
    ["lists 4,000 deep", `${"[".repeat(4_000)}${"]".repeat(4_000)}`],
    ["4,000 prefix operators", `${"!".repeat(4_000)}1`],
    ["2,000 ternaries", `${"1 ? ".repeat(2_000)}1${" : 1".repeat(2_000)}`],
    ["4,000 additions", `${"1+".repeat(4_000)}1`],
    ["a path of 4,000 parts", `input${".a".repeat(4_000)}`],
    ["20,000 characters", `"${"x".repeat(20_000)}"`],
    ["a huge repeat", "repeat('x', 1000000000000)"],
    ["a repeat of repeats", "repeat(repeat(repeat('x', 10000), 10000), 10000)"],
    ["a huge padding", "padStart('x', 1000000000000)"],
    ["a huge range", "range(0, 1000000000000)"],
    ["loops within loops", "map(range(0, 1000), a => map(range(0, 1000), b => map(range(0, 1000), c => a + b + c)))"],
    ["a list that doubles", "reduce(range(0, 60), (list, i) => concat(list, list), [1])"],
    ["a text that doubles", "reduce(range(0, 60), (text, i) => text + text, 'x')"],
    ["a value that nests", "reduce(range(0, 50000), (value, i) => [value], [])"],
    ["a pattern that backtracks without end", "matches(repeat('a', 50000), '^(a+)+$b')"],
    ["a pattern with overlapping alternatives", "matches(repeat('a', 50000), '^(a|aa)+$!')"],
    ["a pattern of repeats within repeats", "matches('a', '((a{1000}){1000}){1000}')"],
    ["a pattern with a back-reference", "matches('aa', '(a)\\\\1')"],
  ])("of %s ends in an error or an answer", async (_, source) => {
    const outcome = await engine
      .run(single("step", { text: `{{ ${source} }}` }), { input: {} })
      .catch((error: unknown) => error);
    if (outcome instanceof DefinitionError)
      return expect(outcome.issues.every(({ code }) => code === "expression_syntax")).toBe(true);
    const { status, error, output } = outcome as Awaited<ReturnType<Engine["run"]>>;
    if (status === "failed") expect(error?.code).toMatch(/^(expression_|unknown_function|output_)/);
    else expect(JSON.stringify(output).length).toBeLessThan(64);
  });
});
