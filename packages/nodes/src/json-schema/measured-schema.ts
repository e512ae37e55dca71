import { FatalNodeError } from "@automatrix/core";
import { isJsonObject } from "../json/json-kind.js";

const MAX_SCHEMA_VALUES = 20_000;
const MAX_SCHEMA_DEPTH = 64;

/** Keyword that counts a step wherever a schema refers to another; see {@link toMeasuredSchema}. */
export const STEP_KEYWORD = "x-automatrix-step";

const REFERENCES = ["$ref", "$dynamicRef"] as const;
/** Keywords whose value is an object of schemas by name. */
const SCHEMA_MAPS: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
/** Keywords whose value is data, however much it looks like a schema. */
const DATA_KEYWORDS: ReadonlySet<string> = new Set(["const", "enum", "default", "examples"]);

/**
 * A copy of the schema in which every reference also counts a step. References are the only way in which a small schema can
 * ask for exponential work, so counting them bounds the time of a validation.
 * @throws FatalNodeError `invalid_input` when the schema is too large, too deep, or refers to another document
 */
export function toMeasuredSchema(schema: boolean | Readonly<Record<string, unknown>>): unknown {
  let values = 0;
  return copySchema(schema, 0);

  function count(depth: number): void {
    values += 1;
    if (values <= MAX_SCHEMA_VALUES && depth <= MAX_SCHEMA_DEPTH) return;
    throw new FatalNodeError(
      `The JSON Schema is too large: at most ${MAX_SCHEMA_VALUES} values, nested ${MAX_SCHEMA_DEPTH} deep.`,
      { code: "invalid_input" },
    );
  }

  function copySchema(value: unknown, depth: number): unknown {
    count(depth);
    if (Array.isArray(value)) return value.map((item) => copySchema(item, depth + 1));
    if (!isJsonObject(value)) return value;
    const copy: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value)) define(copy, key, copyKeyword(key, child, depth + 1));
    if (REFERENCES.some((keyword) => Object.hasOwn(value, keyword))) copy[STEP_KEYWORD] = true;
    return copy;
  }

  function copyKeyword(keyword: string, value: unknown, depth: number): unknown {
    if (DATA_KEYWORDS.has(keyword)) return copyData(value, depth);
    if (SCHEMA_MAPS.has(keyword) && isJsonObject(value)) return copyMap(value, depth);
    if (keyword === "$ref" || keyword === "$dynamicRef") refuseRemote(value);
    return copySchema(value, depth);
  }

  function copyMap(schemas: Readonly<Record<string, unknown>>, depth: number): unknown {
    count(depth);
    const copy: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(schemas)) define(copy, name, copySchema(schema, depth + 1));
    return copy;
  }

  function copyData(value: unknown, depth: number): unknown {
    count(depth);
    if (Array.isArray(value)) return value.map((item) => copyData(item, depth + 1));
    if (!isJsonObject(value)) return value;
    const copy: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value)) define(copy, key, copyData(child, depth + 1));
    return copy;
  }
}

function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
}

function refuseRemote(reference: unknown): void {
  if (typeof reference === "string" && /^[a-z][a-z0-9+.-]*:/i.test(reference) && !/^urn:/i.test(reference)) {
    throw new FatalNodeError(
      `The JSON Schema refers to ${reference.slice(0, 200)}; only references within the schema (#/$defs/…) are followed.`,
      {
        code: "invalid_input",
      },
    );
  }
}
