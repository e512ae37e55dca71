import { ConfigurationError } from "../../../errors/errors.js";

/** What one field of a cron expression may hold. */
export interface CronField {
  /** As error messages call it. */
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly maxStep: number;
  readonly names?: readonly string[];
  /**
   * Whether a range may run backwards, over the end of the field: overnight hours, winter months, a long weekend.
   * Elsewhere a backward range is taken for a slip, unless it goes once all the way round.
   */
  readonly wraps: boolean;
}

const MONTH_NAMES = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAY_NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

export const CRON_FIELDS = {
  second: { label: "second", min: 0, max: 59, maxStep: 59, wraps: false },
  minute: { label: "minute", min: 0, max: 59, maxStep: 59, wraps: false },
  hour: { label: "hour", min: 0, max: 23, maxStep: 23, wraps: true },
  dayOfMonth: { label: "day of month", min: 1, max: 31, maxStep: 31, wraps: false },
  month: { label: "month", min: 1, max: 12, maxStep: 12, names: MONTH_NAMES, wraps: true },
  dayOfWeek: { label: "day of week", min: 0, max: 6, maxStep: 7, names: WEEKDAY_NAMES, wraps: true },
  year: { label: "year", min: 1970, max: 2099, maxStep: 129, wraps: false },
} as const satisfies Readonly<Record<string, CronField>>;

/** Sunday's other number. */
const SUNDAY_AS_SEVEN = 7;
const STAR = /^\*(?:\/(\d+))?$/;
const RANGE = /^(\d+|[A-Z]+)(?:-(\d+|[A-Z]+))?(?:\/(\d+))?$/;

/** Whether a field says "every" or "each nth", and not which. */
export function isCadence(text: string): boolean {
  return /[*?/]/.test(text);
}

/** Whether a day field is left open. */
export function isAny(text: string): boolean {
  return text === "*" || text === "?";
}

/** The values of a whole field, in order. @throws ConfigurationError `invalid_schedule` */
export function parseCronField(field: CronField, text: string): readonly number[] {
  if (isAny(text)) return rangeOf(field, field.min, field.max, 1);
  const values = text.split(",").flatMap((item) => parseCronRange(field, item));
  return [...new Set(values)].sort((a, b) => a - b);
}

/** The values of one item of a list: a value, `a-b`, `*`, each with or without `/step`. */
export function parseCronRange(field: CronField, item: string): readonly number[] {
  const star = STAR.exec(item);
  if (star !== null) return rangeOf(field, field.min, field.max, parseStep(field, star[1], item));
  const [, first, last, step] = RANGE.exec(item) ?? [];
  if (first === undefined) throw refuseField(field, item, `use ${field.min}–${field.max}, *, a-b, */n or a,b`);
  const start = parseCronValue(field, first, item);
  const width = parseStep(field, step, item);
  if (last === undefined) return rangeOf(field, start, step === undefined ? start : field.max, width);
  // Unlike the name, 7 is the Sunday at the end: 0-7 is the whole week.
  const isSeven = field === CRON_FIELDS.dayOfWeek && Number(last) === SUNDAY_AS_SEVEN;
  const end = isSeven ? SUNDAY_AS_SEVEN : parseCronValue(field, last, item);
  if (end >= start) return rangeOf(field, start, end, width);
  if (!field.wraps && end + 1 !== start) throw refuseField(field, item, "the range runs backwards");
  return rangeOf(field, start, end + field.max - field.min + 1, width);
}

/** A number or name. */
export function parseCronValue(field: CronField, text: string, item: string): number {
  const byName = field.names?.indexOf(text) ?? -1;
  const value = byName === -1 ? (/^\d+$/.test(text) ? Number(text) : Number.NaN) : byName + field.min;
  if (field === CRON_FIELDS.dayOfWeek && value === SUNDAY_AS_SEVEN) return 0;
  if (value >= field.min && value <= field.max) return value;
  throw refuseField(
    field,
    item,
    `"${text}" is not ${field.names === undefined ? "" : "a name or "}${field.min}–${field.max}`,
  );
}

/** The error of a field that cannot be read. */
export function refuseField(field: CronField, item: string, why: string): ConfigurationError {
  const shown = item.length > 40 ? `${item.slice(0, 40)}…` : item;
  return new ConfigurationError(
    "invalid_schedule",
    `The ${field.label} of the cron expression is wrong at "${shown}": ${why}.`,
    {
      details: { field: field.label, value: shown },
    },
  );
}

function parseStep(field: CronField, text: string | undefined, item: string): number {
  if (text === undefined) return 1;
  const step = Number(text);
  if (step >= 1 && step <= field.maxStep) return step;
  throw refuseField(field, item, `a step is 1–${field.maxStep}`);
}

/** `last` beyond the end of the field goes on at its beginning. */
function rangeOf(field: CronField, first: number, last: number, step: number): readonly number[] {
  const size = field.max - field.min + 1;
  const values: number[] = [];
  for (let value = first; value <= last; value += step) values.push(field.min + ((value - field.min) % size));
  return values;
}
