import { describe, expect, it } from "vitest";
import {
  FatalNodeError,
  type NodeContext,
  type NodeType,
  type VerifyAnswer,
  type WorkflowDefinition,
} from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import {
  type ScriptedNodeOptions,
  scriptedNode,
  sequentialIds,
  type TestEngine,
  type TestEngineOptions,
  testEngine,
} from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

/** Runs for good in the first life, then as `script` says. */
const pay = (script: ScriptedNodeOptions["script"], answer?: VerifyAnswer, options: ScriptedNodeOptions = {}) =>
  scriptedNode({
    ...options,
    type: "pay",
    effects: "once",
    script: [{ hang: true }, ...(script ?? [])],
    ...(answer === undefined ? {} : { verify: () => answer }),
  });

/** An engine whose worker is lost while the nodes run, and a second one on the same storage. */
async function twoLives(
  definition: WorkflowDefinition,
  nodes: readonly NodeType[],
  {
    before = async () => {},
    ...options
  }: Omit<TestEngineOptions, "nodes" | "storage"> & {
    readonly before?: (engine: TestEngine, id: string) => Promise<void>;
  } = {},
) {
  const storage = memoryStorage();
  const first = await testEngine({ ...options, nodes: [...BASIC_NODES, ...nodes], storage, ids: sequentialIds("one") });
  const { id, result } = await first.execute(definition);
  result().catch(() => {});
  await first.runUntilIdle();
  await before(first, id);
  await first.close();
  const engine = await testEngine({
    ...options,
    nodes: [...BASIC_NODES, ...nodes],
    storage,
    ids: sequentialIds("two"),
    now: first.clock.now(),
  });
  await engine.runUntilIdle();
  const record = () => engine.getExecution(id);
  return { engine, id, record, storage };
}

