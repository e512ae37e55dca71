/** The kinds a JSON value can have; `nothing` is undefined or what JSON cannot hold. */
export type JsonKind = "null" | "boolean" | "number" | "string" | "array" | "object" | "nothing";

export type JsonObject = Readonly<Record<string, unknown>>;

export function jsonKind(value: unknown): JsonKind {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "boolean" || type === "number" || type === "string" || type === "object" ? type : "nothing";
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
