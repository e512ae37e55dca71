import { describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { scriptedNode, testClock, testEngine } from "../src/testing/index.js";
import { sharedStorage, startWorker } from "./support/shared-storage.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

const sleeping = defineNode({
  type: "sleeping",
  execute: (ctx) => ctx.wait.delay(Number((ctx.parameters as { readonly ms: number }).ms)),
});
const asking = defineNode({
  type: "asking",
  ports: ["default", "timed_out"],
  execute: (ctx) => ctx.wait.signal("go", { timeoutMs: 86_400_000 }),
});
const approving = defineNode({
  type: "approving",
  ports: ["approved", "rejected"],
  execute: (ctx) => ctx.wait.approval({ message: "ok?", quorum: 2 }),
});
const NODES = [...BASIC_NODES, sleeping, asking, approving];

describe("an execution that waits for long", () => {
  it("is owned by nobody meanwhile, and is due to the millisecond", async () => {
    const storage = memoryStorage();
    await using engine = await testEngine({ nodes: NODES, storage });
    const handle = await engine.execute(flow("a>b", { a: { type: "sleeping", data: { ms: 60_000 } } }));
    await engine.runUntilIdle();
    const record = await storage.getExecution(handle.id);
    expect(record).toMatchObject({
      status: "waiting",
      owner: null,
      isParked: true,
      wakeAt: engine.clock.now() + 60_000,
    });
    await engine.advance(60_000);
    expect(await handle.result()).toMatchObject({ status: "completed", durationMs: 60_000 });
  });

  it("goes through 30 days, a signal with a timeout and a retry of 2 minutes exactly", async () => {
    const flaky = scriptedNode({ type: "flaky", script: [{ error: new Error("once") }, { output: 1 }] });
    await using engine = await testEngine({ nodes: [...NODES, flaky] });
    const handle = await engine.execute(
      flow("month>ask ask:timed_out>again", {
        month: { type: "sleeping", data: { ms: 30 * 86_400_000 } },
        ask: { type: "asking" },
        again: { type: "flaky", retry: { delaysMs: [120_000], on: "any" } },
      }),
    );
    await engine.advance("30d");
    await engine.advance("1d");
    await engine.advance(119_999);
    expect((await engine.getExecution(handle.id)).status).toBe("running");
    await engine.advance(1);
    const result = await handle.result();
    expect(result).toMatchObject({ status: "completed", durationMs: 31 * 86_400_000 + 120_000 });
    expect(result.nodes["again"]?.attempts).toBe(2);
  });

  it("is woken by a signal, and the signal is read once", async () => {
    await using engine = await testEngine({ nodes: NODES });
    const handle = await engine.execute(flow("a>b", { a: { type: "asking" }, b: { type: "pass" } }));
    await engine.runUntilIdle();
    expect(await engine.signal(handle.id, "go", 7, { key: "k" })).toEqual({ duplicate: false });
    expect(await engine.signal(handle.id, "go", 8, { key: "k" })).toEqual({ duplicate: true });
    expect((await handle.result()).output).toBe(7);
    const events = await engine.getJournal(handle.id);
    expect(events.filter(({ type }) => type === "signal.received")).toHaveLength(1);
  });

  it("goes on in the node that is due while the others wait on", async () => {
    await using engine = await testEngine({ nodes: NODES });
    const handle = await engine.execute(
      flow("a>x b>y", {
        a: { type: "sleeping", data: { ms: 10_000 } },
        b: { type: "sleeping", data: { ms: 20_000 } },
      }),
    );
    await engine.advance(10_000);
    const nodes = await engine.getNodeExecutions(handle.id);
    expect(nodes.find(({ path }) => path === "x")?.status).toBe("completed");
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await engine.advance(10_000);
    expect(await handle.result()).toMatchObject({ status: "completed", durationMs: 20_000 });
  });

  it("keeps its timeout standing still while it waits", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ afterMs: 5_000, output: 1 }] });
    await using engine = await testEngine({ nodes: [...NODES, slow] });
    const definition = flow(
      "a>b",
      { a: { type: "sleeping", data: { ms: 3_600_000 } }, b: { type: "slow" } },
      { timeoutMs: 6_000 },
    );
    const handle = await engine.execute(definition);
    await engine.advance("1h");
    await engine.advance(5_000);
    expect((await handle.result()).status).toBe("completed");
  });

  it("is cancelled without running anything", async () => {
    await using engine = await testEngine({ nodes: NODES });
    const handle = await engine.execute(flow("a>b", { a: { type: "asking" } }));
    await engine.runUntilIdle();
    await handle.cancel("no longer wanted");
    const result = await handle.result();
    expect(result.status).toBe("cancelled");
    expect(result.nodes["a"]?.status).toBe("cancelled");
    expect(result.nodes["b"]).toMatchObject({ status: "skipped", skipReason: "cancelled" });
  });

  it("times out as a node, deadline and all", async () => {
    await using engine = await testEngine({ nodes: NODES });
    const handle = await engine.execute(flow("a", { a: { type: "asking", timeoutMs: 60_000 } }));
    await engine.advance(60_000);
    expect((await handle.result()).error?.code).toBe("node_timed_out");
  });
});

