import { ConfigurationError } from "../../../errors/errors.js";
import { type CivilDate, toCivilDate, toDayNumber } from "./civil-date.js";
import { type CronDays, matchingDays, parseCronDays } from "./cron-days.js";
import { CRON_FIELDS, isAny, isCadence, parseCronField } from "./cron-field.js";

const MACROS: Readonly<Record<string, string>> = {
  "@YEARLY": "0 0 1 1 *",
  "@ANNUALLY": "0 0 1 1 *",
  "@MONTHLY": "0 0 1 * *",
  "@WEEKLY": "0 0 * * 0",
  "@DAILY": "0 0 * * *",
  "@MIDNIGHT": "0 0 * * *",
  "@HOURLY": "0 * * * *",
};

/** Longer texts are refused before they are read. */
const MAX_LENGTH = 1_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Weekdays and leap years repeat after this: what does not match within it never does. */
const CALENDAR_CYCLE_YEARS = 400;

/**
 * A cron expression on the calendar alone, without a zone. "Local" instants are milliseconds since 1 January 1970,
 * 00:00 of the wall clock.
 */
export class CronExpression {
  /** Says "every" or "each nth" somewhere in its seconds, minutes or hours: it goes on through a repeated hour. */
  readonly isCadence: boolean;
  /** Says which hours: the ones that a change of the clock leaves out are made up for. */
  readonly namesHours: boolean;
  readonly #seconds: readonly number[];
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #months: ReadonlySet<number>;
  readonly #days: CronDays;
  readonly #years: ReadonlySet<number> | null;

  /** @throws ConfigurationError `invalid_schedule` that names the field, or says that nothing ever matches */
  constructor(text: string) {
    const [second, minute, hour, dayOfMonth, month, dayOfWeek, year] = splitFields(text);
    this.isCadence = [second, minute, hour].some(isCadence);
    this.namesHours = !isCadence(hour);
    this.#seconds = parseCronField(CRON_FIELDS.second, second);
    this.#minutes = parseCronField(CRON_FIELDS.minute, minute);
    this.#hours = parseCronField(CRON_FIELDS.hour, hour);
    this.#days = parseCronDays(dayOfMonth, dayOfWeek);
    this.#months = new Set(parseCronField(CRON_FIELDS.month, month));
    this.#years = isAny(year) ? null : new Set(parseCronField(CRON_FIELDS.year, year));
    if (this.nextLocal(0) === null)
      throw new ConfigurationError(
        "invalid_schedule",
        `The cron expression "${text}" never matches: no such day comes.`,
      );
  }

  /** The first match at or after a local instant; null when none comes. Looks at no more than 4,812 months. */
  nextLocal(local: number): number | null {
    const day = Math.floor(local / DAY_MS);
    const start = this.#nextDay(day);
    if (start !== day) return start === null ? null : start * DAY_MS + this.#firstTime();
    const time = this.#nextTime(local - day * DAY_MS);
    if (time !== null) return day * DAY_MS + time;
    const next = this.#nextDay(day + 1);
    return next === null ? null : next * DAY_MS + this.#firstTime();
  }

  /** The first matching day at or after a day number. */
  #nextDay(dayNumber: number): number | null {
    const from = toCivilDate(dayNumber);
    for (let year = from.year; year <= from.year + CALENDAR_CYCLE_YEARS; year++) {
      if (this.#years !== null && !this.#years.has(year)) continue;
      const found = this.#nextDayOfYear(year, year === from.year ? from : { year, month: 1, day: 1 });
      if (found !== null) return found;
    }
    return null;
  }

  #nextDayOfYear(year: number, from: CivilDate): number | null {
    for (let month = from.month; month <= 12; month++) {
      if (!this.#months.has(month)) continue;
      const days = matchingDays(this.#days, year, month);
      const open = month === from.month ? days & (-1 << from.day) : days;
      if (open !== 0) return toDayNumber({ year, month, day: lowestBit(open) });
    }
    return null;
  }

  #firstTime(): number {
    return (
      (this.#hours[0] as number) * HOUR_MS +
      (this.#minutes[0] as number) * MINUTE_MS +
      (this.#seconds[0] as number) * SECOND_MS
    );
  }

  /** The first matching time of day at or after one, in milliseconds. */
  #nextTime(time: number): number | null {
    const second = Math.ceil(time / SECOND_MS);
    const wanted = { hour: Math.floor(second / 3_600), minute: Math.floor(second / 60) % 60, second: second % 60 };
    for (const hour of this.#hours) {
      if (hour < wanted.hour) continue;
      if (hour > wanted.hour) return hour * HOUR_MS + (this.#firstTime() % HOUR_MS);
      for (const minute of this.#minutes) {
        if (minute < wanted.minute) continue;
        const isLater = minute > wanted.minute;
        const match = isLater ? this.#seconds[0] : this.#seconds.find((value) => value >= wanted.second);
        if (match !== undefined) return hour * HOUR_MS + minute * MINUTE_MS + match * SECOND_MS;
      }
    }
    return null;
  }
}

type Fields = readonly [string, string, string, string, string, string, string];

/** Second to year: five fields begin with the minute, six with the second, seven end with the year. */
function splitFields(text: string): Fields {
  if (typeof text !== "string" || text.trim() === "" || text.length > MAX_LENGTH)
    throw new ConfigurationError("invalid_schedule", `cron must be a text of 1–${MAX_LENGTH} characters.`);
  const trimmed = text.trim().toUpperCase();
  if (trimmed.startsWith("@") && MACROS[trimmed] === undefined)
    throw new ConfigurationError(
      "invalid_schedule",
      `There is no cron macro "${text.trim().slice(0, 40)}"; there are ${Object.keys(MACROS).join(", ").toLowerCase()}.`,
    );
  const fields = (MACROS[trimmed] ?? trimmed).split(/\s+/);
  if (fields.length === 5) return ["0", ...fields, "*"] as unknown as Fields;
  if (fields.length === 6) return [...fields, "*"] as unknown as Fields;
  if (fields.length === 7) return fields as unknown as Fields;
  throw new ConfigurationError(
    "invalid_schedule",
    `A cron expression has five fields (minute, hour, day of month, month, day of week), six with the second in front, seven with the year at the end; this one has ${fields.length}.`,
  );
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
