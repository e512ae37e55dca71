import { FatalNodeError } from "@automatrix/core";
import type { TimeZone } from "./time-zone.js";

export const UNITS = ["millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"] as const;
/** Years to milliseconds; `day` and longer are those of the calendar. */
export type Unit = (typeof UNITS)[number];

const CLOCK_MS = { millisecond: 1, second: 1_000, minute: 60_000, hour: 3_600_000 } as const;
const DAY_MS = 86_400_000;
const MONTHS = { month: 1, quarter: 3, year: 12 } as const;

/**
 * Adds to an instant: hours and less are elapsed time; days and more keep the local time of day, and months the day or
 * the last one of a shorter month.
 */
export function addTime(instant: number, { amount, unit }: { amount: number; unit: Unit }, zone: TimeZone): number {
  if (isClockUnit(unit)) return instant + Math.round(amount * CLOCK_MS[unit]);
  if (!Number.isInteger(amount)) {
    throw new FatalNodeError(`A calendar has whole ${unit}s only; give a whole amount or a shorter unit.`, {
      code: "invalid_input",
    });
  }
  return zone.toInstant(addLocal(zone.toLocal(instant), amount, unit));
}

function addLocal(local: number, amount: number, unit: Exclude<Unit, keyof typeof CLOCK_MS>): number {
  if (unit === "day") return local + amount * DAY_MS;
  if (unit === "week") return local + amount * 7 * DAY_MS;
  const date = new Date(local);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + amount * MONTHS[unit]);
  const daysInMonth = new Date(Date.UTC(2000, date.getUTCMonth() + 1, 0)).getUTCDate();
  const isShortFebruary = date.getUTCMonth() === 1 && !isLeapYear(date.getUTCFullYear());
  date.setUTCDate(Math.min(day, isShortFebruary ? 28 : daysInMonth));
  return date.getTime();
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** First instant of the unit that an instant is in. Weeks begin on Monday. */
export function startOf(instant: number, unit: Unit, zone: TimeZone): number {
  return zone.toInstant(startOfLocal(zone.toLocal(instant), unit));
}

/** Last millisecond of the unit that an instant is in. */
export function endOf(instant: number, unit: Unit, zone: TimeZone): number {
  const start = startOfLocal(zone.toLocal(instant), unit);
  const next = isClockUnit(unit) ? start + CLOCK_MS[unit] : addLocal(start, 1, unit);
  return zone.toInstant(next) - 1;
}

function startOfLocal(local: number, unit: Unit): number {
  if (isClockUnit(unit)) return Math.floor(local / CLOCK_MS[unit]) * CLOCK_MS[unit];
  const day = Math.floor(local / DAY_MS) * DAY_MS;
  const date = new Date(day);
  if (unit === "day") return day;
  if (unit === "week") return day - ((date.getUTCDay() + 6) % 7) * DAY_MS;
  const month = date.getUTCMonth();
  date.setUTCMonth(month - (month % MONTHS[unit]), 1);
  return date.getTime();
}

/** How many units lie between two instants: with a fraction up to weeks, whole ones from months on. */
export function differenceOf(from: number, to: number, { unit, zone }: { unit: Unit; zone: TimeZone }): number {
  if (isClockUnit(unit)) return (to - from) / CLOCK_MS[unit];
  const [start, end] = [zone.toLocal(from), zone.toLocal(to)];
  if (unit === "day" || unit === "week") return (end - start) / (unit === "day" ? DAY_MS : 7 * DAY_MS);
  const sign = end < start ? -1 : 1;
  return sign * Math.trunc(wholeMonths(Math.min(start, end), Math.max(start, end)) / MONTHS[unit]) || 0;
}

function wholeMonths(start: number, end: number): number {
  const [first, last] = [new Date(start), new Date(end)];
  const months = (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth();
  return addLocal(start, months, "month") > end ? months - 1 : months;
}

function isClockUnit(unit: Unit): unit is keyof typeof CLOCK_MS {
  return Object.hasOwn(CLOCK_MS, unit);
}
