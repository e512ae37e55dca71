import { describe, expect, it } from "vitest";
import { defineNode, type Engine, type EngineOptions, type NodeType } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { type TestClock, testClock, testEngine } from "../src/testing/index.js";
import { sharedStorage, startWorker } from "./support/shared-storage.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

interface Call {
  readonly worker: string;
  readonly path: string;
  readonly attempt: number;
}

/** Node types whose calls are noted: `plain` without tags, `gpu` and `big` with the tag of that name. */
function notedNodes(worker: string, calls: Call[]): readonly NodeType[] {
  const noted = (type: string, tags: readonly string[]) =>
    defineNode({
      type,
      tags,
      async execute(ctx) {
        calls.push({ worker, path: ctx.nodePath, attempt: ctx.attempt });
        const ms = Number(ctx.parameters["ms"] ?? 0);
        if (ms > 0) await new Promise<void>((resolve) => ctx.clock.setTimer(ctx.clock.now() + ms, resolve));
        return { by: worker };
      },
    });
  const asking = defineNode({ type: "asking", execute: (ctx) => ctx.wait.signal("go") });
  const sleeping = defineNode({ type: "sleeping", execute: (ctx) => ctx.wait.delay(1_000) });
  return [noted("plain", []), noted("gpu", ["gpu"]), noted("big", ["big"]), asking, sleeping];
}

interface Cluster extends AsyncDisposable {
  readonly clock: TestClock;
  readonly calls: Call[];
  /** Who called each node, in order. */
  readonly callers: () => readonly string[];
  /** Starts a worker of this name that offers these tags. */
  add(name: string, offers: readonly string[] | undefined, options?: Partial<EngineOptions>): Promise<Engine>;
}

function cluster(): Cluster {
  const clock = testClock();
  const storage = sharedStorage(clock);
  const calls: Call[] = [];
  const engines: Engine[] = [];
  return {
    clock,
    calls,
    callers: () => calls.map(({ worker, path }) => `${worker}:${path}`),
    async add(name, offers, options = {}) {
      const engine = await startWorker(name, {
        storage,
        clock,
        nodes: notedNodes(name, calls),
        ...(offers === undefined ? {} : { offers }),
        ...options,
      });
      engines.push(engine);
      return engine;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(engines.map((engine) => engine.close({ deadlineMs: 0 })));
    },
  };
}

const CHAIN = flow("before>train train>after", {
  before: { type: "plain" },
  train: { type: "gpu" },
  after: { type: "plain" },
});

