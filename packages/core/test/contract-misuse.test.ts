import { describe, expect, it } from "vitest";
import { createEngine, defineNode, type EngineOptions, type Wait, type WaitFactory } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { type TestEngine, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

const waiting = defineNode({ type: "waiting", execute: (ctx) => ctx.wait.signal("go") });
const open = () => testEngine({ nodes: [...BASIC_NODES, waiting] });

describe("options of a start that cannot work", () => {
  it.each([
    ["a mock that is no object", { mocks: { a: 5 } }],
    ["a mock that is null", { mocks: { a: null } }],
    ["a mock whose output is no JSON", { mocks: { a: { output: 1n } } }],
    ["a mock whose port is no text", { mocks: { a: { output: 1, port: 2 } } }],
    ["a tenant that is no text", { tenant: 5 }],
    ["a concurrency key that is no text", { concurrencyKey: 5 }],
    ["a priority that is no integer", { priority: 1.5 }],
    ["an empty idempotency key", { idempotencyKey: "" }],
    ["metadata that is a list", { metadata: [] }],
    ["input that is no JSON", { input: Number.NaN }],
  ])("are refused: %s", async (_name, options) => {
    await using engine = await open();
    await expect(engine.execute(flow("a"), options as never)).rejects.toMatchObject({ code: "invalid_input" });
    expect((await engine.listExecutions()).items).toHaveLength(0);
    // Nothing of it may harm what others run.
    expect((await engine.run(flow("a"))).status).toBe("completed");
  });
});

describe("a wait that would never end", () => {
  it.each<[string, (wait: WaitFactory) => Wait]>([
    ["a delay that is no number", (wait) => wait.delay(Number.NaN)],
    ["a delay that is text", (wait) => wait.delay("1h" as never)],
    ["an endless delay", (wait) => wait.delay(Number.POSITIVE_INFINITY)],
    ["a signal without a name", (wait) => wait.signal(undefined as never)],
    ["a signal whose timeout is no number", (wait) => wait.signal("go", { timeoutMs: Number.NaN })],
    ["an approval by nobody", (wait) => wait.approval({ message: "ok?", quorum: 0 })],
  ])("fails its node: %s", async (_name, wait) => {
    const parking = defineNode({ type: "parking", execute: (ctx) => wait(ctx.wait) });
    await using engine = await testEngine({ nodes: [parking] });
    const running = engine.run(flow("a", { a: { type: "parking" } }));
    await engine.runUntilIdle();
    expect(await running).toMatchObject({ status: "failed", error: { code: "invalid_input", nodeId: "a" } });
  });
});

describe("calls about one execution", () => {
  it("refuse arguments that say nothing", async () => {
    await using engine = await open();
    const { id } = await engine.execute(flow("a", { a: { type: "waiting" } }));
    await engine.runUntilIdle();
    const invalid = { code: "invalid_input" };
    await expect(engine.signal(id, undefined as never)).rejects.toMatchObject(invalid);
    await expect(engine.signal(id, "")).rejects.toMatchObject(invalid);
    await expect(engine.signal(id, "go", 1, { key: 5 as never })).rejects.toMatchObject(invalid);
    await expect(engine.signal(id, "go", 1n)).rejects.toMatchObject(invalid);
    await expect(engine.cancel(id, {} as never)).rejects.toMatchObject(invalid);
    await expect(engine.getJournal(id, { after: 1.5 })).rejects.toMatchObject(invalid);
    await expect(engine.getJournal(id, { limit: "2" as never })).rejects.toMatchObject(invalid);
    await expect(engine.listExecutions({ limit: "x" as never })).rejects.toMatchObject(invalid);
    await expect(engine.listExecutions({ endedSince: Number.NaN })).rejects.toMatchObject(invalid);
    const odd = { decision: "approve", by: "ann", comment: 5 as never } as const;
    await expect(engine.decideApproval(id, "a", odd)).rejects.toMatchObject(invalid);
    expect((await engine.getExecution(id)).status).toBe("waiting");
  });

  it.each([
    ["getExecution", (engine: TestEngine, id: string) => engine.getExecution(id)],
    ["getJournal", (engine: TestEngine, id: string) => engine.getJournal(id)],
    ["getNodeExecutions", (engine: TestEngine, id: string) => engine.getNodeExecutions(id)],
    ["explain", (engine: TestEngine, id: string) => engine.explain(id)],
    ["cancel", (engine: TestEngine, id: string) => engine.cancel(id)],
    ["signal", (engine: TestEngine, id: string) => engine.signal(id, "go")],
    ["retry", (engine: TestEngine, id: string) => engine.retry(id)],
    ["replay", (engine: TestEngine, id: string) => engine.replay(id)],
    ["resume", (engine: TestEngine, id: string) => engine.resume(id)],
    ["migrateExecution", (engine: TestEngine, id: string) => engine.migrateExecution(id, { version: 1 })],
    ["resolveUnknown", (engine: TestEngine, id: string) => engine.resolveUnknown(id, "a", { retry: true })],
    [
      "decideApproval",
      (engine: TestEngine, id: string) => engine.decideApproval(id, "a", { decision: "approve", by: "ann" }),
    ],
  ])("reject an unknown id: %s", async (_name, call) => {
    await using engine = await open();
    for (const id of ["none", "", "ünï\u0000💥"])
      await expect(call(engine, id)).rejects.toMatchObject({ code: "execution_not_found" });
  });

  it("refuse what an ended execution cannot do", async () => {
    await using engine = await open();
    const { id } = await engine.run(flow("a"));
    const ended = { code: "execution_ended" };
    await expect(engine.signal(id, "go")).rejects.toMatchObject(ended);
    await expect(engine.cancel(id)).rejects.toMatchObject(ended);
    await expect(engine.resume(id)).rejects.toMatchObject(ended);
    await expect(engine.migrateExecution(id, { version: 1 })).rejects.toMatchObject(ended);
    await expect(engine.decideApproval(id, "a", { decision: "approve", by: "ann" })).rejects.toMatchObject(ended);
    await expect(engine.resolveUnknown(id, "a", { retry: true })).rejects.toMatchObject(ended);
    await expect(engine.retry(id)).rejects.toMatchObject({ code: "execution_completed" });
  });
});

describe("an engine whose options cannot work", () => {
  it.each<[string, Partial<EngineOptions>]>([
    ["an unknown durability", { durability: "never" as never }],
    ["a flush interval that is no number", { flushIntervalMs: Number.NaN }],
    ["a negative flush interval", { flushIntervalMs: -1 }],
    ["a lease without length", { lease: { durationMs: 0 } }],
    ["a lease that is no number", { lease: { sweepMs: Number.NaN } }],
    ["less than no place for executions", { concurrency: { executions: -1 } }],
    ["no crash before the quarantine", { quarantineAfter: 0 }],
  ])("is refused: %s", (_name, options) => {
    expect(() => createEngine({ storage: memoryStorage(), nodes: [], ...options })).toThrowError(
      expect.objectContaining({ code: "invalid_configuration" }),
    );
  });
});

describe("explain", () => {
  it("ends each sentence once", async () => {
    const timingOut = defineNode({ type: "waiting", execute: (ctx) => ctx.wait.signal("go", { timeoutMs: 0 }) });
    await using engine = await testEngine({ nodes: [timingOut] });
    const running = engine.run(flow("a", { a: { type: "waiting" } }));
    await engine.runUntilIdle();
    expect(await engine.explain((await running).id)).not.toContain("..");
  });
});
