import { FatalNodeError } from "@automatrix/core";
import { type LocalFields, parseOffset, toInstant, writeOffset } from "./iso-text.js";
import type { TimeZone } from "./time-zone.js";

export const MAX_PATTERN_LENGTH = 200;
/** Tokens of a pattern that is read. Those of one or two digits can be told apart in twice as many ways each. */
const MAX_READ_TOKENS = 16;
const TOKEN = /'([^']*)'|yyyy|YYYY|yy|YY|MMMM|MMM|MM|M|dd|DD|d|D|EEEE|EEE|HH|H|hh|h|mm|m|ss|s|SSS|a|ZZZ|ZZ|X|x/g;
const MONTHS = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** An instant, as the writers of tokens see it. */
interface Moment {
  /** The date whose UTC fields are the local ones. */
  readonly local: Date;
  readonly instant: number;
  readonly offsetMs: number;
}

/** How one token is written, and what it reads: a group of a regular expression and the fields that follow from it. */
interface Token {
  readonly write: (moment: Moment) => string;
  readonly pattern: string;
  readonly read: (text: string) => Partial<Draft>;
}

interface Draft extends LocalFields {
  readonly isAfternoon: boolean;
  readonly instant: number;
}

const pad = (number: number, length: number): string => String(number).padStart(length, "0");

function numeric(name: keyof LocalFields, { width, get }: { width: number; get: (local: Date) => number }): Token {
  return {
    write: ({ local }) => pad(get(local), width),
    pattern: width === 1 ? "\\d{1,2}" : `\\d{${width}}`,
    read: (text) => ({ [name]: Number(text) }),
  };
}

function named(
  names: readonly string[],
  { length, get, read }: { length?: number; get: (local: Date) => number; read: (place: number) => Partial<Draft> },
): Token {
  const written = names.map((name) => name.slice(0, length));
  return {
    write: ({ local }) => written[get(local)] ?? "",
    pattern: written.join("|"),
    read: (text) => read(written.findIndex((name) => name.toLowerCase() === text.toLowerCase())),
  };
}

const getMonth = (local: Date): number => local.getUTCMonth();
const getWeekday = (local: Date): number => local.getUTCDay();
const readMonth = (place: number): Partial<Draft> => ({ month: place + 1 });
const month = (width: number): Token => numeric("month", { width, get: (local) => local.getUTCMonth() + 1 });
const day = (width: number): Token => numeric("day", { width, get: (local) => local.getUTCDate() });
const hour = (width: number): Token => numeric("hour", { width, get: (local) => local.getUTCHours() });
const hourOfHalf = (width: number): Token => numeric("hour", { width, get: (local) => local.getUTCHours() % 12 || 12 });
const minute = (width: number): Token => numeric("minute", { width, get: (local) => local.getUTCMinutes() });
const second = (width: number): Token => numeric("second", { width, get: (local) => local.getUTCSeconds() });
const offset = (separator: string): Token => ({
  write: ({ offsetMs }) => writeOffset(offsetMs, separator),
  pattern: "[Zz]|[+-]\\d{2}:?\\d{2}",
  read: (text) => ({ offsetMinutes: parseOffset(text) }),
});

const fullYear = numeric("year", { width: 4, get: (local) => local.getUTCFullYear() });
const shortYear: Token = {
  write: ({ local }) => pad(local.getUTCFullYear() % 100, 2),
  pattern: "\\d{2}",
  read: (text) => ({ year: Number(text) + (Number(text) < 70 ? 2000 : 1900) }),
};

