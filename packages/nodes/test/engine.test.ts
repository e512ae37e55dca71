import {
  defineNode,
  defineWorkflow,
  type ExecutionResult,
  FatalNodeError,
  RetryableNodeError,
  type WorkflowDefinition,
} from "@automatrix/core";
import { scriptedNode, type TestEngine, testEngine } from "@automatrix/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { condition, dataTransform, end, forEach, merge, standardNodes, start, switchNode } from "../src/index.js";

let engine: TestEngine;
/** Fails for the input given in `failFor`, or for any. */
const picky = defineNode({
  type: "picky",
  effects: "pure",
  execute(ctx) {
    const { failFor } = ctx.parameters as { failFor?: unknown };
    if (failFor === undefined || failFor === ctx.input) throw new FatalNodeError("picky", { code: "too_picky" });
    return ctx.input;
  },
});

beforeEach(async () => {
  engine = await testEngine({ nodes: [...standardNodes(), picky] });
});
afterEach(() => engine.close());

function run(definition: WorkflowDefinition, input?: unknown): Promise<ExecutionResult> {
  return engine.run(definition, { input });
}

/** A definition of one node, which is named `it`. */
function only(type: string, data: Readonly<Record<string, unknown>>): WorkflowDefinition {
  return { nodes: [{ id: "it", type, data }] };
}

describe("each example", () => {
  const runnable = standardNodes().filter(({ example }) => example?.output !== undefined);

  it.each(runnable.map((node) => [node.type, node] as const))(
    "of %s gives the output it names",
    async (type, { example }) => {
      const running = run(only(type, example?.parameters ?? {}), example?.input);
      await engine.advance("1m");
      expect(await running).toMatchObject({ status: "completed", output: example?.output });
    },
  );
});

describe("branches", () => {
  it("a condition takes one branch, and merge brings it together again", async () => {
    const definition = defineWorkflow("branches")
      .node("start", start)
      .node("big", condition, { condition: "input.total > 100" })
      .node("yes", dataTransform, { set: { size: "big" } })
      .node("no", dataTransform, { set: { size: "small" } })
      .node("merge", merge, { mode: "combine" })
      .node("end", end)
      .edge("start", "big")
      .edge("big", "yes", { port: "true" })
      .edge("big", "no", { port: "false" })
      .edge("yes", "merge")
      .edge("no", "merge")
      .edge("merge", "end")
      .build();
    expect((await run(definition, { total: 250 })).output).toEqual({ total: 250, size: "big" });
    const small = await run(definition, { total: 5 });
    expect(small.output).toEqual({ total: 5, size: "small" });
    expect(small.nodes["yes"]).toMatchObject({ status: "skipped", skipReason: "branch_not_taken" });
  });

  it("rules read expressions", async () => {
    const rules = [
      { left: "{{input.email}}", operator: "ends_with", right: "@example.com" },
      { left: "{{input.tags}}", operator: "contains", right: "vip" },
    ];
    const result = await run(only("if", { rules }), { email: "ada@example.com", tags: ["vip"] });
    expect(result.nodes["it"]).toMatchObject({ status: "completed" });
    expect(result.output).toEqual({ email: "ada@example.com", tags: ["vip"] });
  });

  it.each([
    [{ size: "L", n: 1 }, "large"],
    [{ size: "M", n: 50 }, "many"],
    [{ size: "M", n: 1 }, "rest"],
  ])("a switch sends %j to %s", async (input, taken) => {
    const definition = defineWorkflow("switch")
      .node("pick", switchNode, {
        value: "{{input.size}}",
        cases: [
          { port: "large", equals: "L" },
          { port: "many", condition: "{{input.n > 10}}" },
        ],
      })
      .node("large", end, { output: "large" })
      .node("many", end, { output: "many" })
      .node("rest", end, { output: "rest" })
      .edge("pick", "large", { port: "large" })
      .edge("pick", "many", { port: "many" })
      .edge("pick", "rest", { port: "fallback" })
      .build();
    expect((await run(definition, input)).output).toBe(taken);
  });

  it("fail takes its error port", async () => {
    const result = await run(
      {
        nodes: [
          { id: "stop", type: "fail", data: { message: "No {{input.what}}.", code: "gone" } },
          { id: "after", type: "end", data: { output: "{{input.error.code}}: {{input.error.message}}" } },
        ],
        edges: [{ source: "stop", target: "after", sourceHandle: "error" }],
      },
      { what: "stock" },
    );
    expect(result).toMatchObject({ status: "completed", output: "gone: No stock." });
  });

  it("variables set upstream are seen downstream", async () => {
    const result = await run(
      {
        nodes: [
          { id: "vars", type: "set_variables", data: { variables: { rate: "{{input.n * 2}}" } } },
          { id: "end", type: "end", data: { output: "{{vars.rate + input.n}}" } },
        ],
        edges: [{ source: "vars", target: "end" }],
      },
      { n: 2 },
    );
    expect(result.output).toBe(6);
  });
});

