/** An object of the snapshot that validation works on: plain data, read once. */
export type PlainObject = Readonly<Record<string, unknown>>;

/** True for an object that is not an array. */
export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
