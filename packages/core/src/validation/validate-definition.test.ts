import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineNode } from "../definition/define-node.js";
import type { IssueCode } from "../definition/issue.js";
import { NodeRegistry } from "../definition/node-registry.js";
import { validateDefinition } from "./validate-definition.js";

const start = defineNode({ type: "start", aliases: ["manual_trigger"], category: "trigger", execute: () => ({}) });
const step = defineNode({ type: "step", execute: () => ({}) });
const strict = defineNode({
  type: "strict",
  effects: "once",
  parameters: z.object({
    url: z.url(),
    count: z.number().optional(),
    auth: z.union([z.object({ token: z.string().min(3) }), z.null()]).optional(),
  }),
  execute: () => ({}),
});
const condition = defineNode({
  type: "condition",
  category: "flow",
  effects: "pure",
  ports: ["true", "false"],
  deferred: ["condition"],
  parameters: z.object({ condition: z.string().optional() }),
  execute: () => ({}),
});
const route = defineNode({
  type: "route",
  ports: (parameters) => (parameters.cases as readonly { readonly port: string }[]).map((item) => item.port),
  execute: () => ({}),
});
const loop = defineNode({
  type: "while_loop",
  category: "flow",
  container: true,
  bodies: ["body"],
  deferred: ["condition"],
  unbounded: (parameters) => (parameters.maxIterations === undefined ? "Set maxIterations." : undefined),
  execute: () => ({}),
});
const isNoText = (text: string) => !text.includes("}} >");
const asking = defineNode({
  type: "asking",
  deferred: ["condition", "plain"],
  parameters: z.object({
    condition: z.union([z.string().min(3).refine(isNoText, "Always true."), z.boolean()]).optional(),
    plain: z.string().refine(isNoText, "Always true.").optional(),
    url: z.string().refine(isNoText, "Always true.").optional(),
  }),
  execute: () => ({}),
});
const call = defineNode({ type: "sub_workflow", execute: () => ({}) });
const broken = defineNode({
  type: "broken",
  parameters: () => {
    throw new Error("no schema today");
  },
  execute: () => ({}),
});
const registry = new NodeRegistry([start, step, strict, condition, route, loop, call, broken, asking]);

type Part = Readonly<Record<string, unknown>>;
const node = (id: unknown, type: unknown = "step", extra: Part = {}): Part => ({ id, type, data: {}, ...extra });
const edge = (source: unknown, target: unknown, sourceHandle?: unknown): Part => ({
  source,
  target,
  ...(sourceHandle === undefined ? {} : { sourceHandle }),
});
const validate = (nodes: unknown, edges: unknown = [], extra: Part = {}) =>
  validateDefinition({ nodes, edges, ...extra }, { nodes: registry });
const brief = (issues: ReturnType<typeof validate>) => issues.map(({ code, path }) => `${code} ${path}`);

