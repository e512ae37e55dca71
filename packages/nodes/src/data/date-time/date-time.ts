import { defineNode, FatalNodeError, z } from "@automatrix/core";
import { addTime, differenceOf, endOf, startOf, UNITS, type Unit } from "./calendar.js";
import { MAX_PATTERN_LENGTH, readPattern, writePattern } from "./date-pattern.js";
import { parseIsoText, requireInRange, toIsoText } from "./iso-text.js";
import { TimeZone } from "./time-zone.js";

const OPERATIONS = [
  "now",
  "parse",
  "format",
  "add",
  "subtract",
  "difference",
  "start_of",
  "end_of",
  "convert",
] as const;
const MAX_AMOUNT = 1e15;
const FORMATS_WITH_NAMES: ReadonlyMap<string, string> = new Map([
  ["date", "yyyy-MM-dd"],
  ["time", "HH:mm:ss"],
  ["unix", "X"],
  ["unix_ms", "x"],
]);

interface DateTimeParameters {
  readonly operation: (typeof OPERATIONS)[number];
  readonly value?: unknown;
  readonly to?: unknown;
  readonly timezone: string;
  readonly format?: string | undefined;
  readonly amount?: number | undefined;
  readonly unit?: Unit | undefined;
}

/** Reads, writes and reckons with dates, in any time zone. */
export const dateTime = defineNode({
  type: "date_time",
  label: "Date and time",
  description:
    "The time now; reads and writes dates, adds, subtracts and compares them, finds the start and end of a unit, converts zones.",
  category: "data",
  effects: ({ operation }) => (operation === "now" ? "idempotent" : "pure"),
  parameters: () =>
    z
      .object({
        operation: z.enum(OPERATIONS).describe("What to do."),
        value: z
          .unknown()
          .optional()
          .describe(
            "The date: ISO 8601 text, milliseconds since 1970, or with parse text in `format`. The input when left out.",
          ),
        to: z
          .unknown()
          .optional()
          .describe("difference: the other date; the answer is positive when it is the later one."),
        timezone: z
          .string()
          .min(1)
          .max(64)
          .default("UTC")
          .describe(
            "IANA zone such as Europe/Berlin: that of texts without an offset, of calendar units, and of the output.",
          ),
        format: z
          .string()
          .min(1)
          .max(MAX_PATTERN_LENGTH)
          .optional()
          .describe(
            "format, parse: a pattern such as `dd.MM.yyyy HH:mm` (yyyy or YYYY, yy, MMMM MMM MM M, dd or DD, d or D, EEEE EEE HH H hh h mm m ss s SSS a ZZ ZZZ X x, text in apostrophes), or iso, date, time, unix, unix_ms. Default iso.",
          ),
        amount: z.number().min(-MAX_AMOUNT).max(MAX_AMOUNT).optional().describe("add, subtract: how many units."),
        unit: z
          .preprocess((unit) => (typeof unit === "string" ? unit.toLowerCase().replace(/s$/, "") : unit), z.enum(UNITS))
          .optional()
          .describe(
            "add, subtract, difference, start_of, end_of: millisecond to year; days and longer follow the calendar of the zone.",
          ),
      })
      .superRefine(({ operation, amount, unit, to }, context) => {
        const need = (path: string) =>
          context.addIssue({ code: "custom", path: [path], message: `${operation} needs it.` });
        const isShift = operation === "add" || operation === "subtract";
        if (isShift && amount === undefined) need("amount");
        if (operation === "difference" && to === undefined) need("to");
        if ((isShift || operation === "start_of" || operation === "end_of") && unit === undefined) need("unit");
      }),
  example: {
    parameters: { operation: "add", amount: 1, unit: "month", timezone: "Europe/Berlin" },
    input: "2026-01-31T09:30:00+01:00",
    output: "2026-02-28T09:30:00.000+01:00",
  },
  execute({ parameters, input, clock }) {
    const given: DateTimeParameters = parameters;
    const zone = TimeZone.of(given.timezone);
    if (given.operation === "now") return writeDate(clock.now(), given.format, zone);
    const value: unknown = given.value === undefined ? input : given.value;
    if (given.operation === "parse") return toIsoText(readDate(value, given.format, zone), zone);
    return reckon(parseIsoText(value, zone), given, zone);
  },
});

function reckon(
  at: number,
  { operation, to, format, amount = 0, unit = "day" }: DateTimeParameters,
  zone: TimeZone,
): unknown {
  switch (operation) {
    case "difference":
      return differenceOf(at, parseIsoText(to, zone), { unit, zone });
    case "format":
      return writeDate(at, format, zone);
    case "add":
      return toIsoText(requireInRange(addTime(at, { amount, unit }, zone)), zone);
    case "subtract":
      return toIsoText(requireInRange(addTime(at, { amount: -amount, unit }, zone)), zone);
    case "start_of":
      return toIsoText(startOf(at, unit, zone), zone);
    case "end_of":
      return toIsoText(endOf(at, unit, zone), zone);
    default:
      return toIsoText(at, zone);
  }
}

function writeDate(instant: number, format: string | undefined, zone: TimeZone): string | number {
  if (format === undefined || format === "iso") return toIsoText(instant, zone);
  const text = writePattern(requireInRange(instant), FORMATS_WITH_NAMES.get(format) ?? format, zone);
  return format.startsWith("unix") ? Number(text) : text;
}

function readDate(value: unknown, format: string | undefined, zone: TimeZone): number {
  if (format === undefined || format === "iso") return parseIsoText(value, zone);
  if (typeof value !== "string" && typeof value !== "number") {
    throw new FatalNodeError("The value is no date: give text or a number.", { code: "invalid_input" });
  }
  return requireInRange(readPattern(String(value), FORMATS_WITH_NAMES.get(format) ?? format, zone));
}
