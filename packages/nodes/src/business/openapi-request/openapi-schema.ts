import { FatalNodeError } from "@automatrix/core";
import { isJsonObject, type JsonObject } from "../../json/json-kind.js";
import type { OpenapiDocument } from "./openapi-document.js";

const MAX_SCHEMA_VALUES = 20_000;
/** Keywords whose value is data, however much it looks like a schema. */
const DATA_KEYWORDS: ReadonlySet<string> = new Set(["const", "enum", "default"]);
/** Keywords of OpenAPI's own that say nothing about a value. */
const DROPPED_KEYWORDS: ReadonlySet<string> = new Set([
  "example",
  "examples",
  "discriminator",
  "xml",
  "externalDocs",
  "nullable",
]);

/**
 * A JSON Schema (2020-12) that means what a schema of the document means. What it refers to comes along under `$defs`, and
 * nothing else does: documents may be much larger than what one operation needs.
 * @throws FatalNodeError `invalid_input`
 */
export function toJsonSchema(document: OpenapiDocument, schema: unknown): JsonObject {
  const names = new Map<string, string>();
  const definitions: Record<string, unknown> = {};
  let values = 0;
  const converted = convert(schema);
  return { ...(isJsonObject(converted) ? converted : {}), ...(names.size === 0 ? {} : { $defs: definitions }) };

  function convert(value: unknown): unknown {
    values += 1;
    if (values > MAX_SCHEMA_VALUES) {
      throw new FatalNodeError("The schema of the operation is too large to be checked.", { code: "invalid_input" });
    }
    if (Array.isArray(value)) return value.map(convert);
    if (!isJsonObject(value)) return value;
    if (typeof value["$ref"] === "string") return { $ref: `#/$defs/${nameOf(value["$ref"])}` };
    const copy: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value)) {
      if (key === "__proto__" || DROPPED_KEYWORDS.has(key)) continue;
      copy[key] = key === "properties" ? convertMap(child) : DATA_KEYWORDS.has(key) ? child : convert(child);
    }
    return document.isVersion30 ? fromVersion30(value, copy) : copy;
  }

  function convertMap(schemas: unknown): unknown {
    if (!isJsonObject(schemas)) return {};
    const entries = Object.entries(schemas).filter(([key]) => key !== "__proto__");
    return Object.fromEntries(entries.map(([key, child]) => [key, convert(child)]));
  }

  function nameOf(reference: string): string {
    const known = names.get(reference);
    if (known !== undefined) return known;
    const name = `s${names.size}`;
    names.set(reference, name);
    definitions[name] = convert(document.resolve({ $ref: reference }));
    return name;
  }
}

/** What 3.0 writes in its own way: null as a flag, exclusive limits as booleans. */
function fromVersion30(given: JsonObject, copy: Record<string, unknown>): Record<string, unknown> {
  for (const [flag, limit] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    if (typeof given[flag] !== "boolean") continue;
    delete copy[flag];
    if (given[flag] && typeof given[limit] === "number") {
      copy[flag] = given[limit];
      delete copy[limit];
    }
  }
  return given["nullable"] === true ? { anyOf: [{ type: "null" }, copy] } : copy;
}
