import { describe, expect, it } from "vitest";
import { defineNode, RetryableNodeError, type WorkflowDefinition } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow, run } from "./support/workflow.js";

/** Runs its body once for each item of its input, all at once. */
const each = defineNode({
  type: "each",
  container: true,
  bodies: ["body"],
  execute: (ctx) =>
    Promise.all(
      (ctx.input as { items: unknown[] }).items.map((item, index) =>
        ctx.runBody(ctx.parameters["body"] as WorkflowDefinition, item, `[${index}]`, { variables: { item, index } }),
      ),
    ),
});

const items = (list: readonly unknown[]) => ({ items: list });
const withBody = (body: WorkflowDefinition, parts: object = {}) =>
  flow("loop", { loop: { type: "each", data: { body }, ...parts } });

describe("runBody", () => {
  it("gives the body's output in order, each item under its own path", async () => {
    const body = flow("x>y", { x: { type: "value", data: { value: "{{ input * 2 }}" } }, y: { type: "pass" } });
    const result = await run(withBody(body), { nodes: [each], input: items([1, 2]) });
    expect(result.output).toEqual([2, 4]);
    expect(Object.keys(result.nodes).sort()).toEqual(["loop", "loop[0]/x", "loop[0]/y", "loop[1]/x", "loop[1]/y"]);
  });

  it("lets the body see its variables, the trigger, and the nodes around it", async () => {
    const body = flow("x", {
      x: {
        type: "value",
        data: {
          value: {
            item: "{{ item }}",
            index: "{{ index }}",
            trigger: "{{ trigger.items[0] }}",
            outer: "{{ nodes.before.output }}",
          },
        },
      },
    });
    const definition = flow("before>loop", { before: { type: "pass" }, loop: { type: "each", data: { body } } });
    expect((await run(definition, { nodes: [each], input: items(["a"]) })).output).toEqual([
      { item: "a", index: 0, trigger: "a", outer: { items: ["a"] } },
    ]);
  });

  it("keeps variables set inside to the inside", async () => {
    const setter = scriptedNode({ type: "setter", script: [{ output: 1, variables: { inner: 1 } }] });
    const last = scriptedNode({ type: "last" });
    const definition = flow("loop>z", {
      loop: { type: "each", data: { body: flow("s", { s: { type: "setter" } }) } },
      z: { type: "last" },
    });
    await run(definition, { nodes: [each, setter, last], input: items([1]) });
    expect(last.calls[0]?.vars).toEqual({});
  });

  it("rejects with the failure of the body, naming the node inside", async () => {
    const result = await run(withBody(flow("x", { x: { type: "fail" } }), { retry: { maxAttempts: 1 } }), {
      nodes: [each],
      input: items([1]),
    });
    expect(result).toMatchObject({ status: "failed", error: { nodeId: "loop", code: "fatal", message: "x fails" } });
    expect(result.nodes["loop[0]/x"]).toMatchObject({ status: "failed" });
  });

  it("retries nodes inside by their own policy, on the clock", async () => {
    const flaky = scriptedNode({
      type: "flaky",
      script: [{ error: new RetryableNodeError("busy") }, { output: "ok" }],
    });
    const result = await run(withBody(flow("x", { x: { type: "flaky" } })), {
      nodes: [each, flaky],
      input: items([1]),
      advance: "5s",
    });
    expect(result).toMatchObject({ output: ["ok"], durationMs: 5_000 });
    expect(new Set(flaky.calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it("answers from the record when the container is tried again: what finished does not run twice", async () => {
    const counting = scriptedNode({ type: "counting" });
    const sometimes = scriptedNode({
      type: "sometimes",
      script: [{ error: new RetryableNodeError("busy") }, { output: "ok" }],
    });
    const body = flow("c>s", { c: { type: "counting" }, s: { type: "sometimes", retry: { maxAttempts: 1 } } });
    const pair = defineNode({
      type: "pair",
      container: true,
      bodies: ["good", "bad"],
      async execute(ctx) {
        const good = await ctx.runBody(ctx.parameters["good"] as WorkflowDefinition, "g", "good");
        return [good, await ctx.runBody(ctx.parameters["bad"] as WorkflowDefinition, "b", "bad")];
      },
    });
    const definition = flow("loop", {
      loop: {
        type: "pair",
        data: { good: flow("c", { c: { type: "counting" } }), bad: body },
        retry: { delaysMs: [10], on: "any" },
      },
    });
    const result = await run(definition, { nodes: [pair, counting, sometimes], advance: 10 });
    expect(result).toMatchObject({ status: "completed", output: ["g", "ok"] });
    expect(counting.calls.map(({ nodePath }) => nodePath)).toEqual(["loop[good]/c", "loop[bad]/c"]);
  });

  it("aborts what runs inside when the container times out", async () => {
    const hang = scriptedNode({ type: "hang", script: [{ hang: true }] });
    const result = await run(withBody(flow("x", { x: { type: "hang" } }), { timeoutMs: 1_000 }), {
      nodes: [each, hang],
      input: items([1]),
      advance: "1s",
    });
    expect(result.error?.code).toBe("node_timed_out");
    expect(hang.calls[0]?.signal.aborted).toBe(true);
  });

  it("parks the execution when everything inside waits", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.signal("go") }] });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, each, waiting] });
    const handle = await engine.execute(withBody(flow("w", { w: { type: "waiting" } })), { input: items([1, 2]) });
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await engine.signal(handle.id, "go", "a");
    await engine.signal(handle.id, "go", "b");
    expect((await handle.result()).output).toEqual(["a", "b"]);
  });

  it("holds no slot itself", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, each], concurrency: { nodes: 1 } });
    const body = flow("inner", { inner: { type: "each", data: { body: flow("x", { x: { type: "pass" } }) } } });
    expect(
      (
        await engine.run(
          { ...withBody(body), settings: { maxConcurrency: 1 } },
          { input: items([items([1, 2]), items([3])]) },
        )
      ).output,
    ).toEqual([[1, 2], [3]]);
  });

  it("starts no further body once the scope around it drains", async () => {
    const seen: unknown[] = [];
    const sequential = defineNode({
      type: "sequential",
      container: true,
      bodies: ["body"],
      async execute(ctx) {
        for (let index = 0; index < 3; index++)
          seen.push(await ctx.runBody(ctx.parameters["body"] as WorkflowDefinition, index, `[${index}]`));
        return seen;
      },
    });
    const slow = scriptedNode({
      type: "slow",
      script: [
        (ctx) => new Promise((resolve) => void ctx.clock.setTimer(ctx.clock.now() + 100, () => resolve(ctx.input))),
      ],
    });
    const later = scriptedNode({ type: "later", script: [{ error: new Error("later"), afterMs: 50 }] });
    const definition = flow("loop f", {
      loop: { type: "sequential", data: { body: flow("x", { x: { type: "slow" } }) } },
      f: { type: "later" },
    });
    const result = await run(definition, { nodes: [sequential, slow, later], advance: "1s" });
    expect(result).toMatchObject({ status: "failed", durationMs: 100, error: { nodeId: "f" } });
    expect(slow.calls).toHaveLength(1);
  });

  it("runs nested bodies under nested paths", async () => {
    const body = flow("inner", { inner: { type: "each", data: { body: flow("x", { x: { type: "pass" } }) } } });
    const result = await run(withBody(body), { nodes: [each], input: items([items([1])]) });
    expect(Object.keys(result.nodes)).toContain("loop[0]/inner[0]/x");
  });
});