describe("waits", () => {
  it("delay passes its input on after months", async () => {
    const running = run(only("delay", { duration: "{{input.wait}}" }), { wait: "90d" });
    await engine.advance("89d");
    expect((await engine.listExecutions({})).items[0]).toMatchObject({ status: "waiting" });
    await engine.advance("1d");
    expect(await running).toMatchObject({ status: "completed", output: { wait: "90d" } });
  });

  const parked = (
    type: string,
    data: Readonly<Record<string, unknown>>,
    ports: readonly string[],
  ): WorkflowDefinition => ({
    nodes: [
      { id: "it", type, data },
      ...ports.map((port) => ({ id: port, type: "end", data: { output: { port, input: "{{input}}" } } })),
    ],
    edges: ports.map((port) => ({ source: "it", target: port, sourceHandle: port })),
  });

  it("a signal's payload goes on by default, a timeout by timed_out", async () => {
    const definition = parked("wait_for_signal", { signal: "paid", timeoutMs: 1_000 }, ["default", "timed_out"]);
    const first = await engine.execute(definition, {});
    await engine.runUntilIdle();
    await engine.signal(first.id, "paid", { amount: 5 });
    expect((await first.result()).output).toEqual({ port: "default", input: { amount: 5 } });
    const second = run(definition);
    await engine.advance("2s");
    expect((await second).output).toMatchObject({ port: "timed_out" });
  });

  it.each([
    ["approve", "approved"],
    ["reject", "rejected"],
  ] as const)("to %s takes the port %s", async (decision, port) => {
    const handle = await engine.execute(
      parked("approval", { message: "Ship {{input.id}}?" }, ["approved", "rejected", "timed_out"]),
      { input: { id: 7 } },
    );
    await engine.runUntilIdle();
    await engine.decideApproval(handle.id, "it", { decision, by: "ada" });
    expect((await handle.result()).output).toMatchObject({ port, input: { decision: port, by: "ada" } });
  });

  it("an approval that nobody answers fails when timed_out is not connected", async () => {
    const running = run(parked("approval", { message: "Ship?", deadlineMs: 1_000 }, ["approved"]));
    await engine.advance("2s");
    expect(await running).toMatchObject({ status: "failed", error: { code: "wait_timed_out" } });
  });

  it("a sub-workflow gives its output, or goes on at once", async () => {
    const child = { nodes: [{ id: "end", type: "end", data: { output: { doubled: "{{input.n * 2}}" } } }] };
    expect((await run(only("sub_workflow", { definition: child }), { n: 4 })).output).toEqual({ doubled: 8 });
    expect(
      (await run(only("sub_workflow", { definition: child, input: { n: "{{input.n + 1}}" } }), { n: 4 })).output,
    ).toEqual({ doubled: 10 });
    expect((await run(only("sub_workflow", { definition: child, wait: false }), { n: 4 })).output).toEqual({
      executionId: expect.any(String),
    });
  });
});

