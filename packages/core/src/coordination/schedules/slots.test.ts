import { describe, expect, it } from "vitest";
import type { ScheduleRecord } from "../../ports/schedule-record.js";
import { Cron } from "./cron/cron.js";
import { chooseSlots, readPassedSlots } from "./slots.js";

const MINUTE_MS = 60_000;
const cron = new Cron({ cron: "* * * * * *", timeZone: "UTC" });

const scheduleOf = (fields: Partial<ScheduleRecord>): ScheduleRecord => ({
  id: "s",
  workflowId: "w",
  cron: "* * * * * *",
  timeZone: "UTC",
  input: {},
  overlap: "allow",
  missed: "latest",
  maxMissed: 10,
  jitterMs: 0,
  startAt: null,
  endAt: null,
  isPaused: false,
  tenant: null,
  nextFireAt: 1_000,
  nextDueAt: 1_000,
  revision: 1,
  createdAt: 0,
  updatedAt: 0,
  ...fields,
});

describe("slots that have passed", () => {
  it("are taken a hundred at a time, and those left over are not late for it", () => {
    // The first was drawn ten minutes late, all after it not at all.
    const schedule = scheduleOf({ jitterMs: 10 * MINUTE_MS, nextDueAt: 10 * MINUTE_MS });
    const passed = readPassedSlots(schedule, { cron, now: 10 * MINUTE_MS, random: { next: () => 0 } });
    expect([passed.missed.length, passed.onTime.length]).toEqual([0, 100]);
    expect(passed.next).toEqual({ fireAt: 101_000, dueAt: 10 * MINUTE_MS });
  });

  it("are missed from a minute on", () => {
    const { missed, onTime, next } = readPassedSlots(scheduleOf({ maxMissed: 2 }), {
      cron,
      now: 2 * MINUTE_MS,
      random: { next: () => 0 },
    });
    expect(missed).toEqual([59_000, 60_000]);
    expect([onTime[0], onTime.at(-1), onTime.length]).toEqual([61_000, 120_000, 60]);
    expect(next).toEqual({ fireAt: 121_000, dueAt: 121_000 });
  });

  it.each([
    ["skip", [false, false, true]],
    ["latest", [false, false, true]],
    ["all", [true, true, true]],
  ] as const)("are chosen by the policy %s", (policy, fired) => {
    const chosen = chooseSlots({ missed: [1, 2], onTime: [3], next: null }, policy);
    expect(chosen.map(({ isFired }) => isFired)).toEqual(fired);
    expect(chooseSlots({ missed: [], onTime: [3, 4], next: null }, policy).every(({ isFired }) => isFired)).toBe(true);
  });
});
