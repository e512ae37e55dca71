/** What a value is, in the words of the expression language. */
export type ValueKind = "null" | "text" | "number" | "boolean" | "list" | "object";

/** Tells what a value is; anything that is not data counts as an object. */
export function kindOf(value: unknown): ValueKind {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return "text";
  if (typeof value === "number" || typeof value === "bigint") return "number";
  if (typeof value === "boolean") return "boolean";
  return Array.isArray(value) ? "list" : "object";
}

const ARTICLES: Readonly<Record<ValueKind, string>> = {
  null: "null",
  text: "a text",
  number: "a number",
  boolean: "a boolean",
  list: "a list",
  object: "an object",
};

/** Names the kind of a value in a sentence, never the value itself. */
export function describeKind(value: unknown): string {
  return ARTICLES[kindOf(value)];
}
