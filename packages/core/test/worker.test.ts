import { describe, expect, it } from "vitest";
import { type Clock, type Dispatcher, defineNode, type EventBus, type Logger, type Storage } from "../src/index.js";
import { silentLogger, type TestClock, testClock, testEngine } from "../src/testing/index.js";
import { sharedStorage, startWorker } from "./support/shared-storage.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

/** Of the workers of these tests; see `startWorker`. */
const LEASE = { durationMs: 2_000, heartbeatMs: 500 } as const;

/** Keeps the warnings. */
function listeningLogger(): Logger & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { ...silentLogger, warnings, warn: (message) => void warnings.push(message) };
}

/** A clock that can jump without its timers firing meanwhile, as it does for a process that computes or is stopped. */
function blockableClock(clock: TestClock): Clock & { block(ms: number): void } {
  let behindMs = 0;
  return {
    now: () => clock.now() + behindMs,
    setTimer: (at, run) => clock.setTimer(at - behindMs, run),
    block(ms) {
      behindMs += ms;
    },
  };
}

/** A storage whose heartbeats and claims fail while it is away. */
function leavingStorage(storage: Storage): { readonly storage: Storage; isAway: boolean } {
  const state = {
    isAway: false,
    storage: new Proxy(storage, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...parameters: unknown[]) =>
          state.isAway ? Promise.reject(new Error("away")) : Reflect.apply(member, target, parameters);
      },
    }),
  };
  return state;
}

describe("engine.health", () => {
  it("is starting, then well, then closed", async () => {
    const clock = testClock();
    const engine = await startWorker("one", { storage: sharedStorage(clock), clock });
    expect(engine.health()).toEqual({
      status: "ok",
      storage: { name: "memory", isAnswering: true },
      lagMs: 0,
      leaseEndsInMs: 1_800,
      running: 0,
    });
    await engine.close();
    expect(engine.health().status).toBe("closed");
  });

  it("knows no end of the lease where nobody else can take over", async () => {
    await using engine = await testEngine({});
    expect(engine.health()).toMatchObject({ status: "ok", leaseEndsInMs: null });
  });

  it("counts the executions that run here", async () => {
    await using engine = await testEngine({
      nodes: [defineNode({ type: "endless", execute: () => new Promise(() => {}) })],
    });
    await engine.execute(flow("a", { a: { type: "endless" } }));
    expect(engine.health().running).toBe(1);
  });

  it("is degraded while the dispatcher is", async () => {
    const health = { status: "degraded", message: "away" } as const;
    const dispatcher: Dispatcher = {
      name: "away",
      dispatch: async () => {},
      start: async () => {},
      placesFreed: () => {},
      health: () => health,
      close: async () => {},
    };
    await using engine = await testEngine({ dispatcher });
    expect(engine.health()).toMatchObject({ status: "degraded", dispatcher: health });
  });

  it("is degraded while the event bus is, by its own word or as long as nothing can be published", async () => {
    let isAway = false;
    const bus: EventBus = {
      name: "away",
      publish: async () => {
        if (isAway) throw new Error("away");
      },
      subscribe: async () => {},
      close: async () => {},
    };
    const health = { status: "degraded", message: "away" } as const;
    await using told = await testEngine({ eventBus: { ...bus, health: () => health } });
    expect(told.health()).toMatchObject({ status: "degraded", eventBus: health });
    await using engine = await testEngine({ eventBus: bus, nodes: BASIC_NODES, logger: silentLogger });
    for (const status of ["up", "degraded", "up"] as const) {
      isAway = status === "degraded";
      await engine.run(flow("a"));
      await engine.runUntilIdle();
      expect(engine.health()).toMatchObject({ status: isAway ? "degraded" : "ok", eventBus: { status } });
    }
  });

  it("is degraded while the storage does not answer, and heals", async () => {
    const clock = testClock();
    const away = leavingStorage(sharedStorage(clock));
    await using engine = await startWorker("one", { storage: away.storage, clock });
    away.isAway = true;
    await clock.advance(LEASE.heartbeatMs);
    expect(engine.health()).toMatchObject({ status: "degraded", storage: { isAnswering: false } });
    await clock.advance(LEASE.durationMs);
    expect(engine.health()).toMatchObject({ status: "degraded", leaseEndsInMs: 0 });
    away.isAway = false;
    await clock.advance(LEASE.heartbeatMs);
    expect(engine.health()).toMatchObject({ status: "ok", storage: { isAnswering: true } });
  });
});

describe("a worker whose event loop is blocked", () => {
  it("warns of a late heartbeat with the remedy, and is degraded until the next one", async () => {
    const outside = testClock();
    const clock = blockableClock(outside);
    const logger = listeningLogger();
    await using engine = await startWorker("one", { storage: sharedStorage(outside), clock, logger });
    await outside.advance(LEASE.heartbeatMs - 1);
    clock.block(800);
    await outside.advance(1);
    expect(logger.warnings).toEqual([
      expect.stringMatching(/heartbeat came 800 ms late.*After 2000 ms others take over.*worker thread/),
    ]);
    expect(engine.health()).toMatchObject({ status: "degraded", lagMs: 800 });
    await outside.advance(LEASE.heartbeatMs);
    expect(engine.health()).toMatchObject({ status: "ok", lagMs: 0 });
  });

  it("says nothing of a heartbeat that is a little late", async () => {
    const outside = testClock();
    const clock = blockableClock(outside);
    const logger = listeningLogger();
    await using engine = await startWorker("one", { storage: sharedStorage(outside), clock, logger });
    await outside.advance(LEASE.heartbeatMs - 1);
    clock.block(200);
    await outside.advance(1);
    expect(logger.warnings).toEqual([]);
    expect(engine.health()).toMatchObject({ status: "ok", lagMs: 200 });
  });

  it("writes nothing once another worker has taken over", async () => {
    const outside = testClock();
    const clock = blockableClock(outside);
    const storage = sharedStorage(outside);
    const logger = listeningLogger();
    const calls: string[] = [];
    const computing = (worker: string) =>
      defineNode({
        type: "computing",
        async execute(ctx) {
          calls.push(`${worker}:${ctx.attempt}`);
          await new Promise<void>((resolve) => outside.setTimer(outside.now() + 3_000, resolve));
          return worker;
        },
      });
    // Its own timers stand still: its heartbeat is due in an hour of its time.
    const lease = { ...LEASE, heartbeatMs: 3_600_000, sweepMs: 3_600_000 };
    const stuckClock: Clock = { now: () => clock.now(), setTimer: () => () => {} };
    await using stuck = await startWorker("stuck", {
      storage,
      clock: stuckClock,
      logger,
      lease,
      nodes: [computing("stuck")],
    });
    const handle = await stuck.execute(flow("a", { a: { type: "computing" } }));
    await using other = await startWorker("other", { storage, clock: outside, nodes: [computing("other")] });
    await outside.advance(10_000);
    expect(await other.getExecution(handle.id)).toMatchObject({ status: "completed", output: "other" });
    expect(calls).toEqual(["stuck:1", "other:1"]);
    const journal = await other.getJournal(handle.id);
    expect(journal.filter(({ type }) => type === "node.completed")).toHaveLength(1);
  });
});