describe("routing by tags", () => {
  it("hands an execution over to the worker that offers what the next node needs", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    await workers.add("far", ["gpu"]);
    const handle = await near.execute(CHAIN);
    await workers.clock.advance(1_000);
    expect(await handle.result()).toMatchObject({ status: "completed", output: { by: "far" } });
    expect(workers.callers()).toEqual(["near:before", "far:train", "far:after"]);
  });

  it("ends an execution whose time is over while no worker offers what it needs", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const handle = await near.execute({ ...CHAIN, settings: { timeoutMs: 1_500 } });
    await workers.clock.advance(1_499);
    expect((await near.getExecution(handle.id)).status).toBe("queued");
    await workers.clock.advance(1);
    expect(await handle.result()).toMatchObject({ status: "failed", error: { code: "execution_timed_out" } });
    expect((await near.getExecution(handle.id)).endedAt).toBe(workers.clock.now());
    expect(workers.callers()).toEqual(["near:before"]);
  });

  it("starts nothing on the worker that offers it once the execution's time is over", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const { id } = await near.execute({ ...CHAIN, settings: { timeoutMs: 1_500 } });
    await workers.clock.advance(1_000);
    // Whoever handed it over is gone, and nobody looks in time.
    await near.close({ deadlineMs: 0 });
    await workers.clock.advance(5_000);
    const far = await workers.add("far", ["gpu"]);
    await workers.clock.advance(1_000);
    expect(await far.getExecution(id)).toMatchObject({ status: "failed", error: { code: "execution_timed_out" } });
    expect(workers.callers()).toEqual(["near:before"]);
  });

  it("repeats nothing that was recorded, and counts no crash", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    await workers.add("far", ["gpu", "big"]);
    const handle = await near.execute(CHAIN);
    await workers.clock.advance(1_000);
    await handle.result();
    const events = await near.getJournal(handle.id);
    expect(events.filter(({ type }) => type === "node.started").map(({ nodeId }) => nodeId)).toEqual([
      "before",
      "train",
      "after",
    ]);
    expect(events.find(({ type }) => type === "execution.waiting")?.data).toMatchObject({
      requires: ["gpu"],
      nodeId: "train",
    });
    expect(await near.getExecution(handle.id)).toMatchObject({ crashes: 0, requires: ["gpu"] });
  });

  it("waits queued, owned by nobody, while no worker offers the tag, and says so", async () => {
    await using workers = cluster();
    const near = await workers.add("near", ["other"]);
    const handle = await near.execute(CHAIN);
    await workers.clock.advance(60_000);
    expect(await near.getExecution(handle.id)).toMatchObject({ status: "queued", owner: null, requires: ["gpu"] });
    expect(await near.explain(handle.id)).toContain("it needs a worker that offers gpu");
    expect(near.health().running).toBe(0);
    await workers.add("far", ["gpu"]);
    await workers.clock.advance(1_000);
    expect(await handle.result()).toMatchObject({ status: "completed" });
    expect(workers.callers()).toEqual(["near:before", "far:train", "far:after"]);
  });

  it("starts an execution whose first node has to run elsewhere", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const handle = await near.execute(flow("train>after", { train: { type: "gpu" }, after: { type: "plain" } }));
    await workers.add("far", ["gpu"]);
    await workers.clock.advance(1_000);
    expect(await handle.result()).toMatchObject({ status: "completed" });
    expect(workers.callers()).toEqual(["far:train", "far:after"]);
  });

  it("lets what runs end first, and starts nothing new meanwhile", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const handle = await near.execute(
      flow("slow>next train", {
        slow: { type: "plain", data: { ms: 5_000 } },
        next: { type: "plain" },
        train: { type: "gpu" },
      }),
    );
    await workers.add("far", ["gpu"]);
    await workers.clock.advance(4_000);
    expect(workers.callers()).toEqual(["near:slow"]);
    await workers.clock.advance(2_000);
    expect(await handle.result()).toMatchObject({ status: "completed" });
    expect(workers.calls.map(({ path }) => path).sort()).toEqual(["next", "slow", "train"]);
    expect(workers.callers()).toContain("far:train");
  });

  it("goes from worker to worker when parallel branches need different ones", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    await workers.add("graphics", ["gpu"]);
    await workers.add("memory", ["big"]);
    const handle = await near.execute(
      flow("a>train train>b a>sort sort>b", {
        a: { type: "plain" },
        train: { type: "gpu" },
        sort: { type: "big" },
        b: { type: "plain" },
      }),
    );
    await workers.clock.advance(3_000);
    expect(await handle.result()).toMatchObject({ status: "completed" });
    const callers = workers.callers();
    expect(callers).toHaveLength(4);
    expect(callers).toContain("graphics:train");
    expect(callers).toContain("memory:sort");
  });

  it("does not bounce between workers while a tagged node waits for its next attempt", async () => {
    await using workers = cluster();
    const flaky = defineNode({
      type: "flaky",
      tags: ["big"],
      execute(ctx) {
        if (ctx.attempt === 1) throw new Error("busy");
        return ctx.attempt;
      },
    });
    const nodes = [...notedNodes("any", workers.calls), flaky];
    await workers.add("graphics", ["gpu"], { nodes });
    await workers.add("memory", ["big"], { nodes });
    const near = await workers.add("near", [], { nodes });
    const handle = await near.execute(
      flow("again train", {
        again: { type: "flaky", retry: { delaysMs: [30_000], on: "any" } },
        train: { type: "gpu", data: { ms: 5_000 } },
      }),
    );
    await workers.clock.advance(40_000);
    expect(await handle.result()).toMatchObject({ status: "completed" });
    const events = await near.getJournal(handle.id);
    expect(events.filter(({ type }) => type === "execution.resumed").length).toBeLessThanOrEqual(4);
  });

  it("takes an early signal and a parked wait along", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const handle = await near.execute(
      flow("ask>after train>after", { ask: { type: "asking" }, train: { type: "gpu" }, after: { type: "plain" } }),
    );
    await workers.clock.advance(1_000);
    expect(await near.getExecution(handle.id)).toMatchObject({ status: "queued", requires: ["gpu"] });
    await near.signal(handle.id, "go", 7);
    await workers.add("far", ["gpu"]);
    await workers.clock.advance(1_000);
    expect(await handle.result()).toMatchObject({ status: "completed", nodes: { ask: { output: 7 } } });
    expect(workers.callers()).toEqual(["far:train", "far:after"]);
  });

  it("routes nodes in the bodies of containers", async () => {
    await using workers = cluster();
    const loop = defineNode({
      type: "loop",
      container: true,
      bodies: ["body"],
      async execute(ctx) {
        const results: unknown[] = [];
        for (const turn of [0, 1]) results.push(await ctx.runBody(ctx.parameters["body"] as never, turn, String(turn)));
        return results.length;
      },
    });
    const near = await workers.add("near", [], { nodes: [...notedNodes("near", workers.calls), loop] });
    await workers.add("far", ["gpu"], { nodes: [...notedNodes("far", workers.calls), loop] });
    const body = flow("x>y", { x: { type: "plain" }, y: { type: "gpu" } });
    const handle = await near.execute(flow("loop", { loop: { type: "loop", data: { body } } }));
    await workers.clock.advance(2_000);
    expect(await handle.result()).toMatchObject({ status: "completed", output: 2 });
    expect(workers.callers()).toEqual(["near:loop[0]/x", "far:loop[0]/y", "far:loop[1]/x", "far:loop[1]/y"]);
  });

  it("cancels an execution that no worker here could run", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const handle = await near.execute(CHAIN);
    await workers.clock.advance(1_000);
    await handle.cancel("not needed");
    await workers.clock.advance(1_000);
    expect(await handle.result()).toMatchObject({ status: "cancelled" });
    expect(workers.callers()).toEqual(["near:before"]);
  });

  it("cancels an execution that is just being handed over", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const handle = await near.execute(CHAIN);
    await handle.cancel("at once");
    await workers.clock.advance(3_000);
    expect(await handle.result()).toMatchObject({ status: "cancelled" });
  });

  it("frees the place of a limit while it waits for a worker", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const limited = (id: string, type: string) => ({
      ...flow(`before>${id}`, { before: { type: "plain" }, [id]: { type } }),
      settings: { concurrency: { key: "one", limit: 1 } },
    });
    const waiting = await near.execute({ ...limited("train", "gpu"), name: "limited" });
    await workers.clock.advance(1_000);
    const other = await near.execute({ ...limited("train", "plain"), name: "limited" });
    await workers.clock.advance(1_000);
    expect(await other.result()).toMatchObject({ status: "completed" });
    expect(await near.getExecution(waiting.id)).toMatchObject({ status: "queued", owner: null });
  });

  it("fails here when something else fails before it has left", async () => {
    await using workers = cluster();
    const near = await workers.add("near", []);
    const failing = defineNode({
      type: "failing",
      async execute(ctx) {
        await new Promise<void>((resolve) => ctx.clock.setTimer(ctx.clock.now() + 1_000, resolve));
        throw new Error("no");
      },
    });
    const third = await workers.add("third", [], { nodes: [...notedNodes("third", workers.calls), failing] });
    const handle = await third.execute(flow("a b", { a: { type: "failing" }, b: { type: "gpu" } }));
    await workers.clock.advance(3_000);
    expect(await handle.result()).toMatchObject({
      status: "failed",
      nodes: { b: { status: "skipped" } },
    });
    expect(near.health().status).toBe("ok");
  });

  it("offers everything by default, and refuses offers that are no tags", async () => {
    const calls: Call[] = [];
    await using engine = await testEngine({ nodes: [...BASIC_NODES, ...notedNodes("only", calls)] });
    expect(await engine.run(CHAIN)).toMatchObject({ status: "completed" });
    await expect(testEngine({ storage: memoryStorage(), nodes: [], offers: [""] })).rejects.toMatchObject({
      code: "invalid_configuration",
    });
  });
});