describe("validateDefinition", () => {
  it("finds nothing in a valid definition", () => {
    const nodes = [
      node("start", "start"),
      node("if", "condition", { data: { condition: "input.ok && nodes.start.output.n > 1" } }),
      node("yes", "strict", {
        data: { label: "Label {{ not checked", url: "{{ nodes.start.output.url }}", count: "{{input.n}}" },
      }),
      node("no", "step", {
        join: "quorum:1",
        retry: { delaysMs: [1, 2] },
        timeoutMs: 5,
        onError: "continue",
        effects: "once",
      }),
      node("loop", "while_loop", {
        data: {
          condition: "true",
          maxIterations: 3,
          body: { nodes: [node("in", "step", { data: { x: "{{nodes.start.output}}" } })], edges: [] },
        },
      }),
    ];
    const edges = [
      edge("start", "if"),
      edge("if", "yes", "true"),
      edge("if", "no", "false"),
      { ...edge("yes", "no", "error"), targetHandle: null },
      edge("no", "loop", null),
    ];
    expect(
      validate(nodes, edges, {
        id: "w",
        name: "n",
        settings: { timeoutMs: 1, concurrency: { limit: 1, key: "{{customer_id}}" } },
        viewport: { zoom: 1 },
      }),
    ).toEqual([]);
  });

  it("gives each issue a code, severity, path, node and message", () => {
    expect(validate([node("a", "stop")])).toEqual([
      {
        code: "unknown_node_type",
        severity: "error",
        path: "/nodes/0/type",
        nodeId: "a",
        message: 'Node type "stop" is not registered; did you mean "step"?',
        details: { suggestion: "step" },
      },
    ]);
  });

  const cases: readonly (readonly [string, unknown, unknown, readonly string[]])[] = [
    ["no list of nodes", { a: 1 }, [], ["invalid_definition /nodes"]],
    ["edges that are no list", [node("a")], {}, ["invalid_definition /edges"]],
    [
      "a node and an edge that are no object",
      [null, node("a")],
      [3],
      ["invalid_definition /edges/0", "invalid_definition /nodes/0"],
    ],
    ["an empty definition", [], [], ["empty_definition /nodes"]],
    [
      "impossible ids",
      [node("a/b"), node(""), node(7)],
      [],
      ["invalid_node_id /nodes/0/id", "invalid_node_id /nodes/1/id", "invalid_node_id /nodes/2/id"],
    ],
    ["a duplicate id", [node("a"), node("a")], [], ["duplicate_node_id /nodes/1/id"]],
    [
      "an unknown end",
      [node("a")],
      [edge("a", "b"), edge("c", "a")],
      ["unknown_node /edges/0/target", "unknown_node /edges/1/source"],
    ],
    [
      "an edge without ends",
      [node("a")],
      [{}],
      ["invalid_definition /edges/0/source", "invalid_definition /edges/0/target"],
    ],
    ["a self edge", [node("a")], [edge("a", "a")], ["self_edge /edges/0"]],
    [
      "a duplicate edge",
      [node("a"), node("b")],
      [edge("a", "b"), edge("a", "b", "default")],
      ["duplicate_edge /edges/1"],
    ],
    ["an unknown port", [node("a"), node("b")], [edge("a", "b", "ok")], ["unknown_port /edges/0/sourceHandle"]],
    [
      "an unknown computed port",
      [node("a", "route", { data: { cases: [{ port: "x" }] } }), node("b")],
      [edge("a", "b", "x"), edge("a", "b", "y")],
      ["unknown_port /edges/1/sourceHandle"],
    ],
    ["nothing where ports cannot be computed", [node("a", "route"), node("b")], [edge("a", "b", "y")], []],
    ["an ambiguous port", [node("a", "condition"), node("b")], [edge("a", "b")], ["ambiguous_port /edges/0"]],
    ["an unknown version", [node("a", "step", { version: 2 })], [], ["unknown_node_version /nodes/0/version"]],
    ["a version that is no number", [node("a", "step", { version: "1" })], [], ["invalid_definition /nodes/0/version"]],
    ["a missing type", [{ id: "a" }], [], ["invalid_definition /nodes/0/type"]],
    ["data that is no object", [node("a", "step", { data: [] })], [], ["invalid_definition /nodes/0/data"]],
    [
      "parameters",
      [node("a", "strict", { data: { url: "nowhere", count: "3" } })],
      [],
      ["invalid_parameters /nodes/0/data/url", "invalid_parameters /nodes/0/data/count"],
    ],
    ["a template within a union", [node("a", "strict", { data: { url: "{{u}}", auth: { token: "{{t}}" } } })], [], []],
    [
      "a bad value within a union",
      [node("a", "strict", { data: { url: "{{u}}", auth: { token: 1 } } })],
      [],
      ["invalid_parameters /nodes/0/data/auth"],
    ],
    ["a schema that throws", [node("a", "broken")], [], ["invalid_parameters /nodes/0/data"]],
    ["a join", [node("a", "step", { join: "most" })], [], ["invalid_join /nodes/0/join"]],
    [
      "a retry",
      [node("a", "step", { retry: { maxAttempts: 0, on: "always" } })],
      [],
      ["invalid_retry /nodes/0/retry/maxAttempts", "invalid_retry /nodes/0/retry/on"],
    ],
    [
      "two kinds of delay",
      [node("a", "step", { retry: { delaysMs: [1], initialMs: 1 } })],
      [],
      ["invalid_retry /nodes/0/retry"],
    ],
    [
      "timeouts",
      [node("a", "step", { timeoutMs: 0, attemptTimeoutMs: "1s" })],
      [],
      ["invalid_timeout /nodes/0/attemptTimeoutMs", "invalid_timeout /nodes/0/timeoutMs"],
    ],
    [
      "laxer effects",
      [node("a", "strict", { data: { url: "{{u}}" }, effects: "pure" })],
      [],
      ["invalid_effects /nodes/0/effects"],
    ],
    [
      "transactional effects",
      [node("a", "step", { effects: "transactional" })],
      [],
      ["invalid_effects /nodes/0/effects"],
    ],
    ["unknown effects", [node("a", "step", { effects: "twice" })], [], ["invalid_effects /nodes/0/effects"]],
    [
      "onError and disabled",
      [node("a", "step", { onError: "ignore", disabled: 1 })],
      [],
      ["invalid_definition /nodes/0/disabled", "invalid_definition /nodes/0/onError"],
    ],
    [
      "expression syntax, deferred too",
      [node("a", "condition", { data: { condition: "1 +", x: ["{{ ("] } })],
      [],
      ["expression_syntax /nodes/0/data/condition", "expression_syntax /nodes/0/data/x/0"],
    ],
    [
      "an unknown reference",
      [node("a", "step", { data: { x: "{{nodes.b.output}}" } })],
      [],
      ["expression_unknown_reference /nodes/0/data/x"],
    ],
    [
      "a reference downstream",
      [node("a", "step", { data: { x: "{{nodes.b.output}}" } }), node("b")],
      [edge("a", "b")],
      ["expression_unknown_reference /nodes/0/data/x"],
    ],
    [
      "a reference aside",
      [node("a"), node("b"), node("c", "step", { data: { x: "{{nodes.b.output}}" } })],
      [edge("a", "b"), edge("a", "c")],
      ["expression_unknown_reference /nodes/2/data/x"],
    ],
    [
      "a reference to itself",
      [node("a", "step", { data: { x: "{{nodes.a.output}}" } })],
      [],
      ["expression_unknown_reference /nodes/0/data/x"],
    ],
    [
      "a cycle",
      [node("a"), node("b"), node("c")],
      [edge("a", "b"), edge("b", "c"), edge("c", "b")],
      ["cycle /nodes/1"],
    ],
    [
      "an unreachable node",
      [node("s", "manual_trigger"), node("a"), node("b")],
      [edge("s", "a")],
      ["unreachable_node /nodes/2"],
    ],
    [
      "a quorum too large",
      [node("a"), node("b", "step", { join: "quorum:2" })],
      [edge("a", "b")],
      ["join_unsatisfiable /nodes/1/join"],
    ],
    [
      "all over exclusive ports",
      [node("a", "condition"), node("b", "step", { join: "all" })],
      [edge("a", "b", "true"), edge("a", "b", "false")],
      ["join_unsatisfiable /nodes/1/join"],
    ],
    [
      "all over default and error",
      [node("a"), node("b", "step", { join: "all" })],
      [edge("a", "b"), edge("a", "b", "error")],
      ["join_unsatisfiable /nodes/1/join"],
    ],
    ["a loop without bound", [node("a", "while_loop")], [], ["unbounded_loop /nodes/0/data"]],
    [
      "forbidden keys",
      [node("a", "step", { data: JSON.parse('{"x":{"__proto__":{"y":1}},"constructor":1}') })],
      [],
      ["forbidden_key /nodes/0/data/x/__proto__", "forbidden_key /nodes/0/data/constructor"],
    ],
    [
      "values that are not JSON",
      [node("a", "step", { data: { f: () => 1, b: 1n, n: Number.NaN, m: new Map() } })],
      [],
      [
        "invalid_definition /nodes/0/data/f",
        "invalid_definition /nodes/0/data/b",
        "invalid_definition /nodes/0/data/n",
        "invalid_definition /nodes/0/data/m",
      ],
    ],
  ];
  it.each(cases)("reports %s", (_, nodes, edges, expected) => {
    expect(brief(validate(nodes, edges)).sort()).toEqual([...expected].sort());
  });

  it("reports refinements of deferred text, which is the same at every run", () => {
    const text = "{{ input.total }} > 100";
    const check = (data: Part) => brief(validate([node("a", "asking", { data })]));
    expect(check({ condition: text })).toEqual(["invalid_parameters /nodes/0/data/condition"]);
    expect(check({ plain: text })).toEqual(["invalid_parameters /nodes/0/data/plain"]);
    expect(check({ condition: "{{ input.total > 100 }}", plain: "input.total > 100" })).toEqual([]);
    expect(check({ condition: "{{ input.a }} and {{ input.b }}" })).toEqual([]);
    expect(check({ url: text })).toEqual([]);
  });

  it("names the nodes of a cycle in order and says when there is no entry", () => {
    const [issue] = validate([node("a"), node("b")], [edge("a", "b"), edge("b", "a")]);
    expect(issue).toMatchObject({ code: "cycle", nodeId: "a", details: { nodes: ["a", "b"] } });
    expect(issue?.message).toContain("a → b → a");
    expect(issue?.message).toContain("No node is an entry");
  });

  it("tells the offset of a syntax error", () => {
    const [issue] = validate([node("a", "step", { data: { x: "ab {{ 1 + }}" } })]);
    expect(issue?.details?.offset).toBeGreaterThanOrEqual(5);
  });

  it("warns of all over ports that may both be live", () => {
    const nodes = [
      node("a", "route", { data: { cases: [{ port: "x" }, { port: "y" }] } }),
      node("b", "step", { join: "all" }),
    ];
    expect(validate(nodes, [edge("a", "b", "x"), edge("a", "b", "y")])).toMatchObject([
      { code: "join_unsatisfiable", severity: "warning" },
    ]);
  });

  it("warns of a workflow that starts itself", () => {
    expect(validate([node("a", "sub_workflow", { data: { workflowId: "w" } })], [], { id: "w" })).toMatchObject([
      { code: "recursive_workflow", severity: "warning" },
    ]);
  });

  it.each(["action", "logic", "integration"])("refuses the older word %s with a hint", (type) => {
    expect(validate([node("a", type)])[0]?.message).toContain("node catalogue");
  });

  it("checks settings", () => {
    const settings = {
      timeoutMs: -1,
      onFailure: "stop",
      concurrency: { limit: 0, key: "{{nodes.a.output}}" },
      rateLimit: 3,
    };
    expect(brief(validate([node("a")], [], { settings })).sort()).toEqual([
      "expression_unknown_reference /settings/concurrency/key",
      "invalid_definition /settings/concurrency/limit",
      "invalid_definition /settings/onFailure",
      "invalid_definition /settings/rateLimit",
      "invalid_timeout /settings/timeoutMs",
    ]);
  });

  describe("bodies", () => {
    const nested = (data: Part) => ({
      data: { maxIterations: 1, body: { nodes: [node("in", "step", { data }), node("bad", "nope")], edges: [] } },
    });

    it("are checked with their scope path", () => {
      const issues = validate(
        [node("up"), node("loop", "while_loop", nested({ x: "{{nodes.up.output}}" }))],
        [edge("up", "loop")],
      );
      expect(issues).toMatchObject([
        { code: "unknown_node_type", nodeId: "loop/bad", path: "/nodes/1/data/body/nodes/1/type" },
      ]);
    });

    it("see what is upstream of the container and nothing else around it", () => {
      const issues = validate([node("aside"), node("loop", "while_loop", nested({ x: "{{nodes.aside.output}}" }))]);
      expect(issues.map((issue) => [issue.code, issue.nodeId])).toContainEqual([
        "expression_unknown_reference",
        "loop/in",
      ]);
    });

    it("must be definitions", () => {
      expect(brief(validate([node("loop", "while_loop", { data: { maxIterations: 1, body: "{{x}}" } })]))).toEqual([
        "invalid_definition /nodes/0/data/body",
      ]);
    });

    const nest = (depth: number): Part =>
      depth === 0
        ? { nodes: [node("in")] }
        : { nodes: [node("c", "while_loop", { data: { maxIterations: 1, body: nest(depth - 1) } })] };

    it("may be nested 16 deep", () => {
      expect(validateDefinition(nest(16), { nodes: registry })).toEqual([]);
      expect(validateDefinition(nest(17), { nodes: registry }).map((issue) => issue.code)).toContain(
        "too_large" satisfies IssueCode,
      );
    });
  });

  describe("limits", () => {
    const codes = (definition: unknown, limits = {}) =>
      validateDefinition(definition, { nodes: registry, limits }).map((issue) => issue.code);
    const deep = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`) as unknown;

    it("bound nodes, edges and bytes", () => {
      expect(codes({ nodes: new Array(20_001).fill(0) })).toEqual(["too_large"]);
      expect(codes({ nodes: [], edges: new Array(100_001).fill(0) })).toContain("too_large");
      expect(codes({ nodes: [], note: "x".repeat(10 * 1024 * 1024) })).toEqual(["too_large"]);
      expect(codes({ nodes: new Array(4_000_000_000) })).toEqual(["too_large"]);
      expect(codes({ nodes: [node("a"), node("b")] }, { maxNodes: 1 })).toEqual(["too_large"]);
    });

    it("bound nesting", () => {
      expect(codes({ nodes: [node("a")], extra: deep(63) })).toEqual([]);
      expect(codes({ nodes: [node("a")], extra: deep(64) })).toEqual(["too_large"]);
    });

    it("bound the issues, and errors are never displaced by warnings", () => {
      const issues = validateDefinition({ nodes: new Array(20_000).fill(0) }, { nodes: registry });
      expect(issues).toHaveLength(10_001);
      expect(issues.at(-1)).toMatchObject({ code: "too_large", severity: "error", details: { errors: 10_000 } });
    });
  });
});
