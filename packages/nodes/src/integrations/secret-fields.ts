/**
 * Which values of a config are secret: all that a field marked with `.meta({ secret: true })` holds, and the texts of a field
 * whose name says that it is one. The marks are read from the JSON Schema of the config, as editors see them.
 */
import { z } from "@automatrix/core";
import { isJsonObject } from "../json/json-kind.js";
import { isSecretName } from "./secret-names.js";

/** Numbers of fewer digits are ports, limits and years. */
const MIN_NUMBER = 100_000;
const MAX_DEPTH = 32;

interface JsonSchema {
  readonly secret?: unknown;
  readonly type?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly items?: JsonSchema | boolean;
}

/** A value in a config, what schemas say of it, and what the fields around it said. */
interface Place {
  readonly value: unknown;
  readonly schemas: readonly JsonSchema[];
  readonly isMarked: boolean;
  readonly isNamed: boolean;
}

export class SecretFields {
  readonly #roots: readonly JsonSchema[];

  constructor(config: z.ZodType) {
    this.#roots = [toJsonSchema(config, "input"), toJsonSchema(config, "output")];
  }

  /** The secrets of a config in these forms, such as the one that was given and the one that the schema made of it. */
  valuesOf(...configs: readonly unknown[]): ReadonlySet<string> {
    const found = new Set<string>();
    for (const root of this.#roots) {
      for (const value of configs) {
        new Search(root, found).look({ value, schemas: [root], isMarked: false, isNamed: false });
      }
    }
    return found;
  }
}

/** Where a schema cannot be described nobody knows what it marks: then all of it is secret. */
function toJsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  try {
    return z.toJSONSchema(schema, { io, unrepresentable: "any" }) as JsonSchema;
  } catch {
    return { secret: true };
  }
}

/** Looks through one config by one schema. */
class Search {
  readonly #root: JsonSchema;
  readonly #found: Set<string>;

  constructor(root: JsonSchema, found: Set<string>) {
    this.#root = root;
    this.#found = found;
  }

  look({ value, schemas, isNamed, ...around }: Place, depth = 0): void {
    if (depth > MAX_DEPTH) return;
    const seen = new Set<JsonSchema>();
    const parts = schemas.flatMap((schema) => this.#partsOf(schema, value, seen));
    const isMarked = around.isMarked || parts.some(({ secret }) => secret === true);
    if (typeof value === "string" && (isMarked || isNamed)) this.#found.add(value);
    if (typeof value === "number" && isMarked && Math.abs(value) >= MIN_NUMBER) this.#found.add(String(value));
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        this.look({ value: item, schemas: parts.flatMap((part) => itemOf(part, index)), isMarked, isNamed }, depth + 1);
      }
    } else if (isJsonObject(value)) {
      for (const [name, field] of Object.entries(value)) {
        const fields = parts.flatMap((part) => fieldOf(part, name));
        this.look({ value: field, schemas: fields, isMarked, isNamed: isNamed || isSecretName(name) }, depth + 1);
      }
    }
  }

  /** A schema and those that it is made of; of a choice, the ones that the value may be of. */
  #partsOf(schema: JsonSchema, value: unknown, seen: Set<JsonSchema>): readonly JsonSchema[] {
    if (seen.has(schema)) return [];
    seen.add(schema);
    const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
    const fitting = choices.filter((choice) => canBeOf(value, this.#resolve(choice) ?? choice));
    const inner = [this.#resolve(schema), ...(schema.allOf ?? []), ...(fitting.length > 0 ? fitting : choices)];
    return [schema, ...inner.flatMap((part) => (part === undefined ? [] : this.#partsOf(part, value, seen)))];
  }

  #resolve({ $ref }: JsonSchema): JsonSchema | undefined {
    if ($ref === undefined) return undefined;
    return $ref === "#" ? this.#root : this.#root.$defs?.[$ref.slice("#/$defs/".length)];
  }
}

function fieldOf(schema: JsonSchema, name: string): readonly JsonSchema[] {
  const { properties = {}, patternProperties = {}, additionalProperties } = schema;
  const declared = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (declared !== undefined) return [declared];
  return [...Object.values(patternProperties), ...schemaOf(additionalProperties)];
}

function itemOf({ prefixItems = [], items }: JsonSchema, index: number): readonly JsonSchema[] {
  const declared = prefixItems[index];
  return declared === undefined ? schemaOf(items) : [declared];
}

function schemaOf(schema: JsonSchema | boolean | undefined): readonly JsonSchema[] {
  return typeof schema === "object" ? [schema] : [];
}

/** Tells choices apart by the type and by fields that say which one it is; in doubt it may. */
function canBeOf(value: unknown, { type, properties = {} }: JsonSchema): boolean {
  if (!hasType(value, type)) return false;
  if (!isJsonObject(value)) return true;
  return Object.entries(properties).every(
    ([name, field]) => !Object.hasOwn(value, name) || isOneOf(value[name], field),
  );
}

function isOneOf(value: unknown, schema: JsonSchema): boolean {
  if (schema.const !== undefined) return schema.const === value;
  return schema.enum === undefined || schema.enum.includes(value);
}

function hasType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
    case "integer":
      return typeof value === "number";
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isJsonObject(value);
    default:
      return true;
  }
}
