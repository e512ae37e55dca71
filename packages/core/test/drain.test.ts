import { describe, expect, it } from "vitest";
import { defineNode, type NodeType } from "../src/index.js";
import { faultyStorage, type StorageFault, testClock } from "../src/testing/index.js";
import { sharedStorage, startWorker } from "./support/shared-storage.js";
import { flow } from "./support/workflow.js";

/** Calls of `slow`, and a node type that takes `ms` and notes them. */
function slowNodes(clock: ReturnType<typeof testClock>): {
  readonly calls: string[];
  readonly of: (worker: string) => readonly NodeType[];
} {
  const calls: string[] = [];
  const of = (worker: string) => [
    defineNode({
      type: "slow",
      async execute(ctx) {
        calls.push(`${worker}:${ctx.nodeId}`);
        await new Promise<void>((resolve) => clock.setTimer(clock.now() + Number(ctx.parameters["ms"]), resolve));
        return worker;
      },
    }),
  ];
  return { calls, of };
}

const TWO = flow("a>b", { a: { type: "slow", data: { ms: 3_000 } }, b: { type: "slow", data: { ms: 10 } } });

/** An execution of which `leaving` runs the first node, and another worker that stays. */
async function scene() {
  const clock = testClock();
  const storage = sharedStorage(clock);
  const { calls, of } = slowNodes(clock);
  const leaving = await startWorker("leaving", { storage, clock, nodes: of("leaving") });
  const staying = await startWorker("staying", { storage, clock, nodes: of("staying") });
  const { id } = await leaving.execute(TWO);
  await clock.advance(100);
  return { clock, storage, calls, leaving, staying, id };
}

describe("a worker that is drained", () => {
  it("lets running nodes end, starts nothing more, and hands its leases back at once", async () => {
    const { clock, storage, calls, leaving, staying, id } = await scene();
    await using _ = staying;
    const closed = leaving.close({ deadlineMs: 10_000 });
    await clock.advance(3_000);
    await closed;
    // Far less than a lease.
    await clock.advance(400);
    expect(await staying.getExecution(id)).toMatchObject({ status: "completed" });
    expect(storage.claimed.map(({ crashes }) => crashes)).toEqual([0]);
    expect(calls).toEqual(["leaving:a", "staying:b"]);
  });

  it("leaves executions of which explain says that nobody has them", async () => {
    const clock = testClock();
    const storage = sharedStorage(clock);
    const nodes = [defineNode({ type: "hang", execute: () => new Promise(() => {}) })];
    const leaving = await startWorker("leaving", { storage, clock, nodes });
    await using looking = await startWorker("looking", { storage, clock, nodes, concurrency: { executions: 0 } });
    const { id } = await leaving.execute(flow("a", { a: { type: "hang" } }));
    await clock.advance(100);
    expect(await looking.explain(id)).toContain("is running");
    await Promise.all([leaving.close({ deadlineMs: 0 }), clock.advance(1_000)]);
    expect(await looking.getExecution(id)).toMatchObject({ status: "running" });
    expect(await looking.explain(id)).toBe(
      `Execution ${id} is under way, but no worker has it; it goes on as soon as a worker with a free place takes it.`,
    );
  });

  it("aborts what still runs at the deadline; that runs again elsewhere with the same attempt", async () => {
    const { clock, storage, calls, leaving, staying, id } = await scene();
    await using _ = staying;
    const closed = leaving.close({ deadlineMs: 500 });
    await clock.advance(1_000);
    await closed;
    await clock.advance(5_000);
    expect(await staying.getExecution(id)).toMatchObject({ status: "completed" });
    expect(storage.claimed.map(({ crashes }) => crashes)).toEqual([0]);
    expect(calls).toEqual(["leaving:a", "staying:a", "staying:b"]);
    const nodes = await staying.getNodeExecutions(id);
    expect(nodes.map(({ attempts }) => attempts)).toEqual([1, 1]);
  });

  it("claims nothing new", async () => {
    const clock = testClock();
    const storage = sharedStorage(clock);
    const { calls, of } = slowNodes(clock);
    const leaving = await startWorker("leaving", { storage, clock, nodes: of("leaving") });
    const { id } = await leaving.execute(TWO);
    await clock.advance(100);
    const closed = leaving.close({ deadlineMs: 10_000 });
    await using staying = await startWorker("staying", {
      storage,
      clock,
      nodes: of("staying"),
      concurrency: { executions: 1 },
    });
    const first = await staying.execute(TWO);
    // No place: it is queued for whoever has one.
    const second = await staying.execute(TWO);
    await clock.advance(3_000);
    await closed;
    await clock.advance(20_000);
    expect(calls.filter((call) => call.startsWith("leaving"))).toEqual(["leaving:a"]);
    for (const one of [id, first.id, second.id])
      expect(await staying.getExecution(one)).toMatchObject({ status: "completed" });
  });
});

describe("a close while the storage does not answer", () => {
  const NEVER: StorageFault = { delayUntil: new Promise(() => {}) };

  it.each(["claim", "takeNews", "commit", "release", "close"] as const)(
    "ends two seconds after its deadline, whatever became of `%s`",
    async (method) => {
      const clock = testClock();
      let isSilent = false;
      const fault = (): StorageFault | undefined => (isSilent ? NEVER : undefined);
      const storage = faultyStorage(sharedStorage(clock), {
        ...(method === "commit" ? { commits: fault } : { calls: { [method]: fault } }),
      });
      const { of } = slowNodes(clock);
      const worker = await startWorker("worker", { storage, clock, nodes: of("worker") });
      const handle = await worker.execute(TWO);
      const result = handle.result();
      await clock.advance(2_900);
      isSilent = true;
      // A sweep is under way, and the first node ends.
      await clock.advance(1_100);
      const before = clock.now();
      let closedAt: number | undefined;
      const closed = worker.close({ deadlineMs: 1_000 }).then(() => {
        closedAt = clock.now();
      });
      await clock.advance(3_100);
      await closed;
      expect((closedAt as number) - before).toBeLessThanOrEqual(3_000);
      // Whoever waits for the execution is told, one way or the other.
      await Promise.allSettled([result]);
    },
  );
});

describe("news whose answer was lost", () => {
  it("still reaches the execution that it is about", async () => {
    const clock = testClock();
    const storage = sharedStorage(clock);
    let isLosing = false;
    const forgetful = faultyStorage(storage, {
      calls: { takeNews: () => (isLosing ? "fail_after" : undefined) },
    });
    const { of } = slowNodes(clock);
    const runs = await startWorker("runs", { storage: forgetful, clock, nodes: of("runs") });
    const asks = await startWorker("asks", { storage, clock, nodes: of("asks") });
    const { id } = await runs.execute(flow("a", { a: { type: "slow", data: { ms: 60_000 } } }));
    isLosing = true;
    await asks.cancel(id);
    await clock.advance(2_000);
    isLosing = false;
    await clock.advance(3_000);
    expect(await asks.getExecution(id)).toMatchObject({ status: "cancelled" });
    await Promise.all([runs.close({ deadlineMs: 0 }), asks.close({ deadlineMs: 0 })]);
  });
});
