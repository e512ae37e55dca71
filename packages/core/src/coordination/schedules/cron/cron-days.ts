import { daysInMonth, toDayNumber, toWeekday } from "./civil-date.js";
import { CRON_FIELDS, isAny, parseCronRange, parseCronValue, refuseField } from "./cron-field.js";

/** Days of a month as bits: bit 1 is the first. */
type DayMask = number;

/** What the day-of-month field asks for; null when it is left open. */
interface MonthDays {
  readonly days: DayMask;
  /** Days counted back from the last, which is 0. */
  readonly fromEnd: readonly number[];
  /** The working day nearest to a day of the month. */
  readonly nearest: { readonly day: number } | { readonly fromEnd: number } | null;
}

/** What the day-of-week field asks for; null when it is left open. */
interface WeekDays {
  /** Bit 0 is Sunday. */
  readonly weekdays: number;
  /** The last of a weekday in the month. */
  readonly last: readonly number[];
  /** The nth of a weekday in the month. */
  readonly nth: readonly { readonly weekday: number; readonly n: number }[];
}

/** The two day fields together. */
export interface CronDays {
  readonly ofMonth: MonthDays | null;
  readonly ofWeek: WeekDays | null;
}

const FROM_END = /^L(?:-(\d+))?$/;
const NEAREST = /^(?:(\d+)|L(?:-(\d+))?)W$/;
const LAST_WEEKDAY = /^(\w+)L$/;
const NTH_WEEKDAY = /^(\w+)#([1-5])$/;
const MAX_FROM_END = 30;
const SUNDAY = 0;
const SATURDAY = 6;

/** @throws ConfigurationError `invalid_schedule` */
export function parseCronDays(dayOfMonth: string, dayOfWeek: string): CronDays {
  return {
    ofMonth: isAny(dayOfMonth) ? null : parseMonthDays(dayOfMonth),
    ofWeek: isAny(dayOfWeek) ? null : parseWeekDays(dayOfWeek),
  };
}

function parseMonthDays(text: string): MonthDays {
  const field = CRON_FIELDS.dayOfMonth;
  const nearest = NEAREST.exec(text);
  if (nearest !== null) {
    const [, day, fromEnd] = nearest;
    return {
      days: 0,
      fromEnd: [],
      nearest: day === undefined ? { fromEnd: parseFromEnd(fromEnd, text) } : { day: parseCronValue(field, day, text) },
    };
  }
  let days = 0;
  const fromEnd: number[] = [];
  for (const item of text.split(",")) {
    const last = FROM_END.exec(item);
    if (last !== null) fromEnd.push(parseFromEnd(last[1], item));
    else for (const day of parseCronRange(field, item)) days |= 1 << day;
  }
  return { days, fromEnd, nearest: null };
}

function parseFromEnd(text: string | undefined, item: string): number {
  const days = Number(text ?? 0);
  if (days <= MAX_FROM_END) return days;
  throw refuseField(CRON_FIELDS.dayOfMonth, item, `at most ${MAX_FROM_END} days before the last`);
}

function parseWeekDays(text: string): WeekDays {
  const field = CRON_FIELDS.dayOfWeek;
  let weekdays = 0;
  const last: number[] = [];
  const nth: { readonly weekday: number; readonly n: number }[] = [];
  for (const item of text.split(",")) {
    const [, lastName] = LAST_WEEKDAY.exec(item) ?? [];
    const [, nthName, n] = NTH_WEEKDAY.exec(item) ?? [];
    if (nthName !== undefined) nth.push({ weekday: parseCronValue(field, nthName, item), n: Number(n) });
    else if (lastName !== undefined) last.push(parseCronValue(field, lastName, item));
    else for (const weekday of parseCronRange(field, item)) weekdays |= 1 << weekday;
  }
  return { weekdays, last, nth };
}

/** The days of a month that match: with both fields set those that match either. */
export function matchingDays({ ofMonth, ofWeek }: CronDays, year: number, month: number): DayMask {
  const length = daysInMonth(year, month);
  const all = length === 31 ? -2 : 2 ** (length + 1) - 2;
  if (ofMonth === null && ofWeek === null) return all;
  const firstWeekday = toWeekday(toDayNumber({ year, month, day: 1 }));
  return (
    ((ofMonth === null ? 0 : daysOfMonth(ofMonth, length, firstWeekday)) |
      (ofWeek === null ? 0 : daysOfWeek(ofWeek, length, firstWeekday))) &
    all
  );
}

function daysOfMonth({ days, fromEnd, nearest }: MonthDays, length: number, firstWeekday: number): DayMask {
  let mask = days;
  for (const back of fromEnd) if (back < length) mask |= 1 << (length - back);
  if (nearest === null) return mask;
  const wanted = "day" in nearest ? nearest.day : length - nearest.fromEnd;
  return wanted < 1 || wanted > length ? mask : mask | (1 << nearestWorkday(wanted, length, firstWeekday));
}

/** Never leaves the month: the 1st on a Saturday gives Monday the 3rd. */
function nearestWorkday(day: number, length: number, firstWeekday: number): number {
  const weekday = (firstWeekday + day - 1) % 7;
  if (weekday === SATURDAY) return day === 1 ? day + 2 : day - 1;
  if (weekday === SUNDAY) return day === length ? day - 2 : day + 1;
  return day;
}

function daysOfWeek({ weekdays, last, nth }: WeekDays, length: number, firstWeekday: number): DayMask {
  let mask = 0;
  for (let day = 1; day <= length; day++) {
    const weekday = (firstWeekday + day - 1) % 7;
    const n = Math.ceil(day / 7);
    if (
      (weekdays >> weekday) & 1 ||
      (day + 7 > length && last.includes(weekday)) ||
      nth.some((wanted) => wanted.weekday === weekday && wanted.n === n)
    ) {
      mask |= 1 << day;
    }
  }
  return mask;
}
