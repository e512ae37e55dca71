import { describe, expect, it } from "vitest";
import type { ExecutionEvent } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { faultyStorage, scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

describe("the journal", () => {
  it("numbers events from 1 without gaps and tells the whole story", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const { id } = await engine.run(flow("a:left>b a:right>c", { a: { type: "route", data: { port: "left" } } }));
    const journal = await engine.getJournal(id);
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_event, index) => index + 1));
    expect(journal.map(({ type, nodeId }) => [type, nodeId].filter(Boolean).join(" "))).toEqual([
      "execution.created",
      "execution.started",
      "node.started a",
      "node.completed a",
      "node.skipped c",
      "node.started b",
      "node.completed b",
      "execution.completed",
    ]);
    expect(await engine.getJournal(id, { after: 6 })).toEqual(journal.slice(6));
  });

  it("of an unknown execution is refused", async () => {
    await using engine = await testEngine();
    await expect(engine.getJournal("none")).rejects.toMatchObject({ code: "execution_not_found" });
    await expect(engine.getNodeExecutions("none")).rejects.toMatchObject({ code: "execution_not_found" });
    await expect(engine.getExecution("none")).rejects.toMatchObject({ code: "execution_not_found" });
    await expect(engine.explain("none")).rejects.toMatchObject({ code: "execution_not_found" });
  });

  it("ends with the failure", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const { id } = await engine.run(flow("a", { a: { type: "fail" } }));
    expect((await engine.getJournal(id)).at(-1)).toMatchObject({
      type: "execution.failed",
      data: { error: { nodeId: "a" } },
    });
  });
});

describe("events", () => {
  it("are heard only once they are durable, with their seq", async () => {
    const storage = memoryStorage();
    await using engine = await testEngine({ nodes: BASIC_NODES, storage });
    const checks: Promise<void>[] = [];
    engine.on("*", (event) => {
      checks.push(
        storage.listEvents(event.executionId, { after: event.seq - 1, limit: 1 }).then(([stored]) => {
          expect(stored).toMatchObject({ seq: event.seq, type: event.type });
        }),
      );
    });
    await engine.run(flow("a>b b>c"));
    await engine.runUntilIdle();
    await Promise.all(checks);
    expect(checks).toHaveLength(9);
  });

  it("are not heard when their commit fails", async () => {
    const storage = faultyStorage(memoryStorage(), {
      commits: (_number, batch) =>
        batch.some(({ patch }) => patch?.status === "completed") ? "fail_before" : undefined,
    });
    await using engine = await testEngine({ nodes: BASIC_NODES, storage });
    const heard: string[] = [];
    engine.on("*", ({ type }) => heard.push(type));
    engine.run(flow("a")).catch(() => {});
    await engine.advance(5_000);
    expect(heard).toContain("execution.started");
    expect(heard).not.toContain("execution.completed");
  });

  it("reach listeners of their type until these stop", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const heard: (string | undefined)[] = [];
    const stop = engine.on("node.completed", ({ nodeId }) => heard.push(nodeId));
    await engine.run(flow("a>b"));
    stop();
    stop();
    await engine.run(flow("c"));
    expect(heard).toEqual(["a", "b"]);
  });

  it("of logs, streams and progress are passed on at once, carry the last committed seq and are not journaled", async () => {
    const node = scriptedNode({
      type: "talking",
      script: [
        (ctx) => {
          ctx.logger.info("hello", { n: 1 });
          ctx.progress(0.5, "half");
          ctx.progress(7);
          ctx.stream("token");
          expect(heard.map(({ type }) => type)).toEqual(["log", "progress", "progress", "stream"]);
          return null;
        },
      ],
    });
    const heard: ExecutionEvent[] = [];
    await using engine = await testEngine({ nodes: [node] });
    for (const type of ["log", "progress", "stream"] as const) engine.on(type, (event) => heard.push(event));
    const { id, status } = await engine.run(flow("a", { a: { type: "talking" } }));
    expect(status).toBe("completed");
    expect(heard.map(({ data }) => data)).toEqual([
      { level: "info", message: "hello", fields: { n: 1 } },
      { fraction: 0.5, message: "half" },
      { fraction: 1 },
      { chunk: "token" },
    ]);
    const journal = await engine.getJournal(id);
    expect(journal.some(({ type }) => ["log", "stream", "progress"].includes(type))).toBe(false);
    expect(
      heard.every(
        ({ seq, executionId, nodeId, attempt }) =>
          seq >= 1 && seq < journal.length && executionId === id && nodeId === "a" && attempt === 1,
      ),
    ).toBe(true);
  });

  it("of logs are limited in number", async () => {
    const node = scriptedNode({
      type: "chatty",
      script: [
        (ctx) => {
          for (let line = 0; line < 50; line++) ctx.logger.info("line");
        },
      ],
    });
    await using engine = await testEngine({ nodes: [node], limits: { maxLogLinesPerNode: 10 } });
    let lines = 0;
    engine.on("log", () => {
      lines++;
    });
    await engine.run(flow("a", { a: { type: "chatty" } }));
    expect(lines).toBe(10);
  });
});

describe("handle.events", () => {
  const collect = async (events: AsyncIterable<ExecutionEvent>) => {
    const seen: ExecutionEvent[] = [];
    for await (const event of events) seen.push(event);
    return seen;
  };

  it("gives the journal from the start, goes on live, and ends with the execution", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 100 }] });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, slow] });
    const handle = await engine.execute(flow("a>b", { b: { type: "slow" } }));
    await engine.runUntilIdle();
    const seen = collect(handle.events());
    await engine.advance("1s");
    expect(await seen).toEqual(await engine.getJournal(handle.id));
  });

  it("goes on after a seq", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const handle = await engine.execute(flow("a"));
    await handle.result();
    expect((await collect(handle.events({ after: 3 }))).map(({ seq }) => seq)).toEqual([4, 5]);
  });

  it("may be left early", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const handle = await engine.execute(flow("a"));
    for await (const event of handle.events()) {
      expect(event.seq).toBe(1);
      break;
    }
    expect((await handle.result()).status).toBe("completed");
  });

  it("ends when the engine is closed", async () => {
    const engine = await testEngine({ nodes: [scriptedNode({ type: "hang", script: [{ hang: true }] })] });
    const handle = await engine.execute(flow("a", { a: { type: "hang" } }));
    handle.result().catch(() => {});
    await engine.runUntilIdle();
    let isOver = false;
    const seen = collect(handle.events()).finally(() => {
      isOver = true;
    });
    seen.catch(() => {});
    await engine.runUntilIdle();
    await engine.close();
    await engine.runUntilIdle();
    expect(isOver).toBe(true);
  });
});
