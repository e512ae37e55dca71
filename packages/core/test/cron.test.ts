import { describe, expect, it } from "vitest";
import { Cron } from "../src/coordination/schedules/cron/cron.js";
import { toIso } from "./support/schedule-harness.js";

interface Question {
  readonly cron: string;
  readonly timeZone?: string;
  readonly after: string;
  readonly count?: number;
}

const slotsOf = ({ cron, timeZone = "UTC", after, count = 3 }: Question): readonly string[] =>
  new Cron({ cron, timeZone }).list(Date.parse(after), count).map(toIso);

const refusal = (cron: unknown, timeZone: unknown = "UTC"): unknown => {
  try {
    return new Cron({ cron: cron as string, timeZone: timeZone as string }).next(0);
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
};

describe("a cron expression", () => {
  it.each([
    ["@yearly", "0 0 1 1 *"],
    ["@annually", "0 0 1 1 *"],
    ["@monthly", "0 0 1 * *"],
    ["@weekly", "0 0 * * 0"],
    ["@Daily", "0 0 * * *"],
    ["@midnight", "0 0 * * *"],
    ["@hourly", "0 * * * *"],
    ["0 0 * * 0-7", "0 0 * * *"],
    ["0 0 * * 7", "0 0 * * SUN"],
    ["0 0 * * 1/2", "0 0 * * 1,3,5"],
    ["0 22-2 * * *", "0 22,23,0,1,2 * * *"],
    ["0 0 1 nov-feb *", "0 0 1 11,12,1,2 *"],
    ["0 0 * * fri-mon", "0 0 * * 5,6,0,1"],
    ["0 0 1 * ?", "0 0 1 * *"],
    ["0 30 12 * * *", "30 12 * * *"],
    ["0 30 12 * * * *", "30 12 * * *"],
    ["  5\t5  * * * ", "5 5 * * *"],
  ])("%s means %s", (cron, same) => {
    const after = "2024-10-30T00:00:00Z";
    expect(slotsOf({ cron, after, count: 30 })).toEqual(slotsOf({ cron: same, after, count: 30 }));
  });

  it("with both day fields set matches when either does", () => {
    expect(slotsOf({ cron: "0 0 13 * FRI", after: "2024-09-10T00:00:00Z", count: 4 })).toEqual([
      "2024-09-13T00:00:00Z",
      "2024-09-20T00:00:00Z",
      "2024-09-27T00:00:00Z",
      "2024-10-04T00:00:00Z",
    ]);
  });

  it("counts days from the end of the month, and knows the working day nearest to one", () => {
    expect(slotsOf({ cron: "0 0 L-2 * *", after: "2024-02-01T00:00:00Z", count: 2 })).toEqual([
      "2024-02-27T00:00:00Z",
      "2024-03-29T00:00:00Z",
    ]);
    // Saturday the 1st goes on to Monday the 3rd; Sunday the 30th, the last, back to Friday the 28th.
    expect(slotsOf({ cron: "0 0 1W * *", after: "2024-05-31T00:00:00Z", count: 1 })).toEqual(["2024-06-03T00:00:00Z"]);
    expect(slotsOf({ cron: "0 0 LW * *", after: "2024-06-04T00:00:00Z", count: 1 })).toEqual(["2024-06-28T00:00:00Z"]);
    expect(slotsOf({ cron: "0 0 L-1W * *", after: "2024-06-04T00:00:00Z", count: 1 })).toEqual([
      "2024-06-28T00:00:00Z",
    ]);
  });

  it("takes lists of the last and the nth weekdays", () => {
    expect(slotsOf({ cron: "0 0 * * 1#2,FRIL", after: "2024-05-01T00:00:00Z", count: 3 })).toEqual([
      "2024-05-13T00:00:00Z",
      "2024-05-31T00:00:00Z",
      "2024-06-10T00:00:00Z",
    ]);
  });

  it("ends with its last year", () => {
    expect(slotsOf({ cron: "0 0 0 1 6 * 2024-2025", after: "2024-01-01T00:00:00Z", count: 9 })).toEqual([
      "2024-06-01T00:00:00Z",
      "2025-06-01T00:00:00Z",
    ]);
  });

  it("finds days that are decades apart", () => {
    expect(slotsOf({ cron: "0 0 29 2 *", after: "2096-03-01T00:00:00Z", count: 1 })).toEqual(["2104-02-29T00:00:00Z"]);
    expect(slotsOf({ cron: "0 0 * 2 6#5", after: "2025-01-01T00:00:00Z", count: 2 })).toEqual([
      "2048-02-29T00:00:00Z",
      "2076-02-29T00:00:00Z",
    ]);
  });

  it.each([
    ["0 0 30 2 *"],
    ["0 0 31W 11 *"],
    ["0 0 0 29 2 * 2023"],
    ["0 0 * * 1#6"],
    ["1 2 3"],
    ["* * * * * * * *"],
    [""],
    ["   "],
    [`0 0 * * ${"1,".repeat(2_000)}1`],
    ["0 0 * * __proto__"],
    ["@constructor"],
    [null],
    [5],
  ])("%j is refused", (cron) => expect(refusal(cron)).toBe("invalid_schedule"));

  it.each(["Mars/Olympus", "", "+02:00", "UTC+1", null, 3])("the zone %j is refused", (timeZone) => {
    expect(refusal("@daily", timeZone)).toBe("invalid_schedule");
  });

  it("fires between whole seconds never, and after a slot always later", () => {
    const cron = new Cron({ cron: "* * * * * *", timeZone: "Asia/Kolkata" });
    expect([cron.next(999), cron.next(1_000), cron.next(1_001), cron.next(-1)]).toEqual([1_000, 2_000, 2_000, 0]);
  });
});

describe("when the clock goes forward", () => {
  const timeZone = "Europe/Berlin";
  // 02:00 → 03:00, which is 01:00 UTC.
  const after = "2025-03-30T00:00:00Z";

  it.each([
    [
      "a fixed time in the gap fires once, right after it",
      "30 2 * * *",
      ["2025-03-30T01:00:00Z", "2025-03-31T00:30:00Z"],
    ],
    ["so do several", "0,15,30 2 * * *", ["2025-03-30T01:00:00Z", "2025-03-31T00:00:00Z"]],
    ["so does the start of the gap", "0 2 * * *", ["2025-03-30T01:00:00Z", "2025-03-31T00:00:00Z"]],
    ["it falls together with a slot there", "0 2,3 * * *", ["2025-03-30T01:00:00Z", "2025-03-31T00:00:00Z"]],
    ["a step of a named hour fires once too", "*/10 2 * * *", ["2025-03-30T01:00:00Z", "2025-03-31T00:00:00Z"]],
    ["a minute of every hour makes up for nothing", "30 * * * *", ["2025-03-30T00:30:00Z", "2025-03-30T01:30:00Z"]],
    ["nor does a step of hours", "0 */2 * * *", ["2025-03-30T02:00:00Z", "2025-03-30T04:00:00Z"]],
    ["a step of minutes goes on", "*/30 * * * *", ["2025-03-30T00:30:00Z", "2025-03-30T01:00:00Z"]],
    ["a day's slot is made up for years later", "30 2 30 3 *", ["2025-03-30T01:00:00Z", "2026-03-30T00:30:00Z"]],
  ])("%s: %s", (_, cron, expected) => {
    expect(slotsOf({ cron, timeZone, after, count: 2 })).toEqual(expected);
  });

  it("finds the gap at the end of a long way", () => {
    expect(slotsOf({ cron: "30 2 30 3 *", timeZone, after: "2024-04-01T00:00:00Z", count: 1 })).toEqual([
      "2025-03-30T01:00:00Z",
    ]);
  });

  it("knows gaps at midnight, of half an hour and of a whole day", () => {
    expect(
      slotsOf({ cron: "0 0 * * *", timeZone: "America/Santiago", after: "2024-09-07T12:00:00Z", count: 2 }),
    ).toEqual(["2024-09-08T04:00:00Z", "2024-09-09T03:00:00Z"]);
    expect(
      slotsOf({ cron: "15 2 * * *", timeZone: "Australia/Lord_Howe", after: "2024-10-05T00:00:00Z", count: 1 }),
    ).toEqual(["2024-10-05T15:30:00Z"]);
    // The 30th of December 2011 did not take place in Samoa.
    expect(
      slotsOf({ cron: "0 12 30 12 *", timeZone: "Pacific/Apia", after: "2011-01-01T00:00:00Z", count: 2 }),
    ).toEqual(["2011-12-30T10:00:00Z", "2012-12-29T22:00:00Z"]);
  });
});

describe("when the clock goes back", () => {
  const timeZone = "America/New_York";
  // 02:00 → 01:00, which is 06:00 UTC.
  const after = "2025-11-02T04:30:00Z";

  it.each([
    ["a fixed time fires in the first pass", "30 1 * * *", ["2025-11-02T05:30:00Z", "2025-11-03T06:30:00Z"]],
    [
      "so does each of a list",
      "0,30 1 * * *",
      ["2025-11-02T05:00:00Z", "2025-11-02T05:30:00Z", "2025-11-03T06:00:00Z"],
    ],
    [
      "so does each of a range",
      "0 0-2 * * *",
      ["2025-11-02T05:00:00Z", "2025-11-02T07:00:00Z", "2025-11-03T05:00:00Z"],
    ],
    [
      "a minute of every hour fires in both",
      "30 * * * *",
      ["2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z", "2025-11-02T07:30:00Z"],
    ],
    ["so does a step", "*/30 1 * * *", ["2025-11-02T05:00:00Z", "2025-11-02T05:30:00Z", "2025-11-02T06:00:00Z"]],
    ["the hour after it comes once", "0 2 * * *", ["2025-11-02T07:00:00Z", "2025-11-03T07:00:00Z"]],
  ])("%s: %s", (_, cron, expected) => {
    expect(slotsOf({ cron, timeZone, after, count: expected.length })).toEqual(expected);
  });

  it("a fixed time is over for who asks in the second pass", () => {
    expect(slotsOf({ cron: "30 1 * * *", timeZone, after: "2025-11-02T06:10:00Z", count: 1 })).toEqual([
      "2025-11-03T06:30:00Z",
    ]);
  });

  it("a step of that day alone repeats before it waits for a year", () => {
    expect(slotsOf({ cron: "*/30 1 2 11 *", timeZone, after: "2025-11-02T05:30:00Z", count: 3 })).toEqual([
      "2025-11-02T06:00:00Z",
      "2025-11-02T06:30:00Z",
      "2026-11-02T06:00:00Z",
    ]);
  });
});

describe("a year of slots", () => {
  // Zones with half-hour changes, changes at midnight, two pairs of changes a year, and none.
  it.each(["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "Asia/Kathmandu"])(
    "rises, and each slot but one made up shows its own wall-clock time: %s",
    (timeZone) => {
      const show = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
      const daily = new Cron({ cron: "30 2 * * *", timeZone }).list(Date.UTC(2024, 0, 1, 12), 365);
      const gaps = daily.map((slot, index) => slot - (daily[index - 1] ?? Number.NEGATIVE_INFINITY));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(22 * 3_600_000);
      expect(Math.max(...gaps.slice(1))).toBeLessThanOrEqual(26 * 3_600_000);
      expect(daily.filter((slot) => show.format(slot) !== "02:30").length).toBeLessThanOrEqual(2);
    },
  );

  it("of every half hour has no hole and no double, whatever the clock does", () => {
    const slots = new Cron({ cron: "*/30 * * * *", timeZone: "Europe/Berlin" }).list(Date.UTC(2024, 0, 1), 17_568);
    expect(slots.every((slot, index) => index === 0 || slot - (slots[index - 1] as number) === 1_800_000)).toBe(true);
  });
});
