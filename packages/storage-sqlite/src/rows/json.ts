/**
 * JSON of a column. Well-formed `JSON.stringify` escapes lone surrogates and control characters, so that SQLite gives
 * the text back as it was; `undefined` is taken for null.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}

export function toJsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : toJson(value);
}

export function fromJson<Value>(text: string): Value {
  return JSON.parse(text) as Value;
}

export function fromJsonOrNull<Value>(text: string | null): Value | null {
  return text === null ? null : fromJson<Value>(text);
}
