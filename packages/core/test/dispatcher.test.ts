import { describe, expect, it } from "vitest";
import { createEngine, type Dispatcher, defineNode, type EngineOptions, inProcessDispatcher } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { seededRandom, silentLogger, type TestClock, testClock } from "../src/testing/index.js";
import { gate } from "./support/dispatcher-gate.js";
import { flow } from "./support/workflow.js";

const echo = defineNode({ type: "echo", execute: (ctx) => ctx.input });
const sleep = defineNode({ type: "sleep", execute: (ctx) => ctx.wait.delay(60_000) });
const nap = defineNode({ type: "nap", execute: (ctx) => ctx.wait.delay(7_200_000) });
const await_ = defineNode({ type: "await", execute: (ctx) => ctx.wait.signal("go") });

function engineWith(dispatcher: Dispatcher, options: Partial<EngineOptions> & { readonly clock?: TestClock } = {}) {
  return createEngine({
    storage: memoryStorage(),
    nodes: [echo, sleep, nap, await_],
    random: seededRandom(1),
    clock: testClock(),
    logger: silentLogger,
    dispatcher,
    ...options,
  });
}

/** Counts how many of it run at once. */
function busyNode() {
  let running = 0;
  let most = 0;
  const busy = defineNode({
    type: "busy",
    execute: async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    },
  });
  return { busy, most: () => most };
}

describe("an engine with a dispatcher", () => {
  it("queues every start, and runs what it is told of", async () => {
    const dispatcher = gate(inProcessDispatcher());
    await using engine = engineWith(dispatcher);
    await engine.start();
    const handle = await engine.execute(flow("a", { a: { type: "echo" } }), { input: 1, priority: 7 });
    expect((await handle.result()).output).toBe(1);
    expect(dispatcher.jobs).toEqual([{ executionId: handle.id, priority: 7 }]);
    expect((await engine.getJournal(handle.id)).map(({ type }) => type).slice(0, 2)).toEqual([
      "execution.created",
      "execution.started",
    ]);
  });

  it("finds by its sweep what the dispatcher lost", async () => {
    const clock = testClock();
    const dispatcher = gate(inProcessDispatcher());
    dispatcher.isLosing = true;
    await using engine = engineWith(dispatcher, { clock });
    await engine.start();
    const handle = await engine.execute(flow("a", { a: { type: "echo" } }), { input: 1 });
    const result = handle.result();
    await dispatcher.sent();
    expect((await engine.getExecution(handle.id)).status).toBe("queued");
    await clock.advance(1_500);
    expect((await result).status).toBe("completed");
  });

  it("runs an execution once though it is told of it many times", async () => {
    let runs = 0;
    const counted = defineNode({ type: "counted", execute: () => ++runs });
    const dispatcher = gate(inProcessDispatcher());
    dispatcher.copies = 5;
    await using engine = engineWith(dispatcher, { nodes: [counted] });
    await engine.start();
    const results = await Promise.all(
      Array.from({ length: 20 }, () => engine.run(flow("a", { a: { type: "counted" } }))),
    );
    expect(results.every(({ status }) => status === "completed")).toBe(true);
    expect(runs).toBe(20);
  });

  it("claims no more than it has places for", async () => {
    const { busy, most } = busyNode();
    await using engine = engineWith(inProcessDispatcher(), { nodes: [busy], concurrency: { executions: 2 } });
    await engine.start();
    await Promise.all(Array.from({ length: 30 }, () => engine.run(flow("a", { a: { type: "busy" } }))));
    expect(most()).toBe(2);
  });

  it("keeps the limits of flow control", async () => {
    const { busy, most } = busyNode();
    await using engine = engineWith(inProcessDispatcher(), { nodes: [busy] });
    await engine.start();
    const limited = { ...flow("a", { a: { type: "busy" } }), name: "limited", settings: { concurrency: { limit: 1 } } };
    await Promise.all(Array.from({ length: 10 }, () => engine.run(limited)));
    expect(most()).toBe(1);
  });

  it("dispatches a sleeper for the instant at which it is due", async () => {
    const clock = testClock();
    const dispatcher = gate(inProcessDispatcher());
    await using engine = engineWith(dispatcher, { clock });
    await engine.start();
    const handle = await engine.execute(flow("a", { a: { type: "sleep" } }));
    const result = handle.result();
    await dispatcher.sent(2);
    expect(dispatcher.jobs[1]).toMatchObject({ executionId: handle.id, delayMs: 60_000 });
    await clock.advance(60_000);
    expect((await result).status).toBe("completed");
  });

  it("leaves one that sleeps for longer than an hour to the sweep", async () => {
    const clock = testClock();
    const dispatcher = gate(inProcessDispatcher());
    await using engine = engineWith(dispatcher, { clock });
    await engine.start();
    const handle = await engine.execute(flow("a", { a: { type: "nap" } }));
    const result = handle.result();
    await new Promise((resolve) => engine.on("execution.waiting", resolve));
    await clock.advance("2h");
    expect((await result).status).toBe("completed");
    expect(dispatcher.jobs).toHaveLength(1);
  });

  it("does not wake an execution that waits because of a job that came twice", async () => {
    const dispatcher = gate(inProcessDispatcher());
    await using engine = engineWith(dispatcher);
    await engine.start();
    const handle = await engine.execute(flow("a", { a: { type: "await" } }));
    const waiting = new Promise((resolve) => engine.on("execution.waiting", resolve));
    await waiting;
    await dispatcher.dispatch([{ executionId: handle.id, priority: 0 }]);
    await engine.signal(handle.id, "go", 1);
    await handle.result();
    const types = (await engine.getJournal(handle.id)).map(({ type }) => type);
    expect(types.filter((type) => type === "execution.resumed").length).toBeLessThanOrEqual(1);
  });
});

