const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * An array of Postgres as text; null where every element is null. The driver's own way, which quotes and escapes piece
 * by piece, costs more than the statement.
 */
export function toArrayLiteral(values: readonly (string | number | boolean | null)[]): string | null {
  if (values.every((value) => value === null)) return null;
  return `{${values.map((value) => (typeof value === "string" ? quote(value) : String(value))).join(",")}}`;
}

/** Quotes and backslashes are what is to be escaped, as JSON does; but not the way JSON escapes control characters. */
function quote(text: string): string {
  return CONTROL_CHARACTER.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : JSON.stringify(text);
}