describe("for_each", () => {
  const body = { nodes: [{ id: "check", type: "picky", data: { failFor: "bad" } }] };

  it("gives each iteration its own path", async () => {
    const definition = defineWorkflow("map")
      .node("loop", forEach, {
        items: "{{input}}",
        body: { nodes: [{ id: "n", type: "end", data: { output: "{{index}}:{{item}}" } }] },
      })
      .build();
    const result = await run(definition, ["a", "b"]);
    expect(result.output).toEqual({ results: ["0:a", "1:b"], errors: [] });
    expect(Object.keys(result.nodes).sort()).toEqual(["loop", "loop[0]/n", "loop[1]/n"]);
  });

  it("collects failures with their node", async () => {
    const result = await run(only("for_each", { body, onItemError: "collect" }), ["ok", "bad"]);
    expect(result.output).toMatchObject({
      results: ["ok", null],
      errors: [{ index: 1, error: { code: "too_picky", message: "picky", nodeId: "it[1]/check" } }],
    });
  });

  it("fails naming the index, without a further item", async () => {
    const result = await run(only("for_each", { body, concurrency: 1 }), ["ok", "bad", "ok"]);
    expect(result).toMatchObject({ status: "failed", error: { code: "item_failed" } });
    expect(result.error?.message).toContain("Item 1 failed");
    expect(result.nodes["it[2]/check"]).toBeUndefined();
  });

  it("fails at once when an item failed in a way that may pass, as every container does", async () => {
    const busy = { nodes: [{ id: "b", type: "busy", retry: { maxAttempts: 1 } }] };
    const late = { nodes: [{ id: "l", type: "late", attemptTimeoutMs: 10, retry: { maxAttempts: 1 } }] };
    const types = [
      scriptedNode({ type: "busy", script: [{ error: new RetryableNodeError("busy") }] }),
      scriptedNode({ type: "late", script: [{ hang: true }] }),
    ];
    await using other = await testEngine({ nodes: [...standardNodes(), ...types] });
    for (const failing of [busy, late]) {
      for (const [type, data] of [
        ["for_each", { body: failing, items: [1] }],
        ["while_loop", { body: failing, condition: "true", maxIterations: 1 }],
        ["try", { body: failing }],
        ["sub_workflow", { definition: failing }],
      ] as const) {
        const running = other.run(only(type, data));
        await other.advance(10);
        expect((await running).nodes["it"], type).toMatchObject({ status: "failed", attempts: 1 });
      }
    }
  });

  it("is tried again by a retry of its own, and repeats only the items that did not finish", async () => {
    const flaky = scriptedNode({
      type: "flaky",
      script: [{ output: "a" }, { error: new RetryableNodeError("busy") }, { output: "b" }],
    });
    await using other = await testEngine({ nodes: [...standardNodes(), flaky] });
    const body = { nodes: [{ id: "n", type: "flaky", retry: { maxAttempts: 1 } }] };
    const data = { body, items: [1, 2], concurrency: 1 };
    const running = other.run({
      nodes: [{ id: "it", type: "for_each", data, retry: { delaysMs: [10], on: "any" } }],
    });
    await other.advance(10);
    expect(await running).toMatchObject({ status: "completed", output: { results: ["a", "b"] } });
    expect(flaky.calls.map(({ input }) => input)).toEqual([1, 2, 2]);
  });

  it("fails for what is no list, and for too many items", async () => {
    expect((await run(only("for_each", { items: "{{input.missing}}", body }), {})).error?.message).toContain(
      "`items` is null",
    );
    expect((await run(only("for_each", { body, maxItems: 1 }), [1, 2])).error?.code).toBe("too_many_items");
  });

  it("runs 10,000 items in order, a hundred at a time", async () => {
    const items = Array.from({ length: 10_000 }, (_, index) => index);
    const { output } = await run(only("for_each", { body, concurrency: 100 }), items);
    expect((output as { results: unknown }).results).toEqual(items);
  });

  it("stops when the execution is cancelled", async () => {
    const waiting = { nodes: [{ id: "wait", type: "delay", data: { duration: "1d" } }] };
    const handle = await engine.execute(only("for_each", { body: waiting, onItemError: "collect", concurrency: 2 }), {
      input: [1, 2, 3],
    });
    await engine.runUntilIdle();
    await handle.cancel("enough");
    expect(await handle.result()).toMatchObject({ status: "cancelled" });
  });
});

