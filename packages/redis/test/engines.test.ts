import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createEngine,
  defineNode,
  type Engine,
  type EngineOptions,
  type ExecutionHandle,
  type WorkflowDefinition,
} from "@automatrix/core";
import { silentLogger } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { type BullmqDispatcherOptions, bullmqDispatcher, redisEventBus } from "../src/index.js";
import { describeRedis, type TestRedis } from "./support/redis.js";
import { layWire } from "./support/redis-wire.js";
import { unreachableUrl } from "./support/silent-server.js";

const folder = mkdtempSync(join(tmpdir(), "automatrix-redis-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ONE_NODE: WorkflowDefinition = { name: "one", nodes: [{ id: "work", type: "work" }] };
const WAITING: WorkflowDefinition = { name: "waiting", nodes: [{ id: "work", type: "hold" }] };

/** Runs of the node, by execution, and which engine ran it. */
class Runs {
  readonly byExecution = new Map<string, number[]>();
  most = 0;
  #running = 0;

  nodesOf(engine: number) {
    const work = defineNode({
      type: "work",
      execute: async (ctx) => {
        this.most = Math.max(this.most, ++this.#running);
        this.byExecution.set(ctx.execution.id, [...(this.byExecution.get(ctx.execution.id) ?? []), engine]);
        await new Promise((resolve) => setImmediate(resolve));
        this.#running--;
      },
    });
    return [work, defineNode({ type: "hold", execute: (ctx) => ctx.wait.signal("go") })];
  }
}

interface Fleet {
  readonly engines: readonly Engine[];
  readonly runs: Runs;
  close(): Promise<void>;
}

let files = 0;

/** Engines on one file, each with a dispatcher of its own on one queue. */
async function openFleet(
  size: number,
  dispatcher: BullmqDispatcherOptions,
  options: Partial<EngineOptions> & { readonly hasBus?: boolean } = {},
): Promise<Fleet> {
  const file = join(folder, `${files++}.db`);
  const { hasBus = true, ...rest } = options;
  const runs = new Runs();
  const engines = Array.from({ length: size }, (_, index) =>
    createEngine({
      storage: sqliteStorage({ file, synchronous: "normal" }),
      nodes: runs.nodesOf(index),
      logger: silentLogger,
      dispatcher: bullmqDispatcher(dispatcher),
      ...(hasBus
        ? { eventBus: redisEventBus({ connection: dispatcher.connection, prefix: dispatcher.prefix ?? "" }) }
        : {}),
      ...rest,
    }),
  );
  for (const engine of engines) await engine.start();
  return {
    engines,
    runs,
    close: async () => {
      await Promise.all(engines.map((engine) => engine.close()));
    },
  };
}

async function startMany(engine: Engine, definition: WorkflowDefinition, count: number): Promise<ExecutionHandle[]> {
  const prepared = engine.prepare(definition);
  return Promise.all(Array.from({ length: count }, () => engine.execute(prepared)));
}

/** No regular sweep in sight: what starts was told by the dispatcher, and what is known was told by the bus. */
const NO_SWEEPS = { lease: { sweepMs: 600_000 } } as const;

function dispatcherOf(redis: TestRedis): BullmqDispatcherOptions {
  return { connection: redis.url, prefix: redis.newPrefix() };
}

describeRedis("three engines on one SQLite file and one queue", (redis) => {
  it("finish 300 executions, each run once, by the dispatcher and the event bus, without a regular sweep", async () => {
    const fleet = await openFleet(3, dispatcherOf(redis), { ...NO_SWEEPS, concurrency: { executions: 10 } });
    const [first] = fleet.engines as [Engine];
    const handles = await startMany(first, ONE_NODE, 300);
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results.every(({ status }) => status === "completed")).toBe(true);
    const ran = [...fleet.runs.byExecution.values()];
    expect(ran).toHaveLength(300);
    expect(ran.every(({ length }) => length === 1)).toBe(true);
    expect(new Set(ran.flat())).toEqual(new Set([0, 1, 2]));
    await fleet.close();
  });

  it("finish everything though Redis loses the jobs in the middle", async () => {
    const options = dispatcherOf(redis);
    const fleet = await openFleet(3, options, { lease: { sweepMs: 100 }, concurrency: { executions: 2 } });
    const [first] = fleet.engines as [Engine];
    const handles = await startMany(first, ONE_NODE, 150);
    await redis.removePrefix(options.prefix as string);
    handles.push(...(await startMany(first, ONE_NODE, 150)));
    await redis.removePrefix(options.prefix as string);
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results.every(({ status }) => status === "completed")).toBe(true);
    expect([...fleet.runs.byExecution.values()].map(({ length }) => length)).toEqual(Array(300).fill(1));
    await fleet.close();
  });

  it("keep a concurrency limit together", async () => {
    const fleet = await openFleet(3, dispatcherOf(redis), { lease: { sweepMs: 50 } });
    const [first] = fleet.engines as [Engine];
    const limited = { ...ONE_NODE, name: "limited", settings: { concurrency: { limit: 2 } } };
    const handles = await startMany(first, limited, 40);
    await Promise.all(handles.map((handle) => handle.result()));
    expect(fleet.runs.byExecution.size).toBe(40);
    expect(fleet.runs.most).toBeLessThanOrEqual(2);
    await fleet.close();
  });

  it("let one see at once what another does", async () => {
    const fleet = await openFleet(2, dispatcherOf(redis), NO_SWEEPS);
    const [one, two] = fleet.engines as [Engine, Engine];
    const [handle] = (await startMany(one, WAITING, 1)) as [ExecutionHandle];
    const types: string[] = [];
    for await (const event of handle.events()) {
      types.push(event.type);
      if (event.type === "execution.waiting") await two.signal(handle.id, "go", 7);
    }
    expect(types.at(-1)).toBe("execution.completed");
    expect((await handle.result()).output).toBe(7);
    await fleet.close();
  });
});

describe("engines whose Redis is away", () => {
  it("run everything from the storage under the policy storage, and say that they are degraded", async () => {
    const lines: string[] = [];
    const note = (message: string) => void lines.push(message);
    const fleet = await openFleet(
      2,
      { connection: await unreachableUrl(), onUnavailable: "storage" },
      { hasBus: false, lease: { sweepMs: 50 }, logger: { debug: note, info: note, warn: note, error: note } },
    );
    const [first] = fleet.engines as [Engine];
    const handles = await startMany(first, ONE_NODE, 30);
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results.every(({ status }) => status === "completed")).toBe(true);
    await fleet.close();
    expect(lines).toEqual([expect.stringContaining("does not answer")]);
  });

  it("refuse starts under the policy refuse", async () => {
    const fleet = await openFleet(
      1,
      { connection: await unreachableUrl(), onUnavailable: "refuse" },
      { hasBus: false },
    );
    const [engine] = fleet.engines as [Engine];
    await expect(engine.execute(ONE_NODE)).rejects.toMatchObject({ code: "dispatcher_unavailable" });
    expect((await engine.listExecutions()).items).toEqual([]);
    await fleet.close();
  });
});

describeRedis("an engine whose Redis goes away and comes back", (redis) => {
  it("refuses starts meanwhile, lets cancels through, and starts again after", async () => {
    const wire = await layWire(redis.url);
    const fleet = await openFleet(
      1,
      { connection: wire.url, prefix: redis.newPrefix(), onUnavailable: "refuse" },
      { lease: { sweepMs: 50 } },
    );
    const [engine] = fleet.engines as [Engine];
    const waiting = await engine.execute(WAITING);
    await expect.poll(async () => (await engine.getExecution(waiting.id)).status).toBe("waiting");
    await wire.cut();
    await expect
      .poll(() => engine.execute(ONE_NODE).catch((error: { readonly code: string }) => error.code))
      .toBe("dispatcher_unavailable");
    await waiting.cancel("no longer needed");
    expect((await waiting.result()).status).toBe("cancelled");
    await wire.mend();
    await expect
      .poll(
        () =>
          engine
            .run(ONE_NODE)
            .then(({ status }) => status)
            .catch(() => "refused"),
        { timeout: 5_000 },
      )
      .toBe("completed");
    await fleet.close();
    await wire.cut();
  });
});
