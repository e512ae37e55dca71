import { describe, expect, it } from "vitest";
import type { Durability, Effects } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { type FaultyStorage, faultyStorage, scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

const CHAIN = Array.from({ length: 9 }, (_, index) => `n${index}>n${index + 1}`).join(" ");

async function commitsOf(effects: Effects, durability?: Durability): Promise<FaultyStorage> {
  const storage = faultyStorage(memoryStorage());
  const node = scriptedNode({ type: "tag", effects });
  await using engine = await testEngine({
    nodes: [node],
    storage,
    ...(durability === undefined ? {} : { durability }),
  });
  const result = await engine.run(flow(CHAIN));
  expect(result.status).toBe("completed");
  return storage;
}

describe("commits", () => {
  it("of ten pure nodes in a row are at most two", async () => {
    expect((await commitsOf("pure")).commitCount).toBeLessThanOrEqual(2);
  });

  it("of ten nodes with effects in a row are at most eleven", async () => {
    expect((await commitsOf("idempotent")).commitCount).toBeLessThanOrEqual(11);
  });

  it("in outcome mode are at most two whatever the effects", async () => {
    expect((await commitsOf("idempotent", "outcome")).commitCount).toBeLessThanOrEqual(2);
  });

  it("in strict mode come before every successor, pure or not", async () => {
    const { commitCount } = await commitsOf("pure", "strict");
    expect(commitCount).toBeGreaterThanOrEqual(10);
    expect(commitCount).toBeLessThanOrEqual(11);
  });

  it("of many executions go together", async () => {
    const storage = faultyStorage(memoryStorage());
    await using engine = await testEngine({ nodes: BASIC_NODES, storage });
    await engine.run(flow("a"));
    const before = storage.commitCount;
    await Promise.all(Array.from({ length: 50 }, () => engine.run(flow("a"))));
    expect(storage.commitCount - before).toBeLessThan(20);
  });
});

/** A node that notes which nodes have a durable result when it runs. */
function lookingNode() {
  const storage = memoryStorage();
  const written: (readonly string[])[] = [];
  const look = scriptedNode({
    type: "look",
    script: [
      async (ctx) => {
        const nodes = await storage.listNodes(ctx.execution.id);
        written.push(nodes.filter(({ status }) => status === "completed").map(({ path }) => path));
      },
    ],
  });
  return { storage, written, look };
}

describe("the barrier", () => {
  it("has the results of all ancestors with effects written before a node with effects starts", async () => {
    const { storage, written, look } = lookingNode();
    const pure = scriptedNode({ type: "pure", effects: "pure" });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, look, pure], storage });
    await engine.run(flow("a>p p>q q>look", { p: { type: "pure" }, q: { type: "pure" }, look: { type: "look" } }));
    expect(written[0]).toContain("a");
  });

  it("does not let parallel branches wait for each other's commits", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const storage = faultyStorage(memoryStorage(), { commits: { 2: { delayUntil: gate } } });
    const b2 = scriptedNode({ type: "b2" });
    const slow = scriptedNode({ type: "slow", effects: "pure", script: [{ output: 1, afterMs: 10 }] });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, b2, slow], storage });
    const running = engine.run(flow("a>a2 p>b2", { p: { type: "slow" }, b2: { type: "b2" } }));
    await engine.advance(10);
    expect(b2.calls).toHaveLength(1);
    release();
    expect((await running).status).toBe("completed");
  });

  it("counts a pure node whose expressions read the time as one with effects", async () => {
    const { storage, written, look } = lookingNode();
    const pure = scriptedNode({ type: "pure", effects: "pure" });
    await using engine = await testEngine({ nodes: [look, pure], storage });
    await engine.run(flow("p>look", { p: { type: "pure", data: { at: "{{ now() }}" } }, look: { type: "look" } }));
    expect(written).toEqual([["p"]]);
  });

  it("has the start of a once node durable before its function is called", async () => {
    const storage = memoryStorage();
    let started = false;
    const once = scriptedNode({
      type: "once",
      effects: "once",
      script: [
        async (ctx) => {
          started = (await storage.listEvents(ctx.execution.id, { after: 0, limit: 100 })).some(
            ({ type, nodeId }) => type === "node.started" && nodeId === "o",
          );
          return 1;
        },
      ],
    });
    for (const durability of ["barrier", "strict", "outcome"] as const) {
      started = false;
      await using engine = await testEngine({ nodes: [once], storage, durability });
      await engine.run(flow("o", { o: { type: "once" } }));
      expect(started).toBe(true);
    }
  });
});

