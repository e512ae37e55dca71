import { describe, expect, it } from "vitest";
import type { ScheduleOptions } from "../src/coordination/schedules/schedule.js";
import { ScheduleHarness, toIso } from "./support/schedule-harness.js";

async function withSchedule(options: Partial<ScheduleOptions>): Promise<ScheduleHarness> {
  const harness = await ScheduleHarness.create();
  await harness.schedules.create({ id: "s", workflowId: "report", cron: "@hourly", overlap: "allow", ...options });
  return harness;
}

/** As after a restart: time passes while no process runs, then one ticks. */
async function comeBackAfter(harness: ScheduleHarness, duration: string): Promise<void> {
  await harness.sleep(duration);
  await harness.ticker.tick();
}

const hours = (harness: ScheduleHarness): readonly string[] => harness.startedSlots.map((slot) => slot.slice(11, 16));

describe("slots that were missed", () => {
  it("latest: the newest is fired, the others are skipped", async () => {
    const harness = await withSchedule({ missed: "latest", maxMissed: 3 });
    await comeBackAfter(harness, "5h30m");
    expect(hours(harness)).toEqual(["05:00"]);
    expect(await harness.history("s")).toEqual([
      "skipped (missed) 2025-01-01T03:00:00Z",
      "skipped (missed) 2025-01-01T04:00:00Z",
      "started 2025-01-01T05:00:00Z",
    ]);
    await harness.advance("1h");
    expect(hours(harness)).toEqual(["05:00", "06:00"]);
  });

  it("latest: a slot on time is the newest", async () => {
    const harness = await withSchedule({ missed: "latest" });
    await comeBackAfter(harness, "5h");
    expect(hours(harness)).toEqual(["05:00"]);
  });

  it("skip: none is fired, but one on time", async () => {
    const harness = await withSchedule({ missed: "skip" });
    await comeBackAfter(harness, "5h30m");
    expect(hours(harness)).toEqual([]);
    await harness.advance("30m");
    expect(hours(harness)).toEqual(["06:00"]);
    await comeBackAfter(harness, "2h");
    expect(hours(harness)).toEqual(["06:00", "08:00"]);
  });

  it("all: each is fired in its order, up to the cap the newest of them", async () => {
    const harness = await withSchedule({ missed: "all", maxMissed: 3 });
    await comeBackAfter(harness, "5h30m");
    expect(hours(harness)).toEqual(["03:00", "04:00", "05:00"]);
  });

  it("a slot up to a minute late is not missed", async () => {
    const onTime = await withSchedule({ missed: "skip" });
    await comeBackAfter(onTime, "1h59s");
    expect(hours(onTime)).toEqual(["01:00"]);
    const missed = await withSchedule({ missed: "skip" });
    await comeBackAfter(missed, "1h1m");
    expect(hours(missed)).toEqual([]);
  });

  it("a delay of seconds costs a schedule of seconds nothing", async () => {
    const harness = await withSchedule({ cron: "* * * * * *", missed: "skip" });
    await comeBackAfter(harness, "5s");
    expect(harness.starts).toHaveLength(5);
  });

  it("ten years of seconds are looked through at once", async () => {
    const harness = await withSchedule({ cron: "* * * * * *", missed: "all", maxMissed: 5, overlap: "allow" });
    const startedAt = performance.now();
    await comeBackAfter(harness, "3650d");
    // The five, and those of the last minute, which are on time.
    expect(harness.starts).toHaveLength(65);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it("none lies after the end", async () => {
    const harness = await withSchedule({ missed: "all", endAt: "2025-01-01T02:00:00Z" });
    await comeBackAfter(harness, "9h");
    expect(hours(harness)).toEqual(["01:00", "02:00"]);
    expect(await harness.schedules.get("s")).toMatchObject({ nextFireAt: null });
  });
});

describe("a slot that comes while an execution of the schedule has not ended", () => {
  it("allow: starts beside it", async () => {
    const harness = await withSchedule({ overlap: "allow" });
    await harness.advance("2h");
    expect(hours(harness)).toEqual(["01:00", "02:00"]);
  });

  it("skip: is skipped, and the next one after the end is not", async () => {
    const harness = await withSchedule({ overlap: "skip" });
    await harness.advance("2h30m");
    await harness.endAll();
    await harness.advance("1h");
    expect(await harness.history("s")).toEqual([
      "started 2025-01-01T01:00:00Z",
      "skipped (overlap) 2025-01-01T02:00:00Z",
      "started 2025-01-01T03:00:00Z",
    ]);
  });

  it("skip: also when a person triggered the one that runs, and while that is being cancelled", async () => {
    const harness = await withSchedule({ overlap: "skip" });
    const { executionId } = await harness.schedules.trigger("s");
    await harness.storage.requestCancel(executionId as string, null, harness.clock.now());
    await harness.advance("1h");
    expect(await harness.history("s")).toContainEqual("skipped (overlap) 2025-01-01T01:00:00Z");
  });

  it("skip: executions of other schedules of the workflow do not count", async () => {
    const harness = await withSchedule({ overlap: "skip" });
    await harness.schedules.create({ id: "other", workflowId: "report", cron: "30 * * * *", overlap: "skip" });
    await harness.advance("1h");
    expect(hours(harness)).toEqual(["00:30", "01:00"]);
  });

  it("buffer_one: one is kept and starts when the running one has ended, more are skipped", async () => {
    const harness = await withSchedule({ overlap: "buffer_one" });
    await harness.advance("3h10m");
    expect(await harness.history("s")).toEqual([
      "started 2025-01-01T01:00:00Z",
      "buffered (overlap) 2025-01-01T02:00:00Z",
      "skipped (overlap) 2025-01-01T03:00:00Z",
    ]);
    await harness.endAll();
    await harness.advance("1m");
    expect(hours(harness)).toEqual(["01:00", "02:00"]);
    await harness.advance("1h");
    expect((await harness.history("s")).at(-1)).toBe("buffered (overlap) 2025-01-01T04:00:00Z");
  });

  it("buffer_one: what is buffered when the schedule is paused does not start", async () => {
    const harness = await withSchedule({ overlap: "buffer_one" });
    await harness.advance("2h");
    await harness.schedules.pause("s");
    await harness.endAll();
    await harness.advance("1m");
    expect((await harness.history("s")).at(-1)).toBe("skipped (paused) 2025-01-01T02:00:00Z");
    expect(await harness.ticker.nextDueAt()).toBeNull();
  });

  it("cancel_other: is started, and the running one cancelled", async () => {
    const harness = await withSchedule({ overlap: "cancel_other" });
    await harness.advance("2h");
    const [first] = (await harness.schedules.history("s")).items.toReversed();
    expect(hours(harness)).toEqual(["01:00", "02:00"]);
    expect(harness.cancelled).toEqual([first?.executionId]);
    await harness.advance("1h");
    // What is being cancelled already is not cancelled again.
    expect(harness.cancelled).toHaveLength(2);
  });

  it("applies to missed slots as well", async () => {
    const harness = await withSchedule({ overlap: "buffer_one", missed: "all" });
    await comeBackAfter(harness, "3h30m");
    expect(await harness.history("s")).toEqual([
      "started 2025-01-01T01:00:00Z",
      "buffered (overlap) 2025-01-01T02:00:00Z",
      "skipped (overlap) 2025-01-01T03:00:00Z",
    ]);
  });
});

describe("jitter", () => {
  const JITTER_MS = 600_000;

  it("acts on each slot by chance later, within its bounds, and is not the same each time", async () => {
    const harness = await withSchedule({ jitterMs: JITTER_MS });
    const delays: number[] = [];
    for (let hour = 0; hour < 24; hour++) {
      const { nextFireAt, nextDueAt } = await harness.schedules.get("s");
      delays.push((nextDueAt as number) - (nextFireAt as number));
      await harness.advance("1h");
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(JITTER_MS);
    expect(new Set(delays).size).toBeGreaterThan(20);
    await harness.advance(JITTER_MS);
    expect(hours(harness).slice(0, 3)).toEqual(["01:00", "02:00", "03:00"]);
    expect(harness.starts).toHaveLength(24);
  });

  it("longer than the time between slots neither loses nor reorders any", async () => {
    const harness = await withSchedule({ cron: "* * * * * *", jitterMs: 600_000, missed: "skip" });
    await harness.advance("16m");
    const slots = harness.startedSlots;
    expect(slots.length).toBeGreaterThanOrEqual(360);
    const first = Date.parse("2025-01-01T00:00:01Z");
    expect(slots).toEqual(slots.map((_, index) => toIso(first + index * 1_000)));
  });
});