describe("a dispatcher that is away", () => {
  it("refuses starts when it wants that, and lets reads and cancels through", async () => {
    const dispatcher = gate(inProcessDispatcher());
    await using engine = engineWith(dispatcher);
    await engine.start();
    const handle = await engine.execute(flow("a", { a: { type: "await" } }));
    const result = handle.result();
    await new Promise((resolve) => engine.on("execution.waiting", resolve));
    dispatcher.status = "down";
    await expect(engine.execute(flow("a", { a: { type: "echo" } }))).rejects.toMatchObject({
      code: "dispatcher_unavailable",
    });
    expect((await engine.listExecutions()).items).toHaveLength(1);
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await handle.cancel("enough");
    expect((await result).status).toBe("cancelled");
    dispatcher.status = "up";
    expect((await engine.run(flow("a", { a: { type: "echo" } }))).status).toBe("completed");
  });

  it("keeps the slot of a schedule until it is back", async () => {
    const clock = testClock({ now: Date.UTC(2026, 0, 1) });
    const dispatcher = gate(inProcessDispatcher());
    await using engine = engineWith(dispatcher, { clock });
    await engine.start();
    const { id: workflowId } = await engine.saveWorkflow({ ...flow("a", { a: { type: "echo" } }), name: "hourly" });
    const ended = new Promise((resolve) => engine.on("execution.completed", resolve));
    const { id } = await engine.schedules.create({ workflowId, cron: "0 * * * *" });
    dispatcher.status = "down";
    await clock.advance("1h");
    expect((await engine.listExecutions()).items).toEqual([]);
    dispatcher.status = "up";
    await clock.advance("5m");
    await ended;
    expect((await engine.schedules.history(id)).items).toMatchObject([{ status: "started" }]);
  });

  it("is made up for by the storage, with one line in the log until it is back", async () => {
    const lines: string[] = [];
    const note = (message: string) => void lines.push(message);
    const dispatcher = gate(inProcessDispatcher());
    await using engine = engineWith(dispatcher, { logger: { debug: note, info: note, warn: note, error: note } });
    await engine.start();
    expect(engine.health().status).toBe("ok");
    dispatcher.status = "degraded";
    expect(engine.health()).toMatchObject({ status: "degraded", dispatcher: { status: "degraded" } });
    for (let count = 0; count < 3; count++)
      expect((await engine.run(flow("a", { a: { type: "echo" } }))).status).toBe("completed");
    expect(lines).toEqual([expect.stringContaining("does not answer")]);
    dispatcher.status = "up";
    expect((await engine.run(flow("a", { a: { type: "echo" } }))).status).toBe("completed");
    await engine.close();
    expect(lines).toEqual([expect.any(String), expect.stringContaining("answers again")]);
  });
});
