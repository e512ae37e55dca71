import { describe, expect, it } from "vitest";
import { defineNode, type NodeType, type WorkflowDefinition } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow, run } from "./support/workflow.js";

/** Waits, outside memory, for the signal that it names. */
const asking = defineNode({
  type: "asking",
  execute: (ctx) => ctx.wait.signal(String(ctx.parameters["signal"])),
});
const container = defineNode({
  type: "container",
  container: true,
  bodies: ["body"],
  execute: (ctx) => ctx.runBody(ctx.parameters["body"] as WorkflowDefinition, {}, "[0]"),
});

const ask = (signal: string) => ({ type: "asking", data: { signal } });
const winner = { type: "pass", join: { mode: "any" as const, cancelOthers: true } };

/** Gives its input and variables as they are. */
const seen = defineNode({ type: "seen", execute: (ctx) => ({ input: ctx.input, vars: ctx.vars }) });
/** Comes late, and sets a variable. */
const late = () =>
  scriptedNode({ type: "late", script: [{ output: { late: true }, variables: { x: 1 }, afterMs: 100 }] });
/** Runs until everything waits outside memory, then gives the signal `go`. */
async function runThroughPark(definition: WorkflowDefinition, nodes: readonly NodeType[] = []) {
  await using engine = await testEngine({ nodes: [...BASIC_NODES, asking, container, seen, ...nodes] });
  const handle = await engine.execute(definition);
  await engine.advance(1_000);
  expect(await engine.storage.getExecution(handle.id)).toMatchObject({ isParked: true });
  await engine.signal(handle.id, "go");
  const result = await handle.result();
  const records = await engine.getNodeExecutions(handle.id);
  const journal = await engine.getJournal(handle.id);
  return {
    result,
    stored: Object.fromEntries(records.map(({ path, status }) => [path, status])),
    eventsOf: (path: string) => journal.filter(({ nodeId }) => nodeId === path).map(({ type }) => type),
  };
}

describe("what a join with cancelOthers cancelled", () => {
  it("stays cancelled after the execution was out of memory", async () => {
    const { result, eventsOf } = await runThroughPark(
      flow("b>b2 b2>j a>j j>w", { b: ask("never"), j: winner, w: ask("go") }),
    );
    expect(fates(result)).toMatchObject({ a: "completed", b: "cancelled", b2: "skipped cancelled" });
    expect(eventsOf("b")).toEqual(["node.started", "node.waiting", "node.cancelled"]);
    expect(eventsOf("b2")).toEqual(["node.skipped"]);
  });

  it("is cancelled in a body that waited while the execution was out of memory", async () => {
    const body = flow("q", { q: ask("never") });
    const { stored } = await runThroughPark(
      flow("c>j g>j", { c: { type: "container", data: { body } }, g: ask("go"), j: winner }),
    );
    expect(stored).toEqual({ c: "cancelled", "c[0]/q": "cancelled", g: "completed", j: "completed" });
  });

  it("stays cancelled in a body", async () => {
    const body = flow("b>j a>j j>w", { b: ask("never"), j: winner, w: ask("go") });
    const { result, stored, eventsOf } = await runThroughPark(flow("c", { c: { type: "container", data: { body } } }));
    expect(result.status).toBe("completed");
    expect(stored).toMatchObject({ "c[0]/b": "cancelled", "c[0]/j": "completed" });
    expect(eventsOf("c[0]/b")).toEqual(["node.started", "node.waiting", "node.cancelled"]);
  });
});

describe("the decision of a join", () => {
  const onlyOfA = { input: { a: true }, vars: {} };

  it("counts for its variables and inputs after the execution was out of memory", async () => {
    const { result } = await runThroughPark(
      flow("b>j a>j j>s j>w w>t b>q a>q q>r w>r", {
        b: { type: "late" },
        j: { type: "pass", join: "any" },
        s: { type: "seen" },
        w: ask("go"),
        t: { type: "value", data: { value: "{{ vars }}" } },
        q: { type: "pass", join: "quorum:1" },
        r: { type: "value", data: { value: { vars: "{{ vars }}", q: "{{ nodes.q.output }}" } } },
      }),
      [late()],
    );
    expect(result.nodes["s"]?.output).toEqual(onlyOfA);
    expect(result.nodes["t"]?.output).toEqual({});
    expect(result.nodes["r"]?.output).toEqual({ vars: {}, q: { a: true } });
    expect(result.nodes["j"]).not.toHaveProperty("decidedBy");
  });

  it("counts for a disabled join after the execution was out of memory", async () => {
    const { result } = await runThroughPark(
      flow("b>j a>j j>w w>t j>t", {
        b: { type: "late" },
        j: { type: "pass", join: "any", disabled: true },
        w: ask("go"),
        t: { type: "value", data: { value: { vars: "{{ vars }}", inputs: "{{ inputs }}" } } },
      }),
      [late()],
    );
    expect(result.nodes["t"]?.output).toEqual({ vars: {}, inputs: { w: null, j: { a: true } } });
  });

  it("counts for variables that come while it runs", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 200 }] });
    const definition = flow("b>j a>j j>s", {
      b: { type: "late" },
      j: { type: "slow", join: "any" },
      s: { type: "seen" },
    });
    const result = await run(definition, { nodes: [late(), slow, seen], advance: 300 });
    expect(result.output).toEqual({ input: 1, vars: {} });
  });

  it("counts for variables of what is reused, and of a join that runs again", async () => {
    const flaky = scriptedNode({
      type: "flaky",
      script: [{ error: new Error("once"), afterMs: 200 }, (ctx) => ctx.vars],
    });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, late(), flaky, seen] });
    const running = engine.run(
      flow("a>j b>j b>k a>k k>s j>f", {
        b: { type: "late" },
        j: { type: "flaky", join: "any" },
        k: { type: "pass", join: "any" },
        s: { type: "seen", join: "all" },
        f: { type: "seen" },
      }),
    );
    await engine.advance(300);
    const failed = await running;
    expect(fates(failed)).toMatchObject({ j: "failed", s: "completed" });
    const retried = await (await engine.retry(failed.id)).result();
    expect(retried.nodes["j"]?.output).toEqual({});
    const replay = await engine.replay(failed.id, { from: "s" });
    await engine.advance(300);
    expect((await replay.result()).nodes["s"]?.output).toEqual(onlyOfA);
  });
});
