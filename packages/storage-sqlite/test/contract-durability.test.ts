import { join } from "node:path";
import {
  type Durability,
  defineNode,
  type Effects,
  type NodeType,
  RetryableNodeError,
  type Storage,
} from "@automatrix/core";
import { type TestEngine, type TestEngineOptions, testEngine } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/temporary-folder.js";

const START_AT = Date.UTC(2025, 0, 1);
const LEASE_MS = 15_000;
const folder = temporaryFolder();
let fileCount = 0;
let idCount = 0;
const newFile = () => join(folder.path, `contract-${fileCount++}.db`);

/** A started engine on a file; `now` is when, in milliseconds after the first instant. */
function open(file: string, { nodes, now = 0, ...options }: TestEngineOptions & { now?: number }): Promise<TestEngine> {
  const prefix = `e${idCount++}`;
  let count = 0;
  return testEngine({
    ...options,
    now: START_AT + now,
    ids: { next: () => `${prefix}-${count++}` },
    storage: (clock) => sqliteStorage({ file, clock }),
    ...(nodes === undefined ? {} : { nodes }),
  });
}

/** What SIGKILL does: nothing more is written, no lease is handed back. */
const kill = (engine: TestEngine) => engine.storage.close();
const one = (type: string) => ({ name: type, nodes: [{ id: "a", type }] });

describe("commits of a chain of ten nodes", () => {
  it.each<[Durability, Effects, number]>([
    ["barrier", "pure", 2],
    ["barrier", "idempotent", 11],
    ["barrier", "once", 11],
    ["strict", "pure", 11],
    ["outcome", "pure", 2],
    ["outcome", "idempotent", 2],
    ["outcome", "once", 11],
  ])("are, in %s with %s effects, at most %d", async (durability, effects, most) => {
    const step = defineNode({ type: "step", effects, execute: (ctx) => ctx.nodeId });
    let commits = 0;
    await using engine = await testEngine({
      nodes: [step],
      durability,
      storage(clock) {
        const storage = sqliteStorage({ file: newFile(), clock });
        const commit = storage.commit.bind(storage);
        storage.commit = (batch) => {
          commits++;
          return commit(batch);
        };
        return storage;
      },
    });
    const ids = Array.from({ length: 10 }, (_, index) => `n${index}`);
    const edges = ids.slice(1).map((target, index) => ({ source: ids[index] as string, target }));
    const running = engine.run({ nodes: ids.map((id) => ({ id, type: "step" })), edges });
    await engine.runUntilIdle();
    expect((await running).output).toBe("n9");
    expect(commits).toBeLessThanOrEqual(most);
  });
});

describe("a worker that dies", () => {
  it("resets neither the count of attempts nor the time of the next one", async () => {
    const file = newFile();
    const calls: { readonly attempt: number; readonly key: string; readonly at: number }[] = [];
    const flaky = defineNode({
      type: "flaky",
      execute(ctx) {
        calls.push({ attempt: ctx.attempt, key: ctx.idempotencyKey, at: ctx.clock.now() - START_AT });
        if (ctx.attempt < 4) throw new RetryableNodeError("later");
        return ctx.attempt;
      },
    });
    const first = await open(file, { nodes: [flaky] });
    const { id } = await first.execute(one("flaky"), { idempotencyKey: "k" });
    await first.advance("5s");
    await kill(first);
    // Back at once: the lease of the dead one must end before anybody goes on.
    await using second = await open(file, { nodes: [flaky], now: 6_000 });
    await second.advance("10m");
    expect(calls.map(({ attempt, at }) => [attempt, at])).toEqual([
      [1, 0],
      [2, 5_000],
      [3, 35_000],
      [4, 155_000],
    ]);
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
    const again = await second.execute(one("flaky"), { idempotencyKey: "k" });
    expect(again.id).toBe(id);
    expect(await again.result()).toMatchObject({ status: "completed", nodes: { a: { attempts: 4 } } });
    const journal = await second.getJournal(id);
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, index) => index + 1));
    const seen: number[] = [];
    for await (const { seq } of again.events({ after: 3 })) seen.push(seq);
    expect(seen).toEqual(journal.slice(3).map(({ seq }) => seq));
  });

  it("leaves a once node that had begun with an unknown outcome, and starts it no second time", async () => {
    const file = newFile();
    let starts = 0;
    const hanging: NodeType = defineNode({
      type: "pay",
      effects: "once",
      execute() {
        starts++;
        return new Promise(() => {});
      },
    });
    const first = await open(file, { nodes: [hanging] });
    const { id } = await first.execute(one("pay"));
    await first.runUntilIdle();
    await kill(first);
    await using second = await open(file, { nodes: [hanging], now: LEASE_MS + 1_000 });
    await second.advance("5s");
    expect(starts).toBe(1);
    expect(await second.getExecution(id)).toMatchObject({
      status: "waiting",
      blocked: { code: "unknown_outcome", nodeId: "a" },
    });
    await second.resolveUnknown(id, "a", { output: { paid: true } });
    await second.runUntilIdle();
    expect(await second.getExecution(id)).toMatchObject({ status: "completed", output: { paid: true }, blocked: null });
    expect(starts).toBe(1);
  });

  it("three times leaves an execution in quarantine, which names the node and which resume ends", async () => {
    const file = newFile();
    const keys: string[] = [];
    const fine = defineNode({ type: "fine", execute: () => 1 });
    const poison = defineNode({
      type: "poison",
      execute(ctx) {
        keys.push(ctx.idempotencyKey);
        return new Promise(() => {});
      },
    });
    const definition = {
      nodes: [
        { id: "a", type: "fine" },
        { id: "b", type: "poison" },
      ],
      edges: [{ source: "a", target: "b" }],
    };
    let id = "";
    for (let life = 0; life < 3; life++) {
      const engine = await open(file, { nodes: [fine, poison], now: life * 2 * LEASE_MS });
      if (life === 0) ({ id } = await engine.execute(definition));
      await engine.advance("5s");
      await kill(engine);
    }
    await using engine = await open(file, {
      nodes: [fine, defineNode({ type: "poison", execute: () => "mended" })],
      now: 6 * LEASE_MS,
    });
    await engine.advance("5s");
    expect(await engine.getExecution(id)).toMatchObject({
      status: "waiting",
      blocked: { code: "quarantined", nodeId: "b" },
    });
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    const handle = await engine.resume(id);
    await engine.runUntilIdle();
    expect(await handle.result()).toMatchObject({
      status: "completed",
      output: "mended",
      nodes: { b: { attempts: 1 } },
    });
  });
});

