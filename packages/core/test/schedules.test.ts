import { describe, expect, it } from "vitest";
import type { ScheduleOptions } from "../src/coordination/schedules/schedule.js";
import { ExecutionError, StorageError } from "../src/index.js";
import { ScheduleHarness, toIso } from "./support/schedule-harness.js";

const HOURLY: ScheduleOptions = { id: "hourly", workflowId: "report", cron: "@hourly", overlap: "allow" };

async function withSchedule(options: Partial<ScheduleOptions> = {}, now?: string): Promise<ScheduleHarness> {
  const harness = await ScheduleHarness.create(now === undefined ? {} : { now });
  await harness.schedules.create({ ...HOURLY, ...options });
  return harness;
}

const errorOf = async (promise: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> =>
  promise.then(
    () => ({ code: "none", message: "" }),
    (error) => error as { readonly code: string; readonly message: string },
  );

describe("creating a schedule", () => {
  it("fills in the defaults and plans the first slot after now", async () => {
    const { schedules } = await ScheduleHarness.create({ now: "2025-01-01T10:00:00Z" });
    const { id } = await schedules.create({ workflowId: "report", cron: "0 * * * *" });
    expect(await schedules.get(id)).toEqual({
      id,
      workflowId: "report",
      cron: "0 * * * *",
      timeZone: "UTC",
      input: {},
      overlap: "skip",
      missed: "latest",
      maxMissed: 10,
      jitterMs: 0,
      startAt: null,
      endAt: null,
      paused: false,
      tenant: null,
      nextFireAt: Date.parse("2025-01-01T11:00:00Z"),
      nextDueAt: Date.parse("2025-01-01T11:00:00Z"),
      createdAt: Date.parse("2025-01-01T10:00:00Z"),
      updatedAt: Date.parse("2025-01-01T10:00:00Z"),
    });
  });

  it("never replaces one", async () => {
    const { schedules } = await withSchedule();
    expect(await errorOf(schedules.create(HOURLY))).toMatchObject({ code: "schedule_exists" });
  });

  it("copies the input, so that nobody changes it afterwards", async () => {
    const input = { list: [1], at: new Date(0) };
    const { schedules } = await withSchedule({ input });
    input.list.push(2);
    expect((await schedules.get("hourly")).input).toEqual({ list: [1], at: "1970-01-01T00:00:00.000Z" });
  });

  it("tells the engine, which then plans anew", async () => {
    const harness = await withSchedule();
    expect(harness.changes).toBe(1);
    expect(await harness.ticker.nextDueAt()).toBe(Date.parse("2025-01-01T01:00:00Z"));
  });

  it.each<readonly [string, Record<string, unknown>, string]>([
    ["an unreadable expression", { cron: "61 * * * *" }, "minute"],
    ["one that never matches", { cron: "0 0 30 2 *" }, "never matches"],
    ["no expression", { cron: undefined }, "cron"],
    ["an unknown zone", { timeZone: "Mars/Olympus" }, "Mars/Olympus"],
    ["an unknown overlap policy", { overlap: "queue" }, "overlap"],
    ["an unknown missed policy", { missed: "none" }, "missed"],
    ["a broken number of missed slots", { maxMissed: 0 }, "maxMissed"],
    ["a negative jitter", { jitterMs: -1 }, "jitterMs"],
    ["a start without a zone", { startAt: "2025-01-01T00:00:00" }, "startAt"],
    ["an end that is no date", { endAt: "soon" }, "endAt"],
    ["an end before the start", { startAt: "2025-02-01", endAt: "2025-01-01" }, "endAt"],
    ["an option that does not exist", { every: "5m" }, "every"],
    ["an empty id", { id: "" }, "id"],
    ["no workflow", { workflowId: "" }, "workflowId"],
  ])("refuses %s", async (_, options, text) => {
    const { schedules } = await ScheduleHarness.create();
    const error = await errorOf(schedules.create({ ...HOURLY, ...options } as ScheduleOptions));
    expect(error.code).toBe("invalid_schedule");
    expect(error.message).toContain(text);
  });

  it("refuses an unknown workflow, and an input that is no JSON or too large", async () => {
    const { schedules } = await ScheduleHarness.create();
    const codeFor = async (options: Partial<ScheduleOptions>) =>
      (await errorOf(schedules.create({ ...HOURLY, ...options }))).code;
    expect(await codeFor({ workflowId: "unknown" })).toBe("workflow_not_found");
    expect(await codeFor({ input: { call: () => 1 } })).toBe("invalid_input");
    expect(await codeFor({ input: "x".repeat(2_000) })).toBe("invalid_input");
    expect((await schedules.list()).items).toEqual([]);
  });
});

describe("a schedule", () => {
  it("starts its workflow at each slot, with its input, and says so in the metadata", async () => {
    const harness = await withSchedule({ input: { list: "all" }, tenant: "acme" });
    await harness.advance("3h");
    expect(harness.startedSlots).toEqual(["2025-01-01T01:00:00Z", "2025-01-01T02:00:00Z", "2025-01-01T03:00:00Z"]);
    const fireAt = Date.parse("2025-01-01T01:00:00Z");
    expect(harness.starts[0]).toEqual({
      workflowId: "report",
      input: { list: "all" },
      tenant: "acme",
      idempotencyKey: `schedule:hourly:${fireAt}`,
      metadata: { trigger: { type: "schedule", scheduleId: "hourly", fireAt } },
    });
  });

  it("fires on both sides of a change of the clock", async () => {
    const harness = await withSchedule({ cron: "30 2 * * *", timeZone: "Europe/Berlin" }, "2025-03-29T00:00:00Z");
    await harness.advance("3d");
    expect(harness.startedSlots).toEqual(["2025-03-29T01:30:00Z", "2025-03-30T01:00:00Z", "2025-03-31T00:30:00Z"]);
    const autumn = await withSchedule({ cron: "30 2 * * *", timeZone: "Europe/Berlin" }, "2025-10-25T00:00:00Z");
    await autumn.advance("3d");
    expect(autumn.startedSlots).toEqual(["2025-10-25T00:30:00Z", "2025-10-26T00:30:00Z", "2025-10-27T01:30:00Z"]);
  });

  it("keeps within its start and its end, both included", async () => {
    const harness = await withSchedule({ startAt: "2025-01-01T02:00:00+00:00", endAt: Date.UTC(2025, 0, 1, 4) });
    await harness.advance("1d");
    expect(harness.startedSlots).toEqual(["2025-01-01T02:00:00Z", "2025-01-01T03:00:00Z", "2025-01-01T04:00:00Z"]);
    expect(await harness.schedules.get("hourly")).toMatchObject({ nextFireAt: null, nextDueAt: null });
    expect(await harness.ticker.nextDueAt()).toBeNull();
  });

  it("fires nothing while it is paused, and does not make up for it", async () => {
    const harness = await withSchedule({ missed: "all" });
    await harness.advance("1h");
    expect(await harness.schedules.pause("hourly")).toMatchObject({ paused: true, nextFireAt: null });
    await harness.advance("5h");
    expect(await harness.schedules.resume("hourly")).toMatchObject({ paused: false });
    await harness.advance("1h");
    expect(harness.startedSlots).toEqual(["2025-01-01T01:00:00Z", "2025-01-01T07:00:00Z"]);
  });

  it("may be created paused", async () => {
    const harness = await withSchedule({ paused: true });
    await harness.advance("3h");
    expect(harness.starts).toEqual([]);
  });

  it("changes what an update names and nothing else", async () => {
    const harness = await withSchedule({ input: { a: 1 }, endAt: "2026-01-01" });
    const changed = await harness.schedules.update("hourly", { cron: "*/15 * * * *", endAt: null, maxMissed: 3 });
    expect(changed).toMatchObject({
      input: { a: 1 },
      overlap: "allow",
      endAt: null,
      maxMissed: 3,
      cron: "*/15 * * * *",
    });
    await harness.advance("30m");
    expect(harness.startedSlots).toEqual(["2025-01-01T00:15:00Z", "2025-01-01T00:30:00Z"]);
  });

  it("keeps its next slot when the update is about something else", async () => {
    const harness = await withSchedule({ jitterMs: 600_000 });
    const { nextDueAt } = await harness.schedules.get("hourly");
    expect(await harness.schedules.update("hourly", { missed: "all" })).toMatchObject({ nextDueAt, missed: "all" });
  });

  it("refuses an update that cannot work, and stays as it was", async () => {
    const { schedules } = await withSchedule();
    const before = await schedules.get("hourly");
    for (const changes of [{ cron: "x" }, { timeZone: "x" }, { overlap: "x" }, { id: "other" }, { tenant: "other" }]) {
      expect((await errorOf(schedules.update("hourly", changes as never))).code).toBe("invalid_schedule");
    }
    expect((await errorOf(schedules.update("hourly", { workflowId: "unknown" }))).code).toBe("workflow_not_found");
    expect(await schedules.get("hourly")).toEqual(before);
  });

  it("is gone with its history when it is deleted", async () => {
    const harness = await withSchedule();
    await harness.advance("1h");
    await harness.schedules.delete("hourly");
    await harness.advance("5h");
    expect(harness.starts).toHaveLength(1);
    expect((await harness.schedules.list()).items).toEqual([]);
    expect((await errorOf(harness.schedules.history("hourly"))).code).toBe("schedule_not_found");
  });

  it("that nobody knows is an error everywhere", async () => {
    const { schedules } = await ScheduleHarness.create();
    const calls = [
      schedules.get("x"),
      schedules.update("x", {}),
      schedules.pause("x"),
      schedules.resume("x"),
      schedules.trigger("x"),
      schedules.delete("x"),
      schedules.history("x"),
      schedules.next("x"),
    ];
    for (const call of calls) expect((await errorOf(call)).code).toBe("schedule_not_found");
  });

  it("goes on when a start fails, and its history says why", async () => {
    const harness = await withSchedule();
    harness.startError = new ExecutionError("workflow_not_found", "There is no workflow report.");
    await harness.advance("2h");
    expect(await harness.history("hourly")).toEqual([
      "failed (workflow_not_found: There is no workflow report.) 2025-01-01T01:00:00Z",
      "started 2025-01-01T02:00:00Z",
    ]);
  });

  it("tries a start again that failed in a way that passes", async () => {
    const harness = await withSchedule();
    harness.startError = new StorageError("storage_unavailable", "The storage does not answer.");
    await harness.advance("1h");
    expect(await harness.history("hourly")).toEqual(["pending 2025-01-01T01:00:00Z"]);
    await harness.advance("1m");
    expect(await harness.history("hourly")).toEqual(["started 2025-01-01T01:00:00Z"]);
  });

  it("that cannot be read any more is logged and holds up no other", async () => {
    const logged: string[] = [];
    const ignore = (): void => {};
    const logger = { debug: ignore, info: ignore, warn: ignore, error: (message: string) => void logged.push(message) };
    const harness = await ScheduleHarness.create({ logger });
    await harness.schedules.create(HOURLY);
    await harness.schedules.create({ ...HOURLY, id: "broken" });
    const broken = await harness.storage.getSchedule("broken");
    if (broken === undefined) throw new Error("It is not there.");
    await harness.storage.putSchedule({ ...broken, timeZone: "Gone/Forever", revision: 2 }, 1);
    await harness.advance("1h");
    expect(harness.startedSlots).toEqual(["2025-01-01T01:00:00Z"]);
    expect(logged).toEqual(["Schedule broken could not be handled."]);
    // It is not tried in a busy loop.
    expect(await harness.ticker.nextDueAt()).toBe(harness.clock.now() + 5_000);
  });
});

describe("triggering by hand", () => {
  it("starts an execution at once, beside the slots", async () => {
    const harness = await withSchedule();
    const fire = await harness.schedules.trigger("hourly");
    expect(fire).toMatchObject({ kind: "manual", status: "started", scheduleId: "hourly" });
    expect(await harness.storage.getExecution(fire.executionId as string)).toMatchObject({
      metadata: { trigger: { type: "schedule", scheduleId: "hourly", fireAt: fire.fireAt } },
    });
    await harness.advance("1h");
    expect(harness.starts).toHaveLength(2);
  });

  it("works while paused, and whatever runs", async () => {
    const harness = await withSchedule({ paused: true, overlap: "skip" });
    const fires = [await harness.schedules.trigger("hourly"), await harness.schedules.trigger("hourly")];
    expect(new Set(fires.map(({ executionId }) => executionId)).size).toBe(2);
  });

  it("at the very instant of a slot takes nothing from it", async () => {
    const harness = await withSchedule();
    await harness.sleep("1h");
    await harness.schedules.trigger("hourly");
    await harness.ticker.tick();
    expect(harness.starts).toHaveLength(2);
    expect(await harness.history("hourly")).toEqual([
      "started 2025-01-01T01:00:00Z",
      "started 2025-01-01T01:00:00.001Z",
    ]);
  });

  it("rejects when the start does, and records it", async () => {
    const harness = await withSchedule();
    harness.startError = new ExecutionError("workflow_not_found", "There is no workflow report.");
    expect((await errorOf(harness.schedules.trigger("hourly"))).code).toBe("workflow_not_found");
    expect(await harness.history("hourly")).toEqual([expect.stringMatching(/^failed \(workflow_not_found/)]);
  });

  it("many times at once makes as many executions", async () => {
    const harness = await withSchedule();
    await Promise.all(Array.from({ length: 5 }, () => harness.schedules.trigger("hourly")));
    expect(new Set(harness.startedSlots).size).toBe(5);
  });
});

describe("looking at schedules", () => {
  it("lists them, the oldest first, a page at a time", async () => {
    const harness = await ScheduleHarness.create();
    await harness.saveWorkflow("other");
    for (const id of ["a", "b", "c"]) {
      await harness.schedules.create({ ...HOURLY, id, workflowId: id === "b" ? "other" : "report" });
      await harness.sleep(1);
    }
    const first = await harness.schedules.list({ limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual(["a", "b"]);
    const second = await harness.schedules.list({ limit: 2, cursor: first.nextCursor as string });
    expect([second.items.map(({ id }) => id), second.nextCursor]).toEqual([["c"], undefined]);
    expect((await harness.schedules.list({ workflowId: "other" })).items.map(({ id }) => id)).toEqual(["b"]);
    expect((await errorOf(harness.schedules.list({ limit: 0 }))).code).toBe("invalid_input");
  });

  it("reads the history newest first, a page at a time", async () => {
    const harness = await withSchedule();
    await harness.advance("5h");
    const first = await harness.schedules.history("hourly", { limit: 3 });
    const second = await harness.schedules.history("hourly", { limit: 3, cursor: first.nextCursor as string });
    expect([...first.items, ...second.items].map(({ fireAt }) => toIso(fireAt).slice(11, 13))).toEqual([
      "05",
      "04",
      "03",
      "02",
      "01",
    ]);
    expect(second.nextCursor).toBeUndefined();
    expect(first.items[0]).toMatchObject({ kind: "cron", status: "started", executionId: expect.any(String) });
  });

  it("previews slots of an expression and of a schedule", async () => {
    const { schedules } = await withSchedule({ startAt: "2025-01-02", endAt: "2025-01-02T01:00:00Z", paused: true });
    const daily = await schedules.next(
      { cron: "0 9 * * *", timeZone: "Europe/Berlin" },
      { count: 2, from: "2025-03-29" },
    );
    expect(daily.map(toIso)).toEqual(["2025-03-29T08:00:00Z", "2025-03-30T07:00:00Z"]);
    expect(await schedules.next({ cron: "@hourly" })).toHaveLength(5);
    expect((await schedules.next("hourly", { count: 9 })).map(toIso)).toEqual([
      "2025-01-02T00:00:00Z",
      "2025-01-02T01:00:00Z",
    ]);
    for (const options of [{ count: 0 }, { count: 1_001 }, { from: "x" }])
      expect((await errorOf(schedules.next({ cron: "@daily" }, options))).code).toBe("invalid_schedule");
  });
});