describe("what is pending", () => {
  it("is written after flushIntervalMs at the latest", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 10_000 }] });
    const storage = memoryStorage();
    await using engine = await testEngine({ nodes: [...BASIC_NODES, slow], storage });
    const handle = await engine.execute(flow("a b", { b: { type: "slow" } }));
    await engine.advance(50);
    expect((await storage.listNodes(handle.id)).map(({ path, status }) => [path, status])).toContainEqual([
      "a",
      "completed",
    ]);
  });

  it("is written when the execution parks, in every mode", async () => {
    for (const durability of ["barrier", "strict", "outcome"] as const) {
      const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.delay(60_000) }] });
      const storage = memoryStorage();
      await using engine = await testEngine({ nodes: [...BASIC_NODES, waiting], storage, durability });
      const handle = await engine.execute(flow("a>w", { w: { type: "waiting" } }));
      await engine.runUntilIdle();
      expect((await storage.listNodes(handle.id)).map(({ path, status }) => [path, status])).toEqual([
        ["a", "completed"],
        ["w", "waiting"],
      ]);
      expect(await storage.listWaits(handle.id)).toMatchObject([{ nodePath: "w", kind: "delay" }]);
    }
  });

  it("is durable when execute and result resolve", async () => {
    const storage = memoryStorage();
    await using engine = await testEngine({ nodes: BASIC_NODES, storage });
    const handle = await engine.execute(flow("a"));
    expect(await storage.getExecution(handle.id)).toBeDefined();
    const result = await handle.result();
    expect(await storage.getExecution(handle.id)).toMatchObject({ status: "completed", output: result.output });
  });

  it("is sent again while the storage does not answer, and written once", async () => {
    for (const fault of ["fail_before", "fail_after"] as const) {
      const storage = faultyStorage(memoryStorage(), { commits: { 1: fault, 3: fault } });
      await using engine = await testEngine({ nodes: BASIC_NODES, storage });
      const running = engine.run(flow("a>b b>c"));
      await engine.advance(1_000);
      const { id, status } = await running;
      expect(status).toBe("completed");
      const seqs = (await engine.getJournal(id)).map(({ seq, type, nodeId }) => `${seq} ${type} ${nodeId ?? ""}`);
      expect(new Set(seqs).size).toBe(seqs.length);
      expect(seqs.filter((line) => line.includes("node.completed"))).toHaveLength(3);
    }
  });

  it("is given up when the storage is away for as long as the lease: the result rejects and nothing hangs", async () => {
    let isAway = false;
    const storage = faultyStorage(memoryStorage(), {
      commits: (number) => (isAway && number > 1 ? "fail_before" : undefined),
    });
    await using engine = await testEngine({ nodes: BASIC_NODES, storage, lease: { durationMs: 2_000 } });
    isAway = true;
    const running = engine.run(flow("a>b b>c"));
    const refused = expect(running).rejects.toMatchObject({ code: "storage_unavailable" });
    await engine.advance(3_000);
    await refused;
    isAway = false;
    const next = engine.run(flow("a"));
    await engine.advance(3_000);
    expect((await next).status).toBe("completed");
    const { items } = await engine.listExecutions();
    expect(items.map(({ status }) => status)).toEqual(["completed", "completed"]);
  });

  it("lets transactional nodes be refused by a storage without transactions", async () => {
    await using engine = await testEngine({ nodes: [scriptedNode({ type: "tx", effects: "transactional" })] });
    await expect(engine.execute(flow("a", { a: { type: "tx" } }))).rejects.toMatchObject({
      code: "capability_missing",
    });
  });
});