describe("while_loop", () => {
  const counting = { nodes: [{ id: "add", type: "end", data: { output: { n: "{{input.n + 1}}" } } }] };

  it("reads its condition before each turn", async () => {
    const result = await run(
      only("while_loop", { condition: "input.n < 3 && index < 10", body: counting, maxIterations: 5 }),
      { n: 0 },
    );
    expect(result.output).toEqual({ n: 3 });
    expect(Object.keys(result.nodes).sort()).toEqual(["it", "it[0]/add", "it[1]/add", "it[2]/add"]);
  });

  it("fails at its limit", async () => {
    const result = await run(only("while_loop", { condition: "{{true}}", body: counting, maxIterations: 2 }), { n: 0 });
    expect(result.error?.code).toBe("loop_limit_reached");
  });

  it("carries variables from turn to turn, and nowhere else", async () => {
    const body = {
      nodes: [
        { id: "set", type: "set_variables", data: { variables: { total: "{{vars.total + 5}}" } } },
        { id: "end", type: "end", data: { output: "{{vars.total}}" } },
      ],
      edges: [{ source: "set", target: "end" }],
    };
    const result = await run({
      nodes: [
        { id: "init", type: "set_variables", data: { variables: { total: 0 } } },
        { id: "loop", type: "while_loop", data: { condition: "vars.total < 12", body, maxIterations: 9 } },
        { id: "end", type: "end", data: { output: ["{{input}}", "{{vars.total}}"] } },
      ],
      edges: [
        { source: "init", target: "loop" },
        { source: "loop", target: "end" },
      ],
    });
    expect(result.output).toEqual([15, 0]);
  });

  it("is refused without a limit", async () => {
    await expect(run(only("while_loop", { condition: "true", body: counting }))).rejects.toMatchObject({
      code: "invalid_definition",
      issues: expect.arrayContaining([expect.objectContaining({ code: "unbounded_loop" })]),
    });
  });
});

