import { FatalNodeError } from "@automatrix/core";
import type { TimeZone } from "./time-zone.js";

const MAX_TEXT_LENGTH = 64;
const ISO =
  /^(\d{4})-(\d{2})(?:-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?)?$/;
const MAIL_DATE = /^(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}(?::\d{2})? (?:GMT|UT|UTC|[+-]\d{4})$/;
const MINUTE_MS = 60_000;

/** Years 1 to 9999: what ISO 8601 writes in four digits. */
const EARLIEST = Date.parse("0001-01-01T00:00:00Z");
const LATEST = Date.parse("9999-12-31T23:59:59.999Z");

/** A date and a time of day as they are written, months and days counted from 1. */
export interface LocalFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** Minutes ahead of UTC, where the text says so. */
  readonly offsetMinutes?: number;
}

/**
 * The instant of an ISO 8601 text, a date of mail and HTTP headers, or milliseconds since 1970. A text without an offset
 * is local time in the zone.
 * @throws FatalNodeError `invalid_input`
 */
export function parseIsoText(value: unknown, zone: TimeZone): number {
  if (typeof value === "number" && Number.isFinite(value)) return requireInRange(Math.trunc(value));
  const text = typeof value === "string" ? value.trim() : "";
  if (text.length > MAX_TEXT_LENGTH || text === "") throw notADate();
  if (MAIL_DATE.test(text)) return requireInRange(Date.parse(text));
  const parts = ISO.exec(text);
  if (parts === null) throw notADate();
  const [, year, month, day = "1", hour = "0", minute = "0", second = "0", fraction = "", offset] = parts;
  const offsetMinutes = offset === undefined ? undefined : parseOffset(offset);
  return toInstant(
    {
      year: Number(year),
      month: Number(month),
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      second: Number(second),
      millisecond: Number(fraction.padEnd(3, "0").slice(0, 3)),
      ...(offsetMinutes !== undefined && { offsetMinutes }),
    },
    zone,
  );
}

/** The instant of fields that exist in the calendar. @throws FatalNodeError `invalid_input` */
export function toInstant(fields: LocalFields, zone: TimeZone): number {
  const { year, month, day, hour, minute, second, millisecond, offsetMinutes } = fields;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  const exists = local.getUTCMonth() === month - 1 && local.getUTCDate() === day;
  const isMidnight = hour === 24 && minute === 0 && second === 0 && millisecond === 0;
  if (!exists || minute > 59 || second > 59 || (hour > 23 && !isMidnight)) throw notADate();
  local.setUTCHours(hour, minute, second, millisecond);
  const at = local.getTime();
  return requireInRange(offsetMinutes === undefined ? zone.toInstant(at) : at - offsetMinutes * MINUTE_MS);
}

/** Minutes of `Z`, `+02`, `+0200` or `+02:00`. */
export function parseOffset(text: string): number {
  if (text.toUpperCase() === "Z") return 0;
  const digits = text.slice(1).replace(":", "").padEnd(4, "0");
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 23 || minutes > 59) throw notADate();
  return (hours * 60 + minutes) * (text.startsWith("-") ? -1 : 1);
}

/** ISO 8601 of an instant with the offset of the zone; `Z` in UTC. */
export function toIsoText(instant: number, zone: TimeZone): string {
  requireInRange(instant);
  if (zone.name === "UTC") return new Date(instant).toISOString();
  const offset = zone.offsetAt(instant);
  return new Date(instant + offset).toISOString().replace("Z", writeOffset(offset, ":"));
}

/** Offset as `+02:00`, or `+0200` with an empty separator. */
export function writeOffset(offsetMs: number, separator: string): string {
  const minutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${separator}${two(minutes % 60)}`;
}

/** @throws FatalNodeError `invalid_input` for instants outside of the years 1 to 9999 */
export function requireInRange(instant: number): number {
  if (instant >= EARLIEST && instant <= LATEST) return instant;
  throw new FatalNodeError("The date lies outside of the years 1 to 9999.", { code: "invalid_input" });
}

function notADate(): FatalNodeError {
  return new FatalNodeError(
    "The value is no date; write it as 2026-01-31, as 2026-01-31T09:30:00+01:00 or in milliseconds, or give its `format`.",
    { code: "invalid_input" },
  );
}
