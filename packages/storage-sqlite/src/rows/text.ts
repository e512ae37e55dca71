/**
 * Text that SQLite would not give back as it was: UTF-8 has no lone surrogates, and some of its functions end at a NUL.
 * Such characters are written as U+FDD0, which Unicode keeps for uses like this, and four hexadecimal digits.
 */
const UNSAFE = /[\0\ufdd0\ud800-\udfff]/u;
const UNSAFE_ALL = /[\0\ufdd0\ud800-\udfff]/gu;
const ESCAPED_ALL = /\ufdd0([0-9a-f]{4})/g;
const ESCAPE = "\ufdd0";

/** Text of a column, unchanged but for the characters that would be lost. Equal texts stay equal, others different. */
export function toText(value: string): string {
  if (!UNSAFE.test(value)) return value;
  return value.replace(UNSAFE_ALL, (unit) => ESCAPE + unit.charCodeAt(0).toString(16).padStart(4, "0"));
}

export function toTextOrNull(value: string | null): string | null {
  return value === null ? null : toText(value);
}

/** The text that {@link toText} was given. */
export function fromText(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replace(ESCAPED_ALL, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

export function fromTextOrNull(text: string | null): string | null {
  return text === null ? null : fromText(text);
}
