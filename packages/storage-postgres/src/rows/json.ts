/** JSON text: escapes NUL and lone surrogates, so that a text column keeps every value byte for byte. Never cast it to jsonb. */
export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}

/** For columns that are null where there is no value. */
export function toJsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : toJson(value);
}

export function fromJsonOrNull<Value>(text: string | null): Value | null {
  return text === null ? null : (JSON.parse(text) as Value);
}
