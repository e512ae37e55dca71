import { describe, expect, it } from "vitest";
import type { ScheduleOptions } from "../src/coordination/schedules/schedule.js";
import { ScheduleTicker } from "../src/coordination/schedules/schedule-ticker.js";
import type { Clock, Storage } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import type { FireRecord } from "../src/ports/schedule-record.js";
import { seededRandom } from "../src/testing/index.js";
import { ScheduleHarness } from "./support/schedule-harness.js";

const HOURLY: ScheduleOptions = { id: "s", workflowId: "report", cron: "@hourly", overlap: "allow" };

/** A memory storage each of whose calls begins and answers some turns later, by chance: callers interleave everywhere. */
function interleaving(seed: number): (clock: Clock) => Storage {
  const random = seededRandom(seed);
  const wander = async (): Promise<void> => {
    for (let turns = Math.floor(random.next() * 6); turns > 0; turns--) await Promise.resolve();
  };
  return (clock) =>
    new Proxy(memoryStorage({ clock }), {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return async (...parameters: unknown[]) => {
          await wander();
          const answer: unknown = await Reflect.apply(member, target, parameters);
          await wander();
          return answer;
        };
      },
    });
}

const tickers = (harness: ScheduleHarness, count: number): readonly ScheduleTicker[] =>
  Array.from({ length: count }, () => new ScheduleTicker(harness.services));

describe("several processes on one storage", () => {
  it.each(Array.from({ length: 25 }, (_, index) => index + 1))(
    "fire each slot once (interleaving %i)",
    async (seed) => {
      const harness = await ScheduleHarness.create({ storage: interleaving(seed) });
      await harness.schedules.create({ ...HOURLY, missed: "all" });
      await harness.schedules.create({ ...HOURLY, id: "seconds", cron: "*/2 * * * * *" });
      const all = tickers(harness, 4);
      await harness.sleep("3h30m");
      await Promise.all(all.map((ticker) => ticker.tick()));
      await harness.sleep("10s");
      await Promise.all(all.map((ticker) => ticker.tick()));
      const keys = harness.starts.map(({ idempotencyKey }) => idempotencyKey);
      expect(keys.filter((key) => key.startsWith("schedule:s:"))).toHaveLength(3);
      expect(new Set(keys).size).toBe(keys.length);
      const { items } = await harness.schedules.history("s");
      expect(items.map(({ status }) => status)).toEqual(["started", "started", "started"]);
    },
  );

  it.each(Array.from({ length: 25 }, (_, index) => index + 1))(
    "never let two executions overlap that must not (interleaving %i)",
    async (seed) => {
      const harness = await ScheduleHarness.create({ storage: interleaving(seed) });
      await harness.schedules.create({
        ...HOURLY,
        cron: "* * * * * *",
        overlap: seed % 2 === 0 ? "skip" : "buffer_one",
      });
      const all = tickers(harness, 3);
      for (let second = 0; second < 6; second++) {
        await harness.sleep("1s");
        await Promise.all(all.map((ticker) => ticker.tick()));
        const { items } = await harness.storage.listExecutions({ status: "running" });
        expect(items.length).toBeLessThanOrEqual(1);
        if (second % 2 === 1) await harness.endAll();
      }
      const { items } = await harness.schedules.history("s");
      expect(items.filter(({ status }) => status === "pending")).toEqual([]);
      expect(items.filter(({ status }) => status === "buffered").length).toBeLessThanOrEqual(1);
    },
  );

  it.each([1, 2, 3, 4, 5, 6])(
    "a trigger, an update and a tick at once lose nothing (interleaving %i)",
    async (seed) => {
      const harness = await ScheduleHarness.create({ storage: interleaving(seed) });
      await harness.schedules.create(HOURLY);
      await harness.sleep("1h");
      await Promise.all([
        harness.ticker.tick(),
        harness.schedules.trigger("s"),
        harness.schedules.update("s", { maxMissed: 7 }),
      ]);
      await harness.ticker.tick();
      expect(new Set(harness.startedSlots).size).toBe(2);
      expect(await harness.schedules.get("s")).toMatchObject({ maxMissed: 7 });
    },
  );

  it.each(["skip", "buffer_one"] as const)(
    "%s counts a slot that another process is about to start",
    async (overlap) => {
      const harness = await ScheduleHarness.create();
      await harness.schedules.create({ ...HOURLY, overlap });
      let goOn = (): void => {};
      const start: typeof harness.services.start = async (asked) => {
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return harness.services.start(asked);
      };
      const slow = new ScheduleTicker({ ...harness.services, start });
      await harness.sleep("1h");
      const ticking = slow.tick();
      await harness.sleep("1h");
      const [first] = await harness.history("s");
      expect(first).toBe("pending 2025-01-01T01:00:00Z");
      // As if it had been taken just now: else its time to start would be over, and the other process would do it.
      await harness.storage.updateFire(
        { ...((await harness.schedules.history("s")).items[0] as FireRecord), at: harness.clock.now() },
        "pending",
      );
      await harness.ticker.tick();
      expect(harness.starts).toEqual([]);
      goOn();
      await ticking;
      expect(await harness.history("s")).toEqual([
        "started 2025-01-01T01:00:00Z",
        `${overlap === "skip" ? "skipped" : "buffered"} (overlap) 2025-01-01T02:00:00Z`,
      ]);
    },
  );

  it.each([0, 1])(
    "buffer one slot, also when two are buffered at the same time (the %i. is written last)",
    async (last) => {
      const harness = await ScheduleHarness.create();
      await harness.schedules.create({ ...HOURLY, overlap: "buffer_one" });
      await harness.schedules.trigger("s");
      const writes: (() => void)[] = [];
      const storage = new Proxy(harness.storage, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== "function") return member;
          if (name !== "updateFire") return member.bind(target);
          return async (fire: FireRecord, expected: FireRecord["status"]) => {
            if (fire.status === "buffered") await new Promise<void>((resolve) => writes.push(resolve));
            return target.updateFire(fire, expected);
          };
        },
      });
      const ticks: Promise<void>[] = [];
      for (let process = 0; process < 2; process++) {
        await harness.sleep(process === 0 ? "59m50s" : "10s");
        await harness.schedules.update("s", { cron: "*/10 * * * * *" });
        await harness.sleep("10s");
        ticks.push(new ScheduleTicker({ ...harness.services, storage }).tick());
        await harness.sleep("1s");
      }
      expect(writes).toHaveLength(2);
      writes[1 - last]?.();
      await harness.sleep(0);
      writes[last]?.();
      await Promise.all(ticks);
      const { items } = await harness.schedules.history("s");
      const cron = items.filter(({ kind }) => kind === "cron").map(({ status }) => status);
      expect(cron.toReversed().slice(0, 2)).toEqual(["buffered", "skipped"]);
    },
  );

  it("a call of tick during a tick waits for another one after it", async () => {
    const harness = await ScheduleHarness.create({ storage: interleaving(1) });
    await harness.schedules.create(HOURLY);
    const first = harness.ticker.tick();
    await harness.sleep("1h");
    await Promise.all([harness.ticker.tick(), harness.ticker.tick(), first]);
    expect(harness.starts).toHaveLength(1);
  });
});

