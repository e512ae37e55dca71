/** Printable ASCII but the backslash: nearly every id, and quick to tell. */
const PLAIN = /^[ -[\]-~]*$/;

/** What Postgres cannot keep in a text: NUL and lone surrogates. The backslash starts their escapes. */
const UNSTORABLE = /[\\\0\p{Surrogate}]/gu;

/** A text column's form of any JavaScript string; different strings stay different. */
export function toPostgresText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSTORABLE, (unit) =>
    unit === "\\" ? "\\\\" : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The string that {@link toPostgresText} was given. */
export function fromPostgresText(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:\\|u([0-9a-f]{4}))/g, (_escape, hex: string | undefined) =>
    hex === undefined ? "\\" : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
