import { FatalNodeError } from "@automatrix/core";

const MAX_SOQL_LENGTH = 100_000;
const MAX_LIST_LENGTH = 10_000;
const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:?\d{2})$/;

/**
 * Puts values in the places named `:name` of a query, as literals that cannot become anything else. Text in quotes is
 * left alone. A list becomes `('a', 'b')` for IN; `{ date }` and `{ dateTime }` become a literal without quotes.
 * @throws FatalNodeError `invalid_input` for a name without a value, an unused value, or one that SOQL has no literal for
 */
export function bindSoql(soql: string, values: Readonly<Record<string, unknown>>): string {
  const used = new Set<string>();
  const bound = soql.replace(/'(?:[^'\\]|\\[\s\S])*'|'|:([A-Za-z_]\w*)/g, (match: string, name: string | undefined) => {
    if (match === "'") throw invalid("A text in the query has no closing quote.");
    if (name === undefined) return match;
    if (!Object.hasOwn(values, name)) throw invalid(`The query names :${name}, but \`bindings\` has no such value.`);
    used.add(name);
    return toLiteral(name, values[name]);
  });
  const unused = Object.keys(values).find((name) => !used.has(name));
  if (unused !== undefined)
    throw invalid(`The binding "${unused}" is not named in the query; write :${unused} where it belongs.`);
  if (bound.length > MAX_SOQL_LENGTH) throw invalid(`The query is longer than ${MAX_SOQL_LENGTH} characters.`);
  return bound;
}

function toLiteral(name: string, value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return quote(value);
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return String(value).replace("e+", "E");
  if (Array.isArray(value)) return toList(name, value);
  const { date, dateTime } = (value ?? {}) as { date?: unknown; dateTime?: unknown };
  if (typeof date === "string" && DATE.test(date)) return date;
  if (typeof dateTime === "string" && DATE_TIME.test(dateTime)) return dateTime;
  throw invalid(`The binding "${name}" is none of text, number, boolean, null, list, { date } and { dateTime }.`);
}

function toList(name: string, values: readonly unknown[]): string {
  if (values.length === 0 || values.length > MAX_LIST_LENGTH || values.some(Array.isArray)) {
    throw invalid(`The list bound to "${name}" needs 1 to ${MAX_LIST_LENGTH} plain values.`);
  }
  return `(${values.map((value) => toLiteral(name, value)).join(", ")})`;
}

function quote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be escaped
  const escaped = text.replace(/[\\'"\n\r\t\u0008\f]/g, (character) => ESCAPES[character] as string);
  return `'${escaped}'`;
}

function invalid(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_input" });
}
