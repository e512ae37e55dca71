import { describe, expect, it } from "vitest";
import { defineNode, type NodeType, RetryableNodeError, type Storage, type WorkflowDefinition } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { scriptedNode, sequentialIds, type TestEngine, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

const sleeping = defineNode({
  type: "sleeping",
  execute: (ctx) => ctx.wait.delay(Number(ctx.parameters["ms"])),
});
const asking = defineNode({ type: "asking", execute: (ctx) => ctx.wait.signal("go") });
/** Runs its body for each item of its parameter `items`, one after the other. */
const each = defineNode({
  type: "each",
  container: true,
  bodies: ["body"],
  async execute(ctx) {
    const results: unknown[] = [];
    for (const [index, item] of (ctx.parameters["items"] as readonly unknown[]).entries())
      results.push(await ctx.runBody(ctx.parameters["body"] as WorkflowDefinition, item, `[${index}]`));
    return results;
  },
});
const NODES = [...BASIC_NODES, sleeping, asking, each];

const SLEEP = (ms: number) => flow("s", { s: { type: "sleeping", data: { ms } } });
const loop = (body: WorkflowDefinition, parts: object, items: readonly unknown[] = [1]) =>
  flow("loop", { loop: { type: "each", data: { body, items }, ...parts } });

function open(storage: Storage, nodes: readonly NodeType[], now?: number): Promise<TestEngine> {
  const ids = sequentialIds(now === undefined ? "one" : "two");
  return testEngine({ nodes: [...NODES, ...nodes], storage, ids, ...(now === undefined ? {} : { now }) });
}

/** A worker that is lost after `lostAfterMs`; another goes on `goneMs` later. */
async function takenOver(
  definition: WorkflowDefinition,
  {
    nodes = [],
    lostAfterMs,
    goneMs,
  }: { readonly nodes?: readonly NodeType[]; readonly lostAfterMs: number; readonly goneMs: number },
) {
  const storage = memoryStorage();
  const first = await open(storage, nodes);
  const { id, result } = await first.execute(definition);
  result().catch(() => {});
  await first.advance(lostAfterMs);
  await first.close();
  const engine = await open(storage, nodes, first.clock.now() + goneMs);
  await engine.runUntilIdle();
  return { engine, id, storage, record: () => engine.getExecution(id) };
}

describe("the time limit of a container whose body waits", () => {
  it.each([
    ["a wait in memory", SLEEP(4_000), 1_500],
    ["a wait outside memory", SLEEP(7_000), 1_500],
    ["a long wait outside memory", SLEEP(3_600_000), 60_000],
    ["a wait for news alone", flow("s", { s: { type: "asking" } }), 1_500],
    ["a wait in the body of a body", loop(SLEEP(3_600_000), {}), 60_000],
  ])("ends %s", async (_, body, timeoutMs) => {
    await using engine = await testEngine({ nodes: NODES });
    const handle = await engine.execute(loop(body, { timeoutMs }));
    await engine.advance(timeoutMs - 1);
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await engine.advance(1);
    const result = await handle.result();
    expect(result).toMatchObject({
      status: "failed",
      durationMs: timeoutMs,
      error: { code: "node_timed_out", nodeId: "loop" },
    });
    expect(await engine.storage.listWaits(handle.id)).toEqual([]);
    const open = (await engine.getNodeExecutions(handle.id)).filter(({ endedAt }) => endedAt === null);
    expect(open).toEqual([]);
  });

  it("counts from its start over all that its body waits for", async () => {
    await using engine = await testEngine({ nodes: NODES });
    const running = engine.run(loop(SLEEP(7_000), { timeoutMs: 20_000 }, [1, 2, 3]));
    await engine.advance("1m");
    expect(await running).toMatchObject({ status: "failed", durationMs: 20_000, error: { code: "node_timed_out" } });
  });

  it("is no limit to what ends in time", async () => {
    await using engine = await testEngine({ nodes: NODES });
    const running = engine.run(loop(SLEEP(7_000), { timeoutMs: 22_000 }, [1, 2, 3]));
    await engine.advance("1m");
    expect(await running).toMatchObject({ status: "completed", durationMs: 21_000 });
  });

  it("goes to the error port, and the execution runs on", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: "handled", afterMs: 100 }] });
    for (const ms of [4_000, 3_600_000]) {
      await using engine = await testEngine({ nodes: [...NODES, slow] });
      const running = engine.run(
        flow("loop:error>r", {
          loop: { type: "each", data: { body: SLEEP(ms), items: [1] }, timeoutMs: 1_500 },
          r: { type: "slow" },
        }),
      );
      await engine.advance("1m");
      expect(await running).toMatchObject({ status: "completed", output: "handled", durationMs: 1_600 });
    }
  });

  it("is counted for each attempt where it is attemptTimeoutMs", async () => {
    await using engine = await testEngine({ nodes: NODES });
    const running = engine.run(
      loop(SLEEP(3_600_000), { attemptTimeoutMs: 60_000, retry: { maxAttempts: 2, delaysMs: [1_000] } }),
    );
    await engine.advance("10m");
    expect(await running).toMatchObject({
      status: "failed",
      durationMs: 121_000,
      error: { code: "attempt_timed_out", attempt: 2 },
    });
  });

  it("starts nothing in its body that was over before another worker came", async () => {
    const counted = scriptedNode({ type: "counted", script: [{ hang: true }] });
    const body = flow("a b", { a: { type: "counted" }, b: { type: "asking" } });
    const life = await takenOver(loop(body, { timeoutMs: 4_000 }), {
      nodes: [counted],
      lostAfterMs: 2_500,
      goneMs: 5_000,
    });
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "failed", error: { code: "node_timed_out" } });
    expect(counted.calls).toHaveLength(1);
    expect(await life.storage.listWaits(life.id)).toEqual([]);
  });

  it("cancels the child that its body waits for", async () => {
    const calling = defineNode({
      type: "calling",
      execute: (ctx) => ctx.wait.execution({ nodes: [{ id: "child", type: "asking" }] }),
    });
    await using engine = await testEngine({ nodes: [...NODES, calling] });
    const handle = await engine.execute(loop(flow("c", { c: { type: "calling" } }), { timeoutMs: 60_000 }));
    await engine.advance(60_000);
    expect((await handle.result()).error?.code).toBe("node_timed_out");
    await engine.runUntilIdle();
    const { items } = await engine.listExecutions({ parentId: handle.id });
    expect(items.map(({ status }) => status)).toEqual(["cancelled"]);
  });

  it("does not count while a person is asked what became of a node in its body", async () => {
    const pay = scriptedNode({ type: "pay", effects: "once", script: [{ error: new Error("connection lost") }] });
    await using engine = await testEngine({ nodes: [...NODES, pay] });
    const handle = await engine.execute(loop(flow("p", { p: { type: "pay" } }), { timeoutMs: 60_000 }));
    await engine.advance("1h");
    await engine.resolveUnknown(handle.id, "loop[0]/p", { output: "paid" });
    expect(await handle.result()).toMatchObject({ status: "completed", output: ["paid"] });
  });
});