describe("a once node whose worker was lost while it ran", () => {
  it("is verified and not called again: done completes it with the output of verify, in every mode", async () => {
    for (const durability of ["barrier", "strict", "outcome"] as const) {
      const node = pay([{ output: "twice" }], { done: true, output: "once" });
      const life = await twoLives(flow("a>p p>b", { p: { type: "pay" }, b: { type: "pass" } }), [node], { durability });
      await using _ = life.engine;
      expect(await life.record()).toMatchObject({ status: "completed", output: "once" });
      expect(node.calls).toHaveLength(1);
    }
  });

  it("starts again after notDone: the same attempt and idempotency key, another attempt id", async () => {
    const node = pay([{ output: "paid" }], { notDone: true });
    const life = await twoLives(flow("p", { p: { type: "pay", retry: { maxAttempts: 1 } } }), [node]);
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "completed", output: "paid" });
    expect(node.calls.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(new Set(node.calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(new Set(node.calls.map(({ attemptId }) => attemptId)).size).toBe(2);
  });

  it("is verified with its parameters, path and attempt", async () => {
    const seen: unknown[] = [];
    const node = scriptedNode({
      type: "pay",
      effects: "once",
      script: [{ error: Object.assign(new Error("reset"), { code: "ECONNRESET" }) }, { hang: true }],
      verify: (ctx: NodeContext) => {
        seen.push([ctx.nodePath, ctx.attempt, ctx.parameters["amount"], ctx.input]);
        return seen.length === 1 ? { notDone: true } : { done: true, output: 1 };
      },
    });
    const definition = flow("a>p", { p: { type: "pay", data: { amount: "{{ 2 + 3 }}" } } });
    const life = await twoLives(definition, [node], { before: (first) => first.advance("5s") });
    await using _ = life.engine;
    expect((await life.record()).status).toBe("completed");
    expect(seen).toEqual([
      ["p", 1, 5, { a: true }],
      ["p", 2, 5, { a: true }],
    ]);
  });

  it("parks without a verify until a person decides: its output, a new start of the same attempt, or a failure", async () => {
    for (const [answer, expected] of [
      [{ output: "told" }, { status: "completed", output: "told" }],
      [{ retry: true }, { status: "completed", output: "paid" }],
      [{ fail: "lost" }, { status: "failed", error: { code: "unknown_outcome", message: "lost" } }],
    ] as const) {
      const node = pay([{ output: "paid" }]);
      const life = await twoLives(flow("p", { p: { type: "pay" } }), [node]);
      await using _ = life.engine;
      expect(await life.record()).toMatchObject({
        status: "waiting",
        blocked: { code: "unknown_outcome", nodeId: "p", message: expect.stringContaining("worker") },
      });
      expect(node.calls).toHaveLength(1);
      await life.engine.resolveUnknown(life.id, "p", answer);
      await life.engine.runUntilIdle();
      expect(await life.record()).toMatchObject(expected);
      expect(node.calls.map(({ attempt }) => attempt)).toEqual("retry" in answer ? [1, 1] : [1]);
    }
  });

  it("fails with unknown_outcome when its type says so", async () => {
    const node = pay([{ output: "paid" }], undefined, { onUnknown: "fail" });
    const life = await twoLives(flow("p", { p: { type: "pay" } }), [node]);
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "failed", error: { code: "unknown_outcome", nodeId: "p" } });
    expect(node.calls).toHaveLength(1);
  });

  it("is verified in a body too, and the body goes on", async () => {
    const node = pay([{ output: "twice" }], { done: true, output: "once" });
    const body = flow("p>t", { p: { type: "pay" }, t: { type: "pass" } });
    const box = scriptedNode({
      type: "box",
      container: true,
      script: [(ctx) => ctx.runBody(body, {}, "0")],
    });
    const life = await twoLives(flow("box", { box: { type: "box" } }), [node, box]);
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "completed", output: "once" });
    expect(node.calls.map(({ nodePath }) => nodePath)).toEqual(["box[0]/p"]);
  });

  it("is cancelled, not called again, where the execution was cancelled meanwhile", async () => {
    const node = pay([{ output: "twice" }]);
    const life = await twoLives(flow("p", { p: { type: "pay" } }), [node], {
      before: async (first, id) => {
        await first.storage.requestCancel(id, "enough", 0);
      },
    });
    await using _ = life.engine;
    expect((await life.record()).status).toBe("cancelled");
    expect(node.calls).toHaveLength(1);
  });

  it("shows as failed with unknown_outcome, not as skipped, where another failure had ended its scope", async () => {
    const failing = scriptedNode({ type: "failing", script: [{ error: new FatalNodeError("other") }] });
    const definition = flow("p f a>q", { p: { type: "pay" }, q: { type: "pay" }, f: { type: "failing" } });
    const node = scriptedNode({ type: "pay", effects: "once", script: [{ hang: true }] });
    const life = await twoLives(definition, [node, failing], {
      before: (first) => first.advance(100),
    });
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "failed", error: { code: "fatal" } });
    const records = await life.engine.getNodeExecutions(life.id);
    expect(records.filter(({ path }) => path !== "a" && path !== "f")).toMatchObject([
      { path: "p", status: "failed", error: { code: "unknown_outcome" } },
      { path: "q", status: "failed", error: { code: "unknown_outcome" } },
    ]);
    expect(node.calls).toHaveLength(2);
  });
});