describe("an execution of which another worker is the owner", () => {
  async function scene() {
    const clock = testClock();
    const storage = sharedStorage(clock);
    return { clock, storage, nodes: [sleeping, asking, approving] };
  }

  it("is signalled, cancelled and watched from anywhere", async () => {
    const { clock, storage, nodes } = await scene();
    await using one = await startWorker("one", { storage, clock, nodes });
    await using two = await startWorker("two", { storage, clock, nodes });
    const handle = await one.execute(flow("a>b", { a: { type: "asking" }, b: { type: "pass" } }));
    await clock.settle();
    await two.signal(handle.id, "go", { from: "two" });
    await clock.advance(1_000);
    expect((await handle.result()).output).toEqual({ from: "two" });

    const second = await one.execute(flow("a", { a: { type: "asking" } }));
    await clock.settle();
    await two.cancel(second.id, "by two");
    await clock.advance(1_000);
    expect((await second.result()).status).toBe("cancelled");
  });

  it("takes the decisions of an approval from anywhere, each person once", async () => {
    const { clock, storage, nodes } = await scene();
    await using one = await startWorker("one", { storage, clock, nodes });
    await using two = await startWorker("two", { storage, clock, nodes });
    const handle = await one.execute(flow("a", { a: { type: "approving" } }));
    await clock.settle();
    const decide = (engine: typeof one, by: string, decision: "approve" | "reject" = "approve") =>
      engine.decideApproval(handle.id, "a", { by, decision });
    expect((await decide(two, "ann")).status).toBe("pending");
    expect((await decide(one, "ann")).status).toBe("pending");
    expect((await decide(two, "bob")).status).toBe("approved");
    await clock.advance(1_000);
    expect((await decide(one, "eve", "reject")).status).toBe("approved");
    expect((await handle.result()).output).toMatchObject({ decision: "approved", by: "bob" });
  });

  it("is taken over when its worker falls silent, and the late worker writes nothing", async () => {
    const { clock, storage } = await scene();
    const calls: string[] = [];
    const release: (() => void)[] = [];
    const slow = (worker: string) =>
      defineNode({
        type: "slow",
        async execute(ctx) {
          calls.push(`${worker} ${ctx.idempotencyKey} ${ctx.attempt}`);
          if (worker === "one") await new Promise<void>((resolve) => release.push(resolve));
          return worker;
        },
      });
    let isSilent = false;
    let speakAgain: (() => void) | undefined;
    const spoken = new Promise<void>((resolve) => {
      speakAgain = resolve;
    });
    const silent = new Proxy(storage, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        const call = (...parameters: unknown[]) => Reflect.apply(member, target, parameters);
        return (...parameters: unknown[]) => (isSilent ? spoken.then(() => call(...parameters)) : call(...parameters));
      },
    });
    const one = await startWorker("one", { storage: silent, clock, nodes: [slow("one")] });
    const handle = await one.execute(flow("a>b", { a: { type: "slow" } }));
    await clock.settle();
    isSilent = true;
    await using two = await startWorker("two", { storage, clock, nodes: [slow("two")] });
    await clock.advance(4_000);
    expect(await storage.getExecution(handle.id)).toMatchObject({ status: "completed", epoch: 2 });
    expect(storage.claimed.map(({ id, crashes }) => [id, crashes])).toEqual([[handle.id, 1]]);
    isSilent = false;
    speakAgain?.();
    for (const go of release) go();
    await clock.advance(3_000);
    expect((await handle.result()).status).toBe("completed");
    const nodes = await two.getNodeExecutions(handle.id);
    expect(nodes.find(({ path }) => path === "a")?.output).toBe("two");
    const [first, second] = calls;
    expect(first?.replace("one", "two")).toBe(second);
    const journal = await two.getJournal(handle.id);
    expect(journal.filter(({ type, nodeId }) => type === "node.completed" && nodeId === "a")).toHaveLength(1);
    await one.close({ deadlineMs: 0 });
  });
});

describe("a join that was decided by some of its edges", () => {
  it("has the same inputs again after its worker died, whatever else has come", async () => {
    const clock = testClock();
    const storage = sharedStorage(clock);
    const inputs: unknown[] = [];
    let isStuck = true;
    const reading = defineNode({
      type: "reading",
      async execute(ctx) {
        inputs.push(Object.keys(ctx.inputs));
        if (isStuck) await new Promise(() => {});
        return null;
      },
    });
    const late = scriptedNode({ type: "late", script: [{ afterMs: 300, output: { late: true } }] });
    const definition = flow("quick>join late>join", {
      quick: { type: "pass" },
      late: { type: "late" },
      join: { type: "reading", join: "any" },
    });
    const one = await startWorker("one", { storage, clock, nodes: [reading, late] });
    const handle = await one.execute(definition);
    await clock.advance(600);
    expect(await storage.listNodes(handle.id)).toContainEqual(
      expect.objectContaining({ path: "late", status: "completed" }),
    );
    isStuck = false;
    await one.close({ deadlineMs: 0 });
    await using two = await startWorker("two", { storage, clock, nodes: [reading, late] });
    await clock.advance(1_000);
    expect((await two.getExecution(handle.id)).status).toBe("completed");
    expect(inputs).toEqual([["quick"], ["quick"]]);
  });
});
