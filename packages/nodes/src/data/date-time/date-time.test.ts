import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { dateTime } from "./date-time.js";

const NOW = Date.parse("2026-03-01T12:00:00.500Z");
const run = (parameters: Record<string, unknown>, input?: unknown) =>
  runNode(dateTime, { parameters, input, now: NOW });
const fail = (parameters: Record<string, unknown>, input?: unknown) => failureOf(dateTime, { parameters, input });
const berlin = { timezone: "Europe/Berlin" };

describe("date_time", () => {
  it("tells the time of the engine's clock, and is recorded for it", async () => {
    expect(await run({ operation: "now" })).toBe("2026-03-01T12:00:00.500Z");
    expect(await run({ operation: "now", ...berlin })).toBe("2026-03-01T13:00:00.500+01:00");
    expect(await run({ operation: "now", format: "unix" })).toBe(1772366400);
    const { effects } = dateTime;
    expect(typeof effects === "function" && effects({ operation: "now" })).toBe("idempotent");
    expect(typeof effects === "function" && effects({ operation: "add" })).toBe("pure");
  });

  it.each([
    ["2026-01-31", "UTC", "2026-01-31T00:00:00.000Z"],
    ["2026-01-31", "Europe/Berlin", "2026-01-31T00:00:00.000+01:00"],
    ["2026-01-31T09:30", "America/New_York", "2026-01-31T09:30:00.000-05:00"],
    ["2026-01-31 09:30:15.1239+0530", "UTC", "2026-01-31T04:00:15.123Z"],
    ["Sat, 31 Jan 2026 09:30:00 GMT", "Asia/Kolkata", "2026-01-31T15:00:00.000+05:30"],
    [0, "UTC", "1970-01-01T00:00:00.000Z"],
    ["2026-12-31T24:00:00Z", "UTC", "2027-01-01T00:00:00.000Z"],
    ["0001-01-01", "UTC", "0001-01-01T00:00:00.000Z"],
  ])("parses %s in %s", async (value, timezone, expected) => {
    expect(await run({ operation: "parse", value, timezone })).toBe(expected);
  });

  it.each([
    "2026-02-30",
    "2026-13-01",
    "2026-01-01T25:00:00Z",
    "tomorrow",
    "",
    " ",
    "1",
    "2026-1-1",
    "10000-01-01",
    "2026-01-01T00:00:00+99:00",
    "x".repeat(100_000),
    null,
    {},
    [],
    true,
    1e300,
    -1e15,
  ])("refuses %j", async (value) => {
    expect((await fail({ operation: "parse", value })).code).toBe("invalid_input");
  });

  it.each([
    ["31.12.2025 18:05", "dd.MM.yyyy HH:mm", "2025-12-31T18:05:00.000+01:00"],
    ["12/31/25 6:05 pm", "M/d/yy h:mm a", "2025-12-31T18:05:00.000+01:00"],
    ["12:00 AM 1 Jul 2025", "hh:mm a d MMM yyyy", "2025-07-01T00:00:00.000+02:00"],
    ["Mon, 4 August 2025 at 10:00 +0000", "EEE, d MMMM yyyy 'at' HH:mm ZZZ", "2025-08-04T12:00:00.000+02:00"],
    ["1769851800", "unix", "2026-01-31T10:30:00.000+01:00"],
    ["2025-07-01", "date", "2025-07-01T00:00:00.000+02:00"],
  ])("parses %s written as %s", async (value, format, expected) => {
    expect(await run({ operation: "parse", value, format, ...berlin })).toBe(expected);
  });

  it("refuses text that is not in its pattern, dates that do not exist, and patterns that take for ever", async () => {
    expect((await fail({ operation: "parse", value: "31.02.2025", format: "dd.MM.yyyy" })).code).toBe("invalid_input");
    expect((await fail({ operation: "parse", value: "2025", format: "dd.MM.yyyy" })).code).toBe("invalid_input");
    expect((await fail({ operation: "parse", value: "10:00", format: "HH:mm" })).code).toBe("invalid_input");
    expect((await fail({ operation: "parse", value: "1".repeat(150), format: "dM".repeat(60) })).code).toBe(
      "invalid_input",
    );
  });

  it("formats, names in English and text in apostrophes", async () => {
    const value = "2026-07-04T05:06:07.089Z";
    const write = (format: string) => run({ operation: "format", value, format, timezone: "America/New_York" });
    expect(await write("EEEE, d MMMM yyyy 'at' h:mm a")).toBe("Saturday, 4 July 2026 at 1:06 AM");
    expect(await write("yy-M-d H.m.s.SSS ZZ ZZZ EEE MMM ''")).toBe("26-7-4 1.6.7.089 -04:00 -0400 Sat Jul '");
    expect(await write("time")).toBe("01:06:07");
    expect(await write("unix_ms")).toBe(Date.parse(value));
    expect(await run({ operation: "format", value, timezone: "America/New_York" })).toBe(
      "2026-07-04T01:06:07.089-04:00",
    );
  });

  it("adds by the calendar of the zone", async () => {
    const add = (value: string, amount: number, unit: string) =>
      run({ operation: "add", value, amount, unit, ...berlin });
    expect(await add("2026-01-31T09:30:00+01:00", 1, "month")).toBe("2026-02-28T09:30:00.000+01:00");
    expect(await add("2024-02-29T00:00:00+01:00", 1, "years")).toBe("2025-02-28T00:00:00.000+01:00");
    expect(await add("2025-11-30T10:00", 1, "quarter")).toBe("2026-02-28T10:00:00.000+01:00");
    // Clocks go forward on 29 March 2026 at 02:00 and back on 25 October 2026 at 03:00.
    expect(await add("2026-03-28T12:00", 1, "day")).toBe("2026-03-29T12:00:00.000+02:00");
    expect(await add("2026-03-28T12:00", 24, "hours")).toBe("2026-03-29T13:00:00.000+02:00");
    expect(await add("2026-03-28T02:30", 1, "day")).toBe("2026-03-29T03:30:00.000+02:00");
    expect(await add("2026-10-24T02:30", 1, "day")).toBe("2026-10-25T02:30:00.000+02:00");
    expect(await run({ operation: "subtract", value: "2026-03-29T12:00", amount: 1, unit: "week", ...berlin })).toBe(
      "2026-03-22T12:00:00.000+01:00",
    );
    expect(await add("2026-01-01T00:00:00Z", 0.5, "hour")).toBe("2026-01-01T01:30:00.000+01:00");
    expect((await fail({ operation: "add", value: "2026-01-01", amount: 0.5, unit: "month" })).code).toBe(
      "invalid_input",
    );
    expect((await fail({ operation: "add", value: "2026-01-01", amount: 1e15, unit: "year", ...berlin })).code).toBe(
      "invalid_input",
    );
  });

  it("finds starts and ends, also of days that are not 24 hours long", async () => {
    const find = (operation: string, unit: string, value = "2026-03-29T12:00") =>
      run({ operation, value, unit, ...berlin });
    expect(await find("start_of", "day")).toBe("2026-03-29T00:00:00.000+01:00");
    expect(await find("end_of", "day")).toBe("2026-03-29T23:59:59.999+02:00");
    expect(await find("start_of", "week")).toBe("2026-03-23T00:00:00.000+01:00");
    expect(await find("end_of", "week")).toBe("2026-03-29T23:59:59.999+02:00");
    expect(await find("end_of", "month", "2024-02-10")).toBe("2024-02-29T23:59:59.999+01:00");
    expect(await find("start_of", "quarter", "2026-12-31")).toBe("2026-10-01T00:00:00.000+02:00");
    expect(await find("end_of", "year")).toBe("2026-12-31T23:59:59.999+01:00");
    expect(await find("start_of", "hour", "2026-01-01T10:59:59.999")).toBe("2026-01-01T10:00:00.000+01:00");
  });

  it("measures differences", async () => {
    const between = (value: string, to: string, unit?: string) =>
      run({ operation: "difference", value, to, unit, ...berlin });
    expect(await between("2026-01-01", "2026-01-03")).toBe(2);
    expect(await between("2026-03-28T12:00", "2026-03-29T12:00", "hour")).toBe(23);
    expect(await between("2026-03-28T12:00", "2026-03-29T12:00", "day")).toBe(1);
    expect(await between("2026-01-31", "2026-02-28", "month")).toBe(1);
    expect(await between("2026-01-31", "2026-02-27", "month")).toBe(0);
    expect(await between("2026-02-28", "2024-02-28", "year")).toBe(-2);
    expect(await between("2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z", "minutes")).toBe(1.5);
  });

  it("takes years and days in capitals too", async () => {
    const value = "2026-03-09T00:00:00Z";
    expect(await run({ operation: "format", value, format: "YYYY-MM-DD D.M.YY" })).toBe("2026-03-09 9.3.26");
    expect(await run({ operation: "parse", value: "09/03/2026", format: "DD/MM/YYYY" })).toBe(
      "2026-03-09T00:00:00.000Z",
    );
  });

  it("converts zones", async () => {
    expect(await run({ operation: "convert", value: "2026-07-01T00:00:00Z", timezone: "Asia/Kathmandu" })).toBe(
      "2026-07-01T05:45:00.000+05:45",
    );
    expect((await fail({ operation: "convert", value: 0, timezone: "Mars/Olympus" })).code).toBe("invalid_input");
  });

  it("asks for the parameters that an operation needs", () => {
    const isRefused = (parameters: unknown) => dateTime.parameterSchema?.safeParse(parameters).success === false;
    expect(isRefused({ operation: "add", unit: "day" })).toBe(true);
    expect(isRefused({ operation: "add", amount: 1 })).toBe(true);
    expect(isRefused({ operation: "difference" })).toBe(true);
    expect(isRefused({ operation: "start_of" })).toBe(true);
    expect(isRefused({ operation: "start_of", unit: "fortnight" })).toBe(true);
  });

  it("reads back every instant that it writes, in every zone", async () => {
    const zones = [
      "UTC",
      "Europe/Berlin",
      "America/St_Johns",
      "Pacific/Apia",
      "Australia/Lord_Howe",
      "Africa/Casablanca",
    ];
    const instants = fc.integer({ min: Date.parse("1950-01-01"), max: Date.parse("2100-01-01") });
    await fc.assert(
      fc.asyncProperty(instants, fc.constantFrom(...zones), async (instant, timezone) => {
        const written = await run({ operation: "convert", value: instant, timezone });
        expect(Math.abs(Date.parse(written as string) - instant)).toBeLessThan(60_000);
        const start = (await run({ operation: "start_of", unit: "day", value: instant, timezone })) as string;
        const end = (await run({ operation: "end_of", unit: "day", value: instant, timezone })) as string;
        expect(Date.parse(start)).toBeLessThanOrEqual(instant);
        expect(Date.parse(end)).toBeGreaterThanOrEqual(instant);
      }),
      { numRuns: 200 },
    );
  });
});
