import type { Dispatcher } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { runInChild } from "../../core/test/support/run-in-child.js";
import { type BullmqDispatcherOptions, bullmqDispatcher } from "../src/index.js";
import { describeRedis } from "./support/redis.js";
import { layWire } from "./support/redis-wire.js";
import { openSilentServer, unreachableUrl } from "./support/silent-server.js";

const MAX_CLOSE_MS = 2_000;
const JOB = { executionId: "one", priority: 0 };
const idle = { freePlaces: () => 10, take: async () => [] };

async function closeMs(dispatcher: Dispatcher): Promise<number> {
  const startedAt = performance.now();
  await dispatcher.close();
  return performance.now() - startedAt;
}

describe("a BullMQ dispatcher whose Redis is not there", () => {
  it("starts, refuses jobs, says so and closes, under both policies", async () => {
    for (const [onUnavailable, status] of [
      ["storage", "degraded"],
      ["refuse", "down"],
    ] as const) {
      const dispatcher = bullmqDispatcher({ connection: await unreachableUrl(), onUnavailable });
      await dispatcher.start(idle);
      await expect(dispatcher.dispatch([JOB])).rejects.toMatchObject({ code: "dispatcher_unavailable" });
      expect(dispatcher.health().status).toBe(status);
      expect(await closeMs(dispatcher)).toBeLessThan(MAX_CLOSE_MS);
    }
  });

  it("does the same with a server that takes connections and never answers", async () => {
    const server = await openSilentServer();
    const dispatcher = bullmqDispatcher({ connection: server.url });
    await dispatcher.start(idle);
    await expect(dispatcher.dispatch([JOB])).rejects.toMatchObject({ code: "dispatcher_unavailable" });
    expect(dispatcher.health().status).toBe("degraded");
    expect(await closeMs(dispatcher)).toBeLessThan(MAX_CLOSE_MS);
    await server.close();
  });
});

describe("the options of bullmqDispatcher", () => {
  it("are checked", () => {
    const connection = "redis://127.0.0.1";
    for (const options of [
      { connection, queueName: "a:b" },
      { connection, batchSize: 0 },
      { connection, concurrency: 1.5 },
      { connection: { keyPrefix: "mine" } },
      { connection, onUnavailable: "reject" },
    ])
      expect(() => bullmqDispatcher(options as BullmqDispatcherOptions)).toThrow(
        expect.objectContaining({ code: "invalid_configuration" }),
      );
  });
});

describeRedis("a BullMQ dispatcher whose Redis goes away", (redis) => {
  it("refuses jobs meanwhile and tells of new ones when it is back", async () => {
    const wire = await layWire(redis.url);
    const dispatcher = bullmqDispatcher({ connection: wire.url, prefix: redis.newPrefix(), onUnavailable: "refuse" });
    const told = new Map<string, () => void>();
    const heard = (id: string) => new Promise<void>((resolve) => told.set(id, resolve));
    const take = async (ids: readonly string[]) => {
      for (const id of ids) told.get(id)?.();
      return [];
    };
    await dispatcher.start({ freePlaces: () => 10, take });
    const before = heard("before");
    await dispatcher.dispatch([{ executionId: "before", priority: 0 }]);
    await before;

    await wire.cut();
    await expect.poll(() => dispatcher.health().status).toBe("down");
    await expect(dispatcher.dispatch([JOB])).rejects.toMatchObject({ code: "dispatcher_unavailable" });

    await wire.mend();
    await expect.poll(() => dispatcher.health().status, { timeout: 5_000 }).toBe("up");
    const after = heard("after");
    await dispatcher.dispatch([{ executionId: "after", priority: 0 }]);
    await after;
    await dispatcher.close();
    await wire.cut();
  });

  it("tells of jobs once Redis is there, though it was away at the start", async () => {
    const wire = await layWire(redis.url);
    await wire.cut();
    const dispatcher = bullmqDispatcher({ connection: wire.url, prefix: redis.newPrefix() });
    const told = new Promise<readonly string[]>((resolve) => {
      void dispatcher.start({
        freePlaces: () => 10,
        take: async (ids) => {
          resolve(ids);
          return [];
        },
      });
    });
    await expect(dispatcher.dispatch([JOB])).rejects.toMatchObject({ code: "dispatcher_unavailable" });
    await wire.mend();
    await expect.poll(() => dispatcher.health().status, { timeout: 5_000 }).toBe("up");
    await dispatcher.dispatch([JOB]);
    expect(await told).toEqual([JOB.executionId]);
    await dispatcher.close();
    await wire.cut();
  });

  it("says that its connections fell silent, opens others, and tells of jobs again", async () => {
    const wire = await layWire(redis.url);
    const options = { prefix: redis.newPrefix(), lockDurationMs: 1_000 };
    const worker = bullmqDispatcher({ ...options, connection: wire.url });
    const sender = bullmqDispatcher({ ...options, connection: redis.url });
    const told: string[] = [];
    await worker.start({
      freePlaces: () => 10,
      take: async (ids) => {
        told.push(...ids);
        return [];
      },
    });
    await sender.dispatch([{ executionId: "before", priority: 0 }]);
    await expect.poll(() => told).toEqual(["before"]);

    wire.silence();
    await expect.poll(() => worker.health().status, { timeout: 6_000, interval: 5 }).toBe("degraded");
    await expect.poll(() => worker.health().status, { timeout: 3_000 }).toBe("up");
    await sender.dispatch([{ executionId: "after", priority: 0 }]);
    await expect.poll(() => told, { timeout: 15_000 }).toEqual(["before", "after"]);
    await worker.close();
    await sender.close();
    await wire.cut();
  });

  it("closes in time, and leaves no timer, though its connections fell silent", async () => {
    const child = new URL("./support/silenced-child.ts", import.meta.url);
    const { exitCode, stdout, stderr } = await runInChild(child, [redis.url, redis.newPrefix()]);
    expect(stderr).toBe("");
    expect(Number(stdout)).toBeLessThan(MAX_CLOSE_MS);
    expect(exitCode).toBe(0);
  });

  it("closes in time though Redis is gone and a worker never ends", async () => {
    const wire = await layWire(redis.url);
    const dispatcher = bullmqDispatcher({ connection: wire.url, prefix: redis.newPrefix() });
    const told = new Promise<void>((resolve) => {
      const take = () => {
        resolve();
        return new Promise<readonly string[]>(() => {});
      };
      void dispatcher.start({ freePlaces: () => 10, take });
    });
    await dispatcher.dispatch([JOB]);
    await told;
    await wire.cut();
    expect(await closeMs(dispatcher)).toBeLessThan(MAX_CLOSE_MS);
  });

  it("leaves nothing of jobs that were done", async () => {
    const prefix = redis.newPrefix();
    const dispatcher = bullmqDispatcher({ connection: redis.url, prefix, batchSize: 1 });
    let taken = 0;
    await dispatcher.start({
      freePlaces: () => 10,
      take: async (ids) => {
        taken += ids.length;
        return [];
      },
    });
    await dispatcher.dispatch(Array.from({ length: 30 }, (_, index) => ({ executionId: `e${index}`, priority: 0 })));
    await expect.poll(() => taken).toBe(30);
    await dispatcher.close();
    const jobs = (await redis.keysOf(prefix)).filter((key) => /:\d+$/.test(key));
    expect(jobs).toEqual([]);
  });
});
