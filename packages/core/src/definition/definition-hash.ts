import { createHash } from "node:crypto";

/** SHA-256 over the definition as canonical JSON: equal content, equal hash, whatever the order of keys. */
export function hashDefinition(definition: unknown): string {
  return createHash("sha256").update(toCanonicalJson(definition)).digest("hex");
}

function toCanonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(",")}]`;
  const record = value as Readonly<Record<string, unknown>>;
  const fields = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${toCanonicalJson(record[key])}`);
  return `{${fields.join(",")}}`;
}
