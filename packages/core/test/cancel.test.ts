import { describe, expect, it } from "vitest";
import { memoryStorage } from "../src/memory/index.js";
import { faultyStorage, scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

const hang = () => scriptedNode({ type: "hang", script: [{ hang: true }] });
/** Takes its time and does not listen to its signal. */
const deaf = (delayMs: number) =>
  scriptedNode({
    type: "deaf",
    script: [
      (ctx) => new Promise((resolve) => void ctx.clock.setTimer(ctx.clock.now() + delayMs, () => resolve("late"))),
    ],
  });

describe("cancel", () => {
  it("aborts what runs, skips what has not begun, and gives the reason", async () => {
    const node = hang();
    await using engine = await testEngine({ nodes: [...BASIC_NODES, node] });
    const handle = await engine.execute(flow("a>b", { a: { type: "hang" } }));
    await engine.runUntilIdle();
    await handle.cancel("no longer needed");
    const result = await handle.result();
    expect(result).toMatchObject({
      status: "cancelled",
      output: null,
      error: { code: "execution_cancelled", message: "no longer needed" },
    });
    expect(fates(result)).toEqual({ a: "cancelled", b: "skipped cancelled" });
    expect(node.calls[0]?.signal.aborted).toBe(true);
  });

  it("is durable when it resolves", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, deaf(60_000)] });
    const handle = await engine.execute(flow("a", { a: { type: "deaf" } }));
    await engine.runUntilIdle();
    await engine.cancel(handle.id, "why");
    expect((await engine.getExecution(handle.id)).cancelRequested).toMatchObject({ reason: "why" });
  });

  it("gives its result when running nodes have stopped", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, deaf(2_000)] });
    const handle = await engine.execute(flow("a", { a: { type: "deaf" } }));
    await engine.runUntilIdle();
    let isDone = false;
    void handle.result().then(() => {
      isDone = true;
    });
    await handle.cancel();
    await engine.advance(1_999);
    expect(isDone).toBe(false);
    await engine.advance(1);
    expect(isDone).toBe(true);
  });

  it("gives its result after 5 s at the latest, and drops what comes later", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, deaf(60_000)] });
    const handle = await engine.execute(flow("a>b", { a: { type: "deaf" } }));
    await engine.runUntilIdle();
    await handle.cancel();
    let isDone = false;
    void handle.result().then(() => {
      isDone = true;
    });
    await engine.advance(4_999);
    expect(isDone).toBe(false);
    await engine.advance(1);
    expect(isDone).toBe(true);
    await engine.advance("2m");
    expect(fates(await handle.result())).toEqual({ a: "cancelled", b: "skipped cancelled" });
    expect((await engine.getExecution(handle.id)).status).toBe("cancelled");
  });

  it("is never overwritten by a success that was on its way", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const storage = faultyStorage(memoryStorage(), {
      commits: (_number, batch) =>
        batch.some(({ patch }) => patch?.status === "completed") ? { delayUntil: gate } : undefined,
    });
    await using engine = await testEngine({ nodes: BASIC_NODES, storage });
    const handle = await engine.execute(flow("a"));
    await engine.runUntilIdle();
    await handle.cancel("in time");
    release();
    const result = await handle.result();
    expect(result).toMatchObject({ status: "cancelled", output: null });
    expect(fates(result)).toEqual({ a: "completed" });
    expect(await engine.getExecution(handle.id)).toMatchObject({ status: "cancelled", output: null });
    const journal = await engine.getJournal(handle.id);
    expect(journal.filter(({ type }) => type === "execution.completed")).toEqual([]);
    expect(journal.at(-1)).toMatchObject({ type: "execution.cancelled" });
  });

  it("ends a waiting execution and a queued one", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.signal("go") }] });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, waiting, hang()], concurrency: { executions: 1 } });
    const parked = await engine.execute(flow("a", { a: { type: "waiting" } }));
    await engine.runUntilIdle();
    await engine.execute(flow("h", { h: { type: "hang" } }));
    const queued = await engine.execute(flow("b"));
    await engine.runUntilIdle();
    expect((await engine.getExecution(queued.id)).status).toBe("queued");
    await parked.cancel();
    await queued.cancel();
    await engine.runUntilIdle();
    expect((await parked.result()).status).toBe("cancelled");
    expect(fates(await queued.result())).toEqual({ b: "skipped cancelled" });
    await expect(engine.signal(parked.id, "go")).rejects.toMatchObject({ code: "execution_ended" });
  });

  it("ends the wait for a retry", async () => {
    const flaky = scriptedNode({ type: "flaky", script: [{ error: new Error("busy") }] });
    await using engine = await testEngine({ nodes: [flaky] });
    const handle = await engine.execute(flow("a", { a: { type: "flaky", retry: { delaysMs: [60_000] } } }));
    await engine.runUntilIdle();
    await handle.cancel();
    await engine.advance("2m");
    expect(fates(await handle.result())).toEqual({ a: "cancelled" });
    expect(flaky.calls).toHaveLength(1);
  });

  it("does not run always nodes", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, hang()] });
    const handle = await engine.execute(flow("a>c", { a: { type: "hang" }, c: { join: "always" } }));
    await engine.runUntilIdle();
    await handle.cancel();
    expect(fates(await handle.result())).toEqual({ a: "cancelled", c: "skipped cancelled" });
  });

  it("twice is once; of an unknown or ended execution it is refused", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, hang()] });
    const handle = await engine.execute(flow("a", { a: { type: "hang" } }));
    await engine.runUntilIdle();
    await handle.cancel("first");
    await handle.cancel("second");
    expect((await handle.result()).error?.message).toBe("first");
    await handle.cancel("third");
    await expect(engine.cancel("none")).rejects.toMatchObject({ code: "execution_not_found" });
    const { id } = await engine.run(flow("a"));
    await expect(engine.cancel(id)).rejects.toMatchObject({ code: "execution_ended" });
  });
});
