import { CronExpressionParser } from "cron-parser";
import { describe, expect, it } from "vitest";
import { Cron } from "../src/coordination/schedules/cron/cron.js";
import { describeSharedData } from "./support/describe-shared-data.js";
import { toIso } from "./support/schedule-harness.js";
import { readSharedJson } from "./support/shared-data.js";

interface NextRow {
  readonly expr: string;
  readonly tz: string;
  readonly from: string;
  readonly inclusive: boolean;
  readonly expected: string;
}

interface InvalidRow {
  readonly expr: string;
  readonly badField: string;
}

/** Rows of the invalid ones that are valid by every rule and every library: two of them are in next.json as well. */
const NOT_INVALID: readonly string[] = ["0 * * * * *", "59 * * * * *", "0 * * * *", "59 * * * *", "* 23 * * *"];

/** Our names of the fields that the rows name. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  Seconds: "second",
  Minutes: "minute",
  Hours: "hour",
  "Days of month": "day of month",
  Months: "month",
  "Days of week": "day of week",
  "between 1 and 59": "minute",
};

const next = (cron: string, timeZone: string, after: number): number | null => new Cron({ cron, timeZone }).next(after);

describeSharedData("the next slot after an instant", "cron/next.json", () => {
  const rows = readSharedJson<readonly NextRow[]>("cron/next.json");

  it("has 398 rows", () => expect(rows).toHaveLength(398));

  it.each(rows)(
    "of $expr in $tz from $from (inclusive: $inclusive) is $expected",
    ({ expr, tz, from, inclusive, expected }) => {
      const slot = next(expr, tz, Date.parse(from) - (inclusive ? 1 : 0));
      expect(slot === null ? null : toIso(slot)).toBe(expected);
    },
  );
});

describeSharedData("an invalid expression", "cron/invalid.json", () => {
  const rows = readSharedJson<readonly InvalidRow[]>("cron/invalid.json");
  const refused = rows.filter(({ expr }) => !NOT_INVALID.includes(expr.trim()));

  it("is one of 197, of which five are valid", () => expect([rows.length, refused.length]).toEqual([197, 192]));

  it.each(refused)("$expr is refused, naming the field: $badField", ({ expr, badField }) => {
    const field = FIELD_NAMES[badField];
    expect(() => new Cron({ cron: expr, timeZone: "UTC" })).toThrow(
      expect.objectContaining({
        code: "invalid_schedule",
        message: expect.stringMatching(field === undefined ? /./ : new RegExp(`^The ${field} of the cron expression`)),
      }),
    );
  });

  it.each(NOT_INVALID)("%s is taken", (cron) => expect(new Cron({ cron, timeZone: "UTC" }).next(0)).not.toBeNull());
});

describeSharedData("an expression that never matches", "cron/unreachable.json", () => {
  const rows = readSharedJson<readonly { readonly expr: string }[]>("cron/unreachable.json");

  it.each(rows)("$expr is refused at once", ({ expr }) => {
    const startedAt = performance.now();
    expect(() => new Cron({ cron: expr, timeZone: "America/New_York" })).toThrow(
      expect.objectContaining({ code: "invalid_schedule", message: expect.stringContaining("never matches") }),
    );
    // 4,812 months are looked at, in about a millisecond; a search second by second would take minutes.
    expect(performance.now() - startedAt).toBeLessThan(250);
  });
});

describeSharedData("equivalent expressions", "cron/equivalent.json", () => {
  const rows = readSharedJson<readonly (readonly [string, string])[]>("cron/equivalent.json");

  it.each(rows)("%s and %s have the same slots", (one, other) => {
    const newYear = Date.UTC(2023, 11, 31, 23, 58);
    const leapDay = Date.UTC(2024, 1, 28, 23, 58);
    for (const after of [newYear, leapDay]) {
      const [slots, same] = [one, other].map((cron) => new Cron({ cron, timeZone: "UTC" }).list(after, 3_000));
      expect(slots).toEqual(same);
    }
  });
});

describe("another implementation", () => {
  it.each([
    "* * * * *",
    "*/7 * * * *",
    "15,45 8-18 * * 1-5",
    "0 0 1 */2 *",
    "0 12 13 * 5",
    "30 4 1,15 * *",
    "0 0 29 2 *",
    "0 9 * * 1#1",
    "0 18 * * 5L",
    "0 0 L * *",
    "10,20 30 6 * 3-9 SUN,TUE",
  ])("has the same slots of %s where no clock changes", (cron) => {
    const currentDate = new Date("2023-11-29T10:11:12Z");
    const other = CronExpressionParser.parse(cron, { currentDate, tz: "UTC" });
    const expected = Array.from({ length: 40 }, () => other.next().getTime());
    expect(new Cron({ cron, timeZone: "UTC" }).list(currentDate.getTime(), 40)).toEqual(expected);
  });
});
