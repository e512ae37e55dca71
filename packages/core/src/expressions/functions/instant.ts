import { describeKind } from "../value-kind.js";
import type { FunctionContext } from "./function-table.js";

const MAX_DATE_LENGTH = 64;
const ISO_DATE =
  /^([+-]\d{6}|\d{4})-(\d{2})(?:-(\d{2}))?(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;
const MAIL_DATE = /^(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}(?::\d{2})? (?:GMT|UT|UTC|[+-]\d{4})$/;
const MINUTE_MS = 60_000;

/**
 * Milliseconds since 1970 of an ISO 8601 text, a date of mail and HTTP headers, or milliseconds themselves. A text
 * without an offset is UTC, whatever the time zone of the machine.
 */
export function instantOf(value: unknown, context: FunctionContext): number {
  const instant = parseInstant(value);
  if (instant !== undefined && Math.abs(instant) <= MAX_INSTANT_MS) return instant;
  const message = `${describeKind(value)} is not a date; write it as 2026-01-31 or 2026-01-31T09:30:00Z`;
  return context.fail("expression_failed", message);
}

/** Largest distance from 1970 a date can have. */
const MAX_INSTANT_MS = 8.64e15;

/** Milliseconds of a date, or undefined when the value is none. */
export function parseInstant(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? Math.trunc(value) : undefined;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
  if (typeof value !== "string" || value.length > MAX_DATE_LENGTH) return undefined;
  const text = value.trim();
  if (MAIL_DATE.test(text)) return validOnly(Date.parse(text));
  const parts = ISO_DATE.exec(text);
  return parts === null ? undefined : instantOfParts(parts);
}

function instantOfParts(parts: RegExpExecArray): number | undefined {
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) =>
    Number(parts[group] ?? Number.NaN),
  );
  const milliseconds = Number((parts[7] ?? "").padEnd(3, "0").slice(0, 3));
  const fields: CalendarFields = {
    year: year ?? 0,
    month: month ?? 1,
    day: orElse(day, 1),
    hour: orElse(hour, 0),
    minute: orElse(minute, 0),
    second: orElse(second, 0),
    millisecond: milliseconds,
  };
  const instant = fromCalendar(fields);
  return instant === undefined ? undefined : instant - offsetMs(parts[8]);
}

function orElse(number: number | undefined, otherwise: number): number {
  return number === undefined || Number.isNaN(number) ? otherwise : number;
}

/** A date and time of day, months and days counted from 1. */
export interface CalendarFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

/** The instant of a UTC date that exists; undefined for the 31st of February and such. */
export function fromCalendar(fields: CalendarFields): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(fields.year, fields.month - 1, fields.day);
  if (date.getUTCMonth() !== fields.month - 1 || date.getUTCDate() !== fields.day) return undefined;
  if (fields.hour > 24 || fields.minute > 59 || fields.second > 60) return undefined;
  date.setUTCHours(fields.hour, fields.minute, fields.second, fields.millisecond);
  return validOnly(date.getTime());
}

function offsetMs(offset: string | undefined): number {
  if (offset === undefined || offset.toUpperCase() === "Z") return 0;
  const digits = offset.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (offset.startsWith("-") ? -minutes : minutes) * MINUTE_MS;
}

function validOnly(instant: number): number | undefined {
  return Number.isNaN(instant) ? undefined : instant;
}

/** The ISO 8601 text of an instant, in UTC. */
export function toIso(instant: number, context: FunctionContext): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) context.fail("expression_failed", "the date is outside of what can be written");
  return date.toISOString();
}