/** The tokens of `formatDate` in expressions, and years and days in the capitals that other libraries know them by. Names are English. */
const TOKENS: ReadonlyMap<string, Token> = new Map<string, Token>([
  ["yyyy", fullYear],
  ["YYYY", fullYear],
  ["yy", shortYear],
  ["YY", shortYear],
  ["MMMM", named(MONTHS, { get: getMonth, read: readMonth })],
  ["MMM", named(MONTHS, { length: 3, get: getMonth, read: readMonth })],
  ["MM", month(2)],
  ["M", month(1)],
  ["dd", day(2)],
  ["DD", day(2)],
  ["d", day(1)],
  ["D", day(1)],
  ["EEEE", named(WEEKDAYS, { get: getWeekday, read: () => ({}) })],
  ["EEE", named(WEEKDAYS, { length: 3, get: getWeekday, read: () => ({}) })],
  ["HH", hour(2)],
  ["H", hour(1)],
  ["hh", hourOfHalf(2)],
  ["h", hourOfHalf(1)],
  ["mm", minute(2)],
  ["m", minute(1)],
  ["ss", second(2)],
  ["s", second(1)],
  ["SSS", numeric("millisecond", { width: 3, get: (local) => local.getUTCMilliseconds() })],
  [
    "a",
    {
      write: ({ local }) => (local.getUTCHours() < 12 ? "AM" : "PM"),
      pattern: "AM|PM",
      read: (text) => ({ isAfternoon: text.toUpperCase() === "PM" }),
    },
  ],
  ["ZZ", offset(":")],
  ["ZZZ", offset("")],
  ["X", instantToken(1_000)],
  ["x", instantToken(1)],
]);

function instantToken(unitMs: number): Token {
  return {
    write: ({ instant }) => String(Math.floor(instant / unitMs)),
    pattern: "-?\\d{1,15}",
    read: (text) => ({ instant: Number(text) * unitMs }),
  };
}

/** Writes an instant in a pattern such as `dd.MM.yyyy HH:mm`; text between apostrophes stands as it is. */
export function writePattern(instant: number, pattern: string, zone: TimeZone): string {
  const offsetMs = zone.offsetAt(instant);
  const moment = { local: new Date(instant + offsetMs), instant, offsetMs };
  return pattern.replace(TOKEN, (token, literal: string | undefined) =>
    literal === undefined ? (TOKENS.get(token)?.write(moment) ?? token) : literal || "'",
  );
}

/**
 * Reads a text that is written in a pattern. What the pattern lacks is the first of its kind: midnight, the 1st.
 * @throws FatalNodeError `invalid_input` when the text is not in this pattern or no such date exists
 */
export function readPattern(text: string, pattern: string, zone: TimeZone): number {
  const { expression, tokens } = compile(pattern);
  const groups = expression.exec(text.trim());
  if (groups === null || text.length > MAX_PATTERN_LENGTH) throw unlike(pattern);
  const draft: Partial<Draft> = Object.assign({}, ...tokens.map((token, place) => token.read(groups[place + 1] ?? "")));
  if (draft.instant !== undefined) return draft.instant;
  if (draft.year === undefined) throw unlike(pattern);
  return toInstant(
    { month: 1, day: 1, minute: 0, second: 0, millisecond: 0, ...draft, year: draft.year, hour: hourOf(draft) },
    zone,
  );
}

function hourOf({ hour: written = 0, isAfternoon }: Partial<Draft>): number {
  if (isAfternoon === undefined) return written;
  return (written % 12) + (isAfternoon ? 12 : 0);
}

function compile(pattern: string): { readonly expression: RegExp; readonly tokens: readonly Token[] } {
  const tokens: Token[] = [];
  let source = "";
  let end = 0;
  for (const match of pattern.matchAll(TOKEN)) {
    source += escapePattern(pattern.slice(end, match.index));
    end = match.index + match[0].length;
    const token = match[1] === undefined ? TOKENS.get(match[0]) : undefined;
    source += token === undefined ? escapePattern(match[1] || "'") : `(${token.pattern})`;
    if (token !== undefined) tokens.push(token);
  }
  if (tokens.length > MAX_READ_TOKENS) {
    throw new FatalNodeError(
      `A pattern to read has at most ${MAX_READ_TOKENS} tokens; this one has ${tokens.length}.`,
      {
        code: "invalid_input",
      },
    );
  }
  return { expression: new RegExp(`^${source}${escapePattern(pattern.slice(end))}$`, "i"), tokens };
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

function unlike(pattern: string): FatalNodeError {
  return new FatalNodeError(`The text is not written as ${pattern}.`, { code: "invalid_input" });
}