describe("a process that dies", () => {
  /** A storage call that never answers: the process is gone at that point. */
  const dieAt = (harness: ScheduleHarness, method: "updateFire" | "takeFires"): ScheduleTicker => {
    const storage = new Proxy(harness.storage, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (name === method) return () => new Promise(() => {});
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    return new ScheduleTicker({ ...harness.services, storage });
  };

  it("between taking a slot and starting it: another process starts it", async () => {
    const harness = await ScheduleHarness.create();
    await harness.schedules.create(HOURLY);
    await harness.sleep("1h");
    const dying = new ScheduleTicker({ ...harness.services, start: () => new Promise(() => {}) });
    void dying.tick();
    await harness.sleep("1s");
    expect(await harness.history("s")).toEqual(["pending 2025-01-01T01:00:00Z"]);
    await harness.ticker.tick();
    expect(harness.starts).toEqual([]);
    await harness.advance("31s");
    expect(await harness.history("s")).toEqual(["started 2025-01-01T01:00:00Z"]);
    expect(harness.starts).toHaveLength(1);
  });

  it.each(["allow", "skip", "buffer_one", "cancel_other"] as const)(
    "between starting a slot and recording it: it is one execution (overlap %s)",
    async (overlap) => {
      const harness = await ScheduleHarness.create();
      await harness.schedules.create({ ...HOURLY, overlap });
      await harness.sleep("1h");
      void dieAt(harness, "updateFire").tick();
      await harness.sleep("1s");
      const { items: running } = await harness.storage.listExecutions({ status: "running" });
      expect(running).toHaveLength(1);
      await harness.advance("1m");
      const { items } = await harness.schedules.history("s");
      expect(items).toMatchObject([{ status: "started", executionId: running[0]?.id }]);
      expect((await harness.storage.listExecutions({})).items).toHaveLength(1);
      expect(harness.cancelled).toEqual([]);
    },
  );

  it("before it took the slot: nothing is lost", async () => {
    const harness = await ScheduleHarness.create();
    await harness.schedules.create(HOURLY);
    await harness.sleep("1h");
    void dieAt(harness, "takeFires").tick();
    await harness.sleep("1s");
    await harness.ticker.tick();
    expect(harness.startedSlots).toEqual(["2025-01-01T01:00:00Z"]);
  });

  it("leaves a slot that, finished late, does not cancel its successor", async () => {
    const harness = await ScheduleHarness.create();
    await harness.schedules.create({ ...HOURLY, overlap: "cancel_other", cron: "* * * * * *" });
    await harness.sleep("1s");
    void new ScheduleTicker({ ...harness.services, start: () => new Promise(() => {}) }).tick();
    await harness.sleep("1s");
    await harness.schedules.update("s", { cron: "@yearly" });
    const successor = await harness.schedules.trigger("s");
    await harness.advance("1m");
    expect(harness.cancelled).toEqual([]);
    expect(await harness.storage.getExecution(successor.executionId as string)).toMatchObject({ status: "running" });
    expect(await harness.history("s")).toContainEqual("skipped (overlap) 2025-01-01T00:00:01Z");
  });

  it("leaves a manual trigger that another process finishes", async () => {
    const harness = await ScheduleHarness.create();
    await harness.schedules.create({ ...HOURLY, overlap: "skip" });
    const fire = {
      scheduleId: "s",
      fireAt: harness.clock.now() + 1,
      kind: "manual",
      status: "pending",
      executionId: null,
      reason: null,
      at: harness.clock.now(),
    } as const;
    await harness.storage.takeFires({ scheduleId: "s", revision: 1, fires: [fire], nextFireAt: null, nextDueAt: null });
    await harness.advance("31s");
    expect(harness.starts).toHaveLength(1);
  });
});

describe("a clock that jumps", () => {
  it("back fires no slot twice", async () => {
    const harness = await ScheduleHarness.create();
    await harness.schedules.create(HOURLY);
    await harness.advance("2h");
    harness.skewMs = -90 * 60_000;
    await harness.advance("90m");
    await harness.advance("1h");
    expect(harness.startedSlots).toEqual(["2025-01-01T01:00:00Z", "2025-01-01T02:00:00Z", "2025-01-01T03:00:00Z"]);
    expect(harness.starts).toHaveLength(3);
  });

  it("back fires no slot twice even when the schedule is changed then", async () => {
    const harness = await ScheduleHarness.create();
    await harness.schedules.create(HOURLY);
    await harness.advance("2h");
    harness.skewMs = -90 * 60_000;
    await harness.schedules.pause("s");
    await harness.schedules.resume("s");
    expect(await harness.schedules.get("s")).toMatchObject({ nextFireAt: Date.parse("2025-01-01T01:00:00Z") });
    await harness.advance("150m");
    expect(harness.starts).toHaveLength(3);
    expect(await harness.history("s")).toEqual([
      "started 2025-01-01T01:00:00Z",
      "started 2025-01-01T02:00:00Z",
      "started 2025-01-01T03:00:00Z",
    ]);
  });

  it("forward and back again fires each slot once", async () => {
    const harness = await ScheduleHarness.create();
    await harness.schedules.create({ ...HOURLY, missed: "all" });
    await harness.advance("30m");
    harness.skewMs = 3 * 3_600_000;
    await harness.ticker.tick();
    harness.skewMs = 0;
    await harness.advance("4h");
    expect(harness.startedSlots).toEqual([
      "2025-01-01T01:00:00Z",
      "2025-01-01T02:00:00Z",
      "2025-01-01T03:00:00Z",
      "2025-01-01T04:00:00Z",
    ]);
    expect(harness.starts).toHaveLength(4);
  });

  it("back behind the taking of a slot does not keep it from being finished", async () => {
    const harness = await ScheduleHarness.create();
    await harness.schedules.create(HOURLY);
    await harness.sleep("1h");
    void new ScheduleTicker({ ...harness.services, start: () => new Promise(() => {}) }).tick();
    await harness.sleep("1s");
    harness.skewMs = -1_800_000;
    await harness.ticker.tick();
    expect(harness.startedSlots).toEqual(["2025-01-01T01:00:00Z"]);
  });
});

describe("closing", () => {
  it("waits for the tick under way and takes nothing more", async () => {
    const harness = await ScheduleHarness.create({ storage: interleaving(1) });
    await harness.schedules.create(HOURLY);
    await harness.sleep("1h");
    const ticking = harness.ticker.tick();
    await harness.ticker.close();
    const count = harness.starts.length;
    await ticking;
    await harness.sleep("1h");
    await harness.ticker.tick();
    expect(harness.starts).toHaveLength(count);
  });
});