describe("a quarantine", () => {
  it("takes in what was queued and ends the process in the first moment of its first node", async () => {
    const file = newFile();
    let storage: Storage | undefined;
    let calls = 0;
    const deadly = defineNode({
      type: "deadly",
      execute() {
        calls++;
        void storage?.close();
        return new Promise(() => {});
      },
    });
    const openLife = (life: number, options: TestEngineOptions = {}) =>
      testEngine({
        ...options,
        nodes: [deadly],
        now: START_AT + life * 2 * LEASE_MS,
        ids: { next: () => `e${idCount++}` },
        storage(clock) {
          storage = sqliteStorage({ file, clock });
          return storage;
        },
      });
    const front = await openLife(0, { concurrency: { executions: 0 } });
    const { id } = await front.execute(one("deadly"));
    await kill(front);
    for (let life = 1; life < 8; life++) {
      const engine = await openLife(life);
      await engine.advance("5s");
      await kill(engine);
    }
    await using engine = await openLife(8);
    expect((await engine.getExecution(id)).blocked).toMatchObject({ code: "quarantined", nodeId: "a" });
    expect(calls).toBeLessThanOrEqual(4);
  });

  it("does not blame a node that was waiting for its next attempt", async () => {
    const file = newFile();
    const retrying = defineNode({
      type: "retrying",
      execute() {
        throw new RetryableNodeError("later");
      },
    });
    const hanging = defineNode({ type: "hanging", execute: () => new Promise(() => {}) });
    let id = "";
    for (let life = 0; life < 3; life++) {
      const engine = await open(file, { nodes: [retrying, hanging], now: life * 2 * LEASE_MS });
      const nodes = [
        { id: "a", type: "retrying", retry: { delaysMs: [3_600_000] } },
        { id: "b", type: "hanging" },
      ];
      if (life === 0) ({ id } = await engine.execute({ nodes }));
      await engine.advance("5s");
      await kill(engine);
    }
    await using engine = await open(file, { nodes: [retrying, hanging], now: 6 * LEASE_MS });
    await engine.advance("5s");
    expect((await engine.getExecution(id)).blocked).toEqual({
      code: "quarantined",
      message: "its worker died 3 times while running b",
      nodeId: "b",
    });
  });
});

describe("a close in the moment of a start", () => {
  it("leaves no result open, and nothing half started", async () => {
    const file = newFile();
    const quick = defineNode({ type: "quick", execute: () => 1 });
    const engine = await open(file, { nodes: [quick] });
    const ends = Array.from({ length: 5 }, () =>
      engine.run(one("quick")).then(
        ({ status }) => status as string,
        ({ code }: { readonly code: string }) => code,
      ),
    );
    await engine.close();
    expect(new Set(await Promise.all(ends))).toEqual(new Set(["engine_closed"]));
    await using later = await open(file, { nodes: [quick] });
    await later.runUntilIdle();
    expect((await later.listExecutions({ status: ["queued", "running"] })).items).toEqual([]);
  });
});

describe("values", () => {
  it("come back from the file as they are in memory", async () => {
    const passing = defineNode({ type: "passing", execute: (ctx) => ctx.input });
    const input = {
      negativeZero: -0,
      large: 1e308,
      nul: "a\u0000b",
      lone: "\ud800",
      emoji: "👩‍👩‍👧",
      ключ: { "": null },
      date: new Date(0),
      long: "x".repeat(50_000),
    };
    await using engine = await open(newFile(), { nodes: [passing] });
    const running = engine.run(one("passing"), { input, tenant: "t\u0000", metadata: { m: "\ud800" } });
    await engine.runUntilIdle();
    const { id, output } = await running;
    const record = await engine.getExecution(id);
    expect(record).toMatchObject({ tenant: "t\u0000", metadata: { m: "\ud800" } });
    expect(record.input).toStrictEqual(output);
    expect(record.output).toStrictEqual(output);
    expect((await engine.getNodeExecutions(id))[0]?.output).toStrictEqual(output);
    expect((await engine.listExecutions({ tenant: "t\u0000" })).items).toHaveLength(1);
  });
});