describe("timeoutMs of a node whose worker was lost", () => {
  const hang = (effects: "idempotent" | "once" = "idempotent") =>
    scriptedNode({ type: "hang", effects, script: [{ hang: true }], verify: () => ({ notDone: true }) });

  it("goes on from its first start", async () => {
    const node = hang();
    const life = await takenOver(flow("a", { a: { type: "hang", timeoutMs: 4_000 } }), {
      nodes: [node],
      lostAfterMs: 2_500,
      goneMs: 1_000,
    });
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "running" });
    await life.engine.advance(499);
    expect(await life.record()).toMatchObject({ status: "running" });
    await life.engine.advance(1);
    expect(await life.record()).toMatchObject({ status: "failed", error: { code: "node_timed_out", attempt: 1 } });
    expect(node.calls).toHaveLength(2);
    expect(node.calls[1]?.signal.aborted).toBe(true);
  });

  it.each(["idempotent", "once"] as const)("fails it at once when it is over: %s", async (effects) => {
    const node = hang(effects);
    const life = await takenOver(flow("a:error>r", { a: { type: "hang", timeoutMs: 4_000 }, r: { type: "pass" } }), {
      nodes: [node],
      lostAfterMs: 2_500,
      goneMs: 5_000,
    });
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({
      status: "completed",
      output: { error: { code: "node_timed_out", attempt: 1 } },
    });
    expect(node.calls).toHaveLength(1);
  });

  it("starts it again as the attempt that it was, whatever its effects depend on", async () => {
    const flaky = scriptedNode({
      type: "flaky",
      effects: () => "idempotent",
      script: [{ error: new RetryableNodeError("busy") }, { hang: true }, { output: "done" }],
    });
    const definition = flow("a", { a: { type: "flaky", timeoutMs: 60_000, retry: { delaysMs: [100] } } });
    const life = await takenOver(definition, { nodes: [flaky], lostAfterMs: 1_000, goneMs: 1_000 });
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "completed", output: "done" });
    expect(flaky.calls.map(({ attempt }) => attempt)).toEqual([1, 2, 2]);
  });
});

describe("settings.timeoutMs that is over before the execution goes on", () => {
  it("ends it before any node starts", async () => {
    const counted = scriptedNode({ type: "counted", script: [{ hang: true }] });
    const body = flow("b", { b: { type: "counted" } });
    const definition = flow(
      "a>next loop",
      { a: { type: "counted" }, next: { type: "pass" }, loop: { type: "each", data: { body, items: [1] } } },
      { timeoutMs: 4_000 },
    );
    const life = await takenOver(definition, { nodes: [counted], lostAfterMs: 2_500, goneMs: 5_000 });
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "failed", error: { code: "execution_timed_out" } });
    expect(counted.calls).toHaveLength(2);
    expect((await life.engine.getNodeExecutions(life.id)).filter(({ endedAt }) => endedAt === null)).toEqual([]);
  });

  it("does not count while a person is asked what became of a node", async () => {
    const pay = scriptedNode({ type: "pay", effects: "once", script: [{ error: new Error("connection lost") }] });
    const slow = scriptedNode({ type: "slow", script: [{ output: "after", afterMs: 500 }] });
    await using engine = await testEngine({ nodes: [...NODES, pay, slow] });
    const handle = await engine.execute(flow("p>s", { p: { type: "pay" }, s: { type: "slow" } }, { timeoutMs: 1_000 }));
    await engine.advance("1h");
    await engine.resolveUnknown(handle.id, "p", { output: "paid" });
    await engine.advance("1s");
    const result = await handle.result();
    expect(result).toMatchObject({ status: "completed", output: "after" });
    expect(fates(result)).toEqual({ p: "completed", s: "completed" });
  });
});
