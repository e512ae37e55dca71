/** Gives each column a name of its own: the second `id` is `id_2`. */
export function toColumnNames(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let count = 2; taken.has(unique); count++) unique = `${name}_${count}`;
    taken.add(unique);
    return unique;
  });
}

export function toRow(columns: readonly string[], values: readonly unknown[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null]));
}

/**
 * What a driver gave as JSON: whole numbers that a number cannot hold exactly become text, as do NaN and infinities;
 * instants become ISO text, binary values base64.
 */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === "bigint") return toExactNumber(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value ?? null;
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(toJsonValue);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toJsonValue(part)]));
}

export function toExactNumber(value: bigint | string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