describe("what is recorded about a once node", () => {
  it("survives: a completed one never runs again", async () => {
    const node = scriptedNode({ type: "pay", effects: "once", script: [{ output: "paid" }] });
    const hang = scriptedNode({ type: "slow", script: [{ hang: true }, { output: 1 }] });
    const life = await twoLives(flow("p>s", { p: { type: "pay" }, s: { type: "slow" } }), [node, hang]);
    await using _ = life.engine;
    expect((await life.record()).status).toBe("completed");
    expect(node.calls).toHaveLength(1);
  });

  it("survives: one that waits for a person still does, and takes what was decided meanwhile", async () => {
    const node = scriptedNode({ type: "pay", effects: "once", script: [{ error: new Error("reset") }, { output: 2 }] });
    const life = await twoLives(flow("p", { p: { type: "pay" } }), [node]);
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "waiting", blocked: { nodeId: "p" } });
    await life.engine.resolveUnknown(life.id, "p", { retry: true });
    await life.engine.runUntilIdle();
    expect((await life.record()).status).toBe("completed");
    expect(node.calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(await life.storage.listInbox(life.id)).toEqual([]);
  });

  it("survives: one that returned a wait goes on waiting, and is not asked about", async () => {
    let asked = 0;
    const node = scriptedNode({
      type: "pay",
      effects: "once",
      script: [{ wait: (wait) => wait.signal("paid") }],
      verify: () => {
        asked++;
        return { unknown: true };
      },
    });
    const life = await twoLives(flow("p", { p: { type: "pay" } }), [node]);
    await using _ = life.engine;
    await life.engine.signal(life.id, "paid", "by bank");
    await life.engine.runUntilIdle();
    expect(await life.record()).toMatchObject({ status: "completed", output: "by bank" });
    expect([node.calls.length, asked]).toEqual([1, 0]);
  });

  it("survives: a worker lost while what follows a wait ran leaves the outcome unknown", async () => {
    const node = scriptedNode({
      type: "pay",
      effects: "once",
      script: [{ wait: (wait) => wait.signal("go") }],
      resume: () => new Promise(() => {}),
    });
    const life = await twoLives(flow("p", { p: { type: "pay" } }), [node], {
      before: async (first, id) => {
        await first.signal(id, "go");
        await first.runUntilIdle();
      },
    });
    await using _ = life.engine;
    expect(await life.record()).toMatchObject({ status: "waiting", blocked: { code: "unknown_outcome" } });
    expect(node.calls).toHaveLength(1);
  });

  it("survives engine.resume: the node waits on for a person", async () => {
    const node = pay([{ output: "twice" }]);
    const life = await twoLives(flow("p", { p: { type: "pay" } }), [node]);
    await using _ = life.engine;
    await life.engine.resume(life.id);
    await life.engine.runUntilIdle();
    expect(await life.record()).toMatchObject({ status: "waiting", blocked: { nodeId: "p" } });
    expect(await life.engine.explain(life.id)).toContain("engine.resolveUnknown");
    expect(node.calls).toHaveLength(1);
  });

  it("is no reason to ask about a node that is idempotent: that simply runs again", async () => {
    const node = scriptedNode({ type: "get", script: [{ hang: true }, { output: 1 }] });
    const life = await twoLives(flow("g", { g: { type: "get" } }), [node]);
    await using _ = life.engine;
    expect((await life.record()).status).toBe("completed");
    expect(node.calls.map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  it("makes a retry of the whole execution an explicit new start", async () => {
    const node = scriptedNode({
      type: "pay",
      effects: "once",
      onUnknown: "fail",
      script: [{ error: new Error("reset") }, { output: "paid" }],
    });
    await using engine = await testEngine({ nodes: [node] });
    const failed = await engine.run(flow("p", { p: { type: "pay" } }));
    const again = await (await engine.retry(failed.id)).result();
    expect(fates(again)).toEqual({ p: "completed" });
  });
});

describe("a once node in a body that is stopped and runs again", () => {
  it("is verified before it may start again", async () => {
    const answers: VerifyAnswer[] = [{ done: true, output: "once" }];
    const node = scriptedNode({
      type: "pay",
      effects: "once",
      script: [{ hang: true }, { output: "twice" }],
      verify: () => answers[0] as VerifyAnswer,
    });
    const box = scriptedNode({
      type: "box",
      container: true,
      script: [(ctx) => ctx.runBody(flow("p", { p: { type: "pay" } }), {}, "0")],
    });
    await using engine = await testEngine({ nodes: [node, box] });
    const running = engine.run(
      flow("box", { box: { type: "box", attemptTimeoutMs: 1_000, retry: { maxAttempts: 2, delaysMs: [100] } } }),
    );
    await engine.advance("5s");
    expect(await running).toMatchObject({ status: "completed", output: "once" });
    expect(node.calls).toHaveLength(1);
  });
});
