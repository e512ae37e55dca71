import type { FunctionContext } from "./function-table.js";

const MONTHS = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const SHORT_NAME_LENGTH = 3;
const FORMAT_STEPS = 20;
const MAX_FORMAT_LENGTH = 200;
const MINUTE_MS = 60_000;

const TOKENS = /'([^']*)'|yyyy|YYYY|yy|YY|MMMM|MMM|MM|M|dd|DD|d|D|EEEE|EEE|HH|H|hh|h|mm|m|ss|s|SSS|a|ZZZ|ZZ|Z|X|x/g;

/** How to write an instant. */
export interface DateFormat {
  /**
   * `yyyy yy`, `MMMM MMM MM M`, `dd d` (`YYYY`, `DD` and the like mean the same), `EEEE EEE`, `HH H hh h`, `mm m`, `ss s`, `SSS`, `a` (AM, PM), `ZZ` (+02:00),
   * `ZZZ` (+0200), `X` and `x` (seconds and milliseconds since 1970); text between apostrophes stands as it is.
   */
  readonly format: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** Writes an instant in a format and time zone; names are English. */
export function formatInstant(instant: number, { format, timeZone }: DateFormat, context: FunctionContext): string {
  context.charge(FORMAT_STEPS);
  if (format.length > MAX_FORMAT_LENGTH) {
    context.fail("expression_limit", `a date format has at most ${MAX_FORMAT_LENGTH} characters`);
  }
  const offsetMinutes = timeZone === "UTC" ? 0 : offsetAt(instant, timeZone, context);
  const local = new Date(instant + offsetMinutes * MINUTE_MS);
  if (Number.isNaN(local.getTime())) context.fail("expression_failed", "the date is outside of what can be written");
  return format.replace(TOKENS, (token, literal: string | undefined) =>
    literal === undefined ? writeToken(token, { local, offsetMinutes, instant }) : literal || "'",
  );
}

function offsetAt(instant: number, timeZone: string, context: FunctionContext): number {
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
    const name = format.formatToParts(instant).find((part) => part.type === "timeZoneName")?.value ?? "GMT";
    const [, sign, hours, minutes, seconds] = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?/.exec(name) ?? [];
    if (sign === undefined) return 0;
    const total = Number(hours) * 60 + Number(minutes) + Number(seconds ?? 0) / 60;
    return sign === "-" ? -total : total;
  } catch (cause) {
    return context.fail("expression_failed", "the time zone is not known; write it as Europe/Berlin", { cause });
  }
}

interface Moment {
  /** The date whose UTC fields are those of the time zone. */
  readonly local: Date;
  readonly offsetMinutes: number;
  readonly instant: number;
}

function writeToken(token: string, { local, offsetMinutes, instant }: Moment): string {
  const hour = local.getUTCHours();
  switch (token.charAt(0)) {
    case "y":
    case "Y":
      return token.length === 2 ? pad(local.getUTCFullYear() % 100, 2) : pad(local.getUTCFullYear(), 4);
    case "M":
      return writeMonth(token, local.getUTCMonth());
    case "d":
    case "D":
      return pad(local.getUTCDate(), token.length);
    case "E":
      return named(WEEKDAYS, local.getUTCDay(), token.length);
    case "H":
      return pad(hour, token.length);
    case "h":
      return pad(hour % 12 || 12, token.length);
    case "m":
      return pad(local.getUTCMinutes(), token.length);
    case "s":
      return pad(local.getUTCSeconds(), token.length);
    case "S":
      return pad(local.getUTCMilliseconds(), token.length);
    case "a":
      return hour < 12 ? "AM" : "PM";
    case "X":
      return String(Math.floor(instant / 1000));
    case "x":
      return String(instant);
    default:
      return writeOffset(offsetMinutes, token === "ZZZ" ? "" : ":");
  }
}

function writeMonth(token: string, month: number): string {
  return token.length > 2 ? named(MONTHS, month, token.length) : pad(month + 1, token.length);
}

function named(names: readonly string[], index: number, length: number): string {
  const name = names[index] ?? "";
  return length > SHORT_NAME_LENGTH ? name : name.slice(0, SHORT_NAME_LENGTH);
}

function writeOffset(offsetMinutes: number, separator: string): string {
  const minutes = Math.round(Math.abs(offsetMinutes));
  return `${offsetMinutes < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60), 2)}${separator}${pad(minutes % 60, 2)}`;
}

function pad(number: number, length: number): string {
  return String(number).padStart(length, "0");
}
