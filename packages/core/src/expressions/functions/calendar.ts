/* The calendar in UTC. */
import { toText } from "../value-text.js";
import type { FunctionContext } from "./function-table.js";

/** A unit of time. */
export type DateUnit = "millisecond" | "second" | "minute" | "hour" | "day" | "week" | "month" | "year";

const UNIT_MS = {
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
} as const;

const UNITS: ReadonlySet<string> = new Set([...Object.keys(UNIT_MS), "month", "year"]);
const MONTHS_PER_YEAR = 12;

/** Reads a unit, in the singular or plural. */
export function unitOf(value: unknown, context: FunctionContext): DateUnit {
  const unit = toText(value, context).toLowerCase().replace(/s$/, "");
  if (UNITS.has(unit)) return unit as DateUnit;
  return context.fail("expression_failed", `units of time are ${[...UNITS].join(", ")}`);
}

/** Adds units to an instant. Months and years keep the day, or take the last of a shorter month. */
export function addToDate(instant: number, count: number, unit: DateUnit): number {
  if (unit !== "month" && unit !== "year") return instant + Math.round(count * UNIT_MS[unit]);
  const date = new Date(instant);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + Math.trunc(count) * (unit === "year" ? MONTHS_PER_YEAR : 1));
  date.setUTCDate(Math.min(day, daysInMonth(date)));
  return date.getTime();
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** The first instant of the unit an instant is in; weeks start on Monday. */
export function startOf(instant: number, unit: DateUnit): number {
  const date = new Date(instant);
  if (unit === "year") return startOfMonth(date, 0);
  if (unit === "month") return startOfMonth(date, date.getUTCMonth());
  if (unit !== "week") return Math.floor(instant / UNIT_MS[unit]) * UNIT_MS[unit];
  const startOfDay = Math.floor(instant / UNIT_MS.day) * UNIT_MS.day;
  return startOfDay - (isoWeekday(date) - 1) * UNIT_MS.day;
}

function startOfMonth(date: Date, month: number): number {
  const start = new Date(0);
  return start.setUTCFullYear(date.getUTCFullYear(), month, 1);
}

function isoWeekday(date: Date): number {
  return date.getUTCDay() || 7;
}

/** How many units lie between two instants, with a fraction; whole ones for months and years. */
export function differenceOf(from: number, to: number, unit: DateUnit): number {
  if (unit !== "month" && unit !== "year") return (to - from) / UNIT_MS[unit];
  if (to < from) return -differenceOf(to, from, unit) || 0;
  const [start, end] = [new Date(from), new Date(to)];
  const months =
    (end.getUTCFullYear() - start.getUTCFullYear()) * MONTHS_PER_YEAR + end.getUTCMonth() - start.getUTCMonth();
  const whole = addToDate(from, months, "month") > to ? months - 1 : months;
  return unit === "year" ? Math.trunc(whole / MONTHS_PER_YEAR) : whole;
}

const PARTS: ReadonlyMap<string, (date: Date) => number> = new Map([
  ["year", (date: Date) => date.getUTCFullYear()],
  ["month", (date: Date) => date.getUTCMonth() + 1],
  ["day", (date: Date) => date.getUTCDate()],
  ["weekday", isoWeekday],
  ["hour", (date: Date) => date.getUTCHours()],
  ["minute", (date: Date) => date.getUTCMinutes()],
  ["second", (date: Date) => date.getUTCSeconds()],
  ["millisecond", (date: Date) => date.getUTCMilliseconds()],
]);

/** One part of a date in UTC; months count from 1, weekdays from Monday, 1, to Sunday, 7. */
export function partOf(instant: number, part: string, context: FunctionContext): number {
  const read = PARTS.get(part);
  if (read !== undefined) return read(new Date(instant));
  return context.fail("expression_failed", `parts of a date are ${[...PARTS.keys()].join(", ")}`);
}