describe("try", () => {
  const failing = { nodes: [{ id: "fail", type: "picky" }] };
  const catching = {
    nodes: [
      {
        id: "c",
        type: "end",
        data: { output: { code: "{{input.error.code}}", node: "{{input.error.nodeId}}", input: "{{input.input}}" } },
      },
    ],
  };

  it("catches", async () => {
    const result = await run(only("try", { body: failing, catch: catching }), { a: 1 });
    expect(result).toMatchObject({
      status: "completed",
      output: { code: "too_picky", node: "it[body]/fail", input: { a: 1 } },
    });
  });

  it("runs finally last, drops its output, and hands the error on", async () => {
    const result = await run(
      only("try", { body: failing, finally: { nodes: [{ id: "f", type: "end", data: { output: 1 } }] } }),
    );
    expect(result).toMatchObject({ status: "failed", error: { code: "too_picky" } });
    expect(result.nodes["it[finally]/f"]).toMatchObject({ status: "completed" });
  });

  it("fails when finally fails", async () => {
    const result = await run(only("try", { body: { nodes: [{ id: "ok", type: "end" }] }, finally: failing }));
    expect(result).toMatchObject({ status: "failed", error: { code: "too_picky" } });
  });

  it.each([
    ["timeoutMs", "node_timed_out"],
    ["attemptTimeoutMs", "attempt_timed_out"],
  ])("runs finally, but not catch, before it fails by its %s", async (limit, code) => {
    const lasting = scriptedNode({ type: "lasting", script: [{ output: 1, afterMs: 500 }] });
    const hang = scriptedNode({ type: "hang", script: [{ hang: true }] });
    await using other = await testEngine({ nodes: [...standardNodes(), lasting, hang] });
    const data = {
      body: { nodes: [{ id: "b", type: "hang" }] },
      catch: { nodes: [{ id: "c", type: "end" }] },
      finally: { nodes: [{ id: "f", type: "lasting" }] },
    };
    const running = other.run({ nodes: [{ id: "it", type: "try", data, [limit]: 100, retry: { maxAttempts: 1 } }] });
    await other.advance(600);
    const result = await running;
    expect(result).toMatchObject({ status: "failed", durationMs: 600, error: { code, nodeId: "it" } });
    expect(Object.entries(result.nodes).map(([path, { status }]) => [path, status])).toEqual([
      ["it", "failed"],
      ["it[body]/b", "cancelled"],
      ["it[finally]/f", "completed"],
    ]);
  });

  it("limits a finally that runs after its timeout, and a cancel ends it", async () => {
    const hang = scriptedNode({ type: "hang", script: [{ hang: true }] });
    await using other = await testEngine({ nodes: [...standardNodes(), hang] });
    const hanging = { nodes: [{ id: "h", type: "hang" }] };
    const data = { body: hanging, finally: { ...hanging, settings: { cleanupTimeoutMs: 200 } } };
    const definition = { nodes: [{ id: "it", type: "try", data, timeoutMs: 100 }] };
    const limited = other.run(definition);
    await other.advance(300);
    expect(await limited).toMatchObject({ status: "failed", durationMs: 300, error: { code: "node_timed_out" } });
    const handle = await other.execute(definition);
    await other.advance(150);
    await handle.cancel("enough");
    expect(await handle.result()).toMatchObject({ status: "cancelled", durationMs: 150 });
    expect(hang.calls).toHaveLength(4);
  });

  it("ends a finally that waits by its cleanupTimeoutMs, and may leave memory afterwards", async () => {
    const waiting = { nodes: [{ id: "w", type: "wait_for_signal", data: { signal: "never" } }] };
    const atLast = { ...waiting, settings: { cleanupTimeoutMs: 10_000 } };
    const handle = await engine.execute({
      nodes: [
        {
          id: "it",
          type: "try",
          data: { body: { nodes: [{ id: "b", type: "end" }] }, finally: atLast },
          onError: "continue",
        },
        { id: "ask", type: "wait_for_signal", data: { signal: "go" } },
      ],
      edges: [{ source: "it", target: "ask" }],
    });
    await engine.advance(9_999);
    expect((await engine.storage.listNodes(handle.id)).find(({ path }) => path === "it")).toBeUndefined();
    expect((await engine.storage.getExecution(handle.id))?.isParked).toBe(false);
    await engine.advance(1);
    expect((await engine.storage.listNodes(handle.id)).find(({ path }) => path === "it")?.status).toBe("failed");
    expect((await engine.storage.getExecution(handle.id))?.isParked).toBe(true);
    await engine.signal(handle.id, "go");
    expect(await handle.result()).toMatchObject({ status: "completed" });
  });

  it("runs finally after a failure elsewhere, not after cancel", async () => {
    const cleanup = scriptedNode({ type: "cleanup" });
    await using other = await testEngine({ nodes: [...standardNodes(), picky, cleanup] });
    const waiting = { nodes: [{ id: "w", type: "delay", data: { duration: "1d" } }] };
    const node = {
      id: "try",
      type: "try",
      data: { body: waiting, finally: { nodes: [{ id: "clean", type: "cleanup" }] } },
    };
    const drained = other.run({ nodes: [node, { id: "other", type: "picky" }] });
    await other.advance("1m");
    expect(await drained).toMatchObject({ status: "failed", error: { code: "too_picky" } });
    expect(cleanup.calls).toHaveLength(1);
    const handle = await other.execute({ nodes: [node] });
    await other.runUntilIdle();
    await handle.cancel("enough");
    expect(await handle.result()).toMatchObject({ status: "cancelled" });
    expect(cleanup.calls).toHaveLength(1);
  });
});
