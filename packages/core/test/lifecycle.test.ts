import { describe, expect, it } from "vitest";
import { createEngine } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

const hang = () => scriptedNode({ type: "hang", script: [{ hang: true }] });

describe("an engine", () => {
  it("that is not started, or closed, refuses work with engine_closed", async () => {
    const engine = createEngine({ storage: memoryStorage(), nodes: BASIC_NODES });
    await expect(engine.execute(flow("a"))).rejects.toMatchObject({ code: "engine_closed" });
    await engine.start();
    await engine.start();
    expect((await engine.run(flow("a"))).status).toBe("completed");
    await engine.close();
    await engine.close();
    for (const call of [
      () => engine.execute(flow("a")),
      () => engine.signal("x", "y"),
      () => engine.cancel("x"),
      () => engine.retry("x"),
      () => engine.start(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: "engine_closed" });
    }
  });

  it("refuses parts that cannot work", () => {
    const storage = memoryStorage();
    expect(() => createEngine({ storage: undefined as never, nodes: [] })).toThrow(
      expect.objectContaining({ code: "invalid_configuration" }),
    );
    expect(() => createEngine({ storage, nodes: [], concurrency: { nodes: 0 } })).toThrow(
      expect.objectContaining({ code: "invalid_configuration" }),
    );
    expect(() => createEngine({ storage, nodes: [scriptedNode({ type: "x" }), scriptedNode({ type: "x" })] })).toThrow(
      expect.objectContaining({ code: "duplicate_node_type" }),
    );
  });

  it("works beside another one", async () => {
    await using one = await testEngine({ nodes: BASIC_NODES });
    await using two = await testEngine({ nodes: [scriptedNode({ type: "tag", script: [{ output: "two" }] })] });
    expect([(await one.run(flow("a"))).output, (await two.run(flow("a"))).output]).toEqual([{ a: true }, "two"]);
  });
});

describe("close", () => {
  it("lets running nodes end within the deadline, and starts nothing new", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 1_000 }] });
    const next = scriptedNode({ type: "next" });
    const storage = memoryStorage();
    const engine = await testEngine({ nodes: [slow, next], storage });
    const handle = await engine.execute(flow("a>b", { a: { type: "slow" }, b: { type: "next" } }));
    const result = handle.result().catch((error: { code: string }) => error.code);
    await engine.runUntilIdle();
    const closing = engine.close({ deadlineMs: 10_000 });
    await engine.advance("1s");
    await closing;
    expect(await result).toBe("engine_closed");
    expect((await storage.listNodes(handle.id)).map(({ path, status }) => [path, status])).toContainEqual([
      "a",
      "completed",
    ]);
    expect(next.calls).toEqual([]);
  });

  it("aborts what still runs at the deadline, and open results reject with engine_closed", async () => {
    const node = hang();
    const engine = await testEngine({ nodes: [node] });
    const handle = await engine.execute(flow("a", { a: { type: "hang" } }));
    const result = handle.result().catch((error: { code: string }) => error.code);
    await engine.runUntilIdle();
    const closing = engine.close({ deadlineMs: 500 });
    await engine.advance(499);
    expect(node.calls[0]?.signal.aborted).toBe(false);
    await engine.advance(1);
    await closing;
    expect(await result).toBe("engine_closed");
    expect(node.calls[0]?.signal.aborted).toBe(true);
  });

  it("lets go of waiting and queued executions", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.signal("go") }] });
    const engine = await testEngine({ nodes: [waiting, hang()], concurrency: { executions: 1 } });
    const results = [];
    for (const type of ["waiting", "hang", "hang"]) {
      results.push(
        (await engine.execute(flow("a", { a: { type } }))).result().catch((error: { code: string }) => error.code),
      );
      await engine.runUntilIdle();
    }
    await engine.close();
    expect(await Promise.all(results)).toEqual(["engine_closed", "engine_closed", "engine_closed"]);
  });

  it("leaves no timer behind", async () => {
    const flaky = scriptedNode({ type: "flaky", script: [{ error: new Error("busy") }] });
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.delay(60_000) }] });
    const engine = await testEngine({ nodes: [...BASIC_NODES, flaky, waiting] });
    const definition = flow(
      "a b c",
      { a: { type: "flaky", timeoutMs: 99_000, retry: { delaysMs: [60_000] } }, b: { type: "waiting" } },
      { timeoutMs: 99_000 },
    );
    (await engine.execute(definition)).result().catch(() => {});
    await engine.runUntilIdle();
    expect(engine.clock.pendingTimers).toBeGreaterThan(0);
    await engine.close();
    expect(engine.clock.pendingTimers).toBe(0);
  });

  it("keeps the storage readable by the next engine", async () => {
    const storage = memoryStorage();
    const first = await testEngine({ nodes: BASIC_NODES, storage });
    const { id } = await first.run(flow("a"));
    await first.close();
    await using second = await testEngine({ nodes: BASIC_NODES, storage });
    expect(await second.getExecution(id)).toMatchObject({ status: "completed", output: { a: true } });
  });
});

describe("looking", () => {
  it("gives lists by pages, without payloads", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const ids = [];
    for (let index = 0; index < 5; index++)
      ids.push((await engine.run(flow("a"), { input: { index }, tenant: index % 2 === 0 ? "even" : "odd" })).id);
    const first = await engine.listExecutions({ limit: 3 });
    const second = await engine.listExecutions({ limit: 3, cursor: first.nextCursor as string });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids.reverse());
    expect(second.nextCursor).toBeUndefined();
    expect(first.items[0]).not.toHaveProperty("input");
    expect((await engine.listExecutions({ tenant: "odd" })).items).toHaveLength(2);
  });

  it("explains every state in a sentence", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, hang()] });
    expect(await engine.explain((await engine.run(flow("a"))).id)).toContain("completed");
    expect(await engine.explain((await engine.run(flow("a", { a: { type: "fail" } }))).id)).toContain("engine.retry");
    const handle = await engine.execute(flow("a", { a: { type: "hang" } }));
    await engine.runUntilIdle();
    expect(await engine.explain(handle.id)).toContain("running");
    await handle.cancel("enough");
    await engine.runUntilIdle();
    expect(await engine.explain(handle.id)).toContain("enough");
  });

  it("gives workflows and their versions", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const saved = await engine.saveWorkflow(flow("a"));
    expect(await engine.getWorkflow(saved.id)).toMatchObject({
      id: saved.id,
      version: 1,
      hash: saved.hash,
      name: "test",
    });
    expect((await engine.listWorkflows()).items).toHaveLength(1);
    await expect(engine.getWorkflow("none")).rejects.toMatchObject({ code: "workflow_not_found" });
  });
});
