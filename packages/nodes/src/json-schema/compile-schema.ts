import { FatalNodeError } from "@automatrix/core";
import type { ErrorObject, Options, ValidateFunction } from "ajv/dist/2020.js";
import { canonicalJson } from "../json/canonical-json.js";
import { isJsonObject } from "../json/json-kind.js";
import { compilePattern, type Pattern } from "../json/pattern.js";
import { loadModule } from "../loading/load-module.js";
import { STEP_KEYWORD, toMeasuredSchema } from "./measured-schema.js";

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** JSON pointer (RFC 6901) into the value; empty for the value itself. */
  readonly path: string;
  /** Keyword of the schema that is not met. */
  readonly keyword: string;
  readonly message: string;
}

export type SchemaCheck = (value: unknown) => readonly SchemaIssue[];

const MAX_CACHED_SCHEMAS = 100;
const MAX_STEPS = 1_000_000;
/** Values with more parts than this are checked until the first issue only, so that the list cannot outgrow memory. */
const MAX_PARTS_FOR_ALL_ISSUES = 50_000;

/** Compiled schemas by their text: compiling takes milliseconds, checking microseconds. The oldest goes first. */
const cache = new Map<string, SchemaCheck>();

/**
 * Compiles a JSON Schema (draft 2020-12): patterns match in linear time, nothing is fetched, `format` is not checked.
 * @throws FatalNodeError `invalid_input` when the schema is malformed, too large, or refers to what it does not contain
 */
export function compileSchema(schema: boolean | Readonly<Record<string, unknown>>): SchemaCheck {
  const measured = toMeasuredSchema(schema);
  const key = canonicalJson(measured);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const check = createCheck(measured);
  if (cache.size >= MAX_CACHED_SCHEMAS) cache.delete(cache.keys().next().value as string);
  cache.set(key, check);
  return check;
}

function createCheck(schema: unknown): SchemaCheck {
  let steps = 0;
  const countStep = (): boolean => {
    steps += 1;
    if (steps > MAX_STEPS) throw new RangeError("too many steps");
    return true;
  };
  const first = compile(schema, countStep, { allErrors: false });
  let all: ValidateFunction | undefined;
  return (value) => {
    steps = 0;
    if (run(first, value)) return [];
    if (countParts(value, MAX_PARTS_FOR_ALL_ISSUES) >= MAX_PARTS_FOR_ALL_ISSUES) return toIssues(first);
    all ??= compile(schema, countStep, { allErrors: true });
    steps = 0;
    run(all, value);
    return toIssues(all);
  };
}

function compile(schema: unknown, countStep: () => boolean, options: Options): ValidateFunction {
  const { Ajv2020 } = loadModule<typeof import("ajv/dist/2020.js")>("ajv/dist/2020.js");
  const regExp = Object.assign(ajvPattern, { code: "linearPattern" });
  const ajv = new Ajv2020({
    ...options,
    strict: false,
    logger: false,
    validateFormats: false,
    addUsedSchema: false,
    code: { regExp: regExp as never },
  });
  ajv.addKeyword({ keyword: STEP_KEYWORD, before: "$ref", validate: countStep, errors: false });
  try {
    return ajv.compile(schema as Record<string, unknown>);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 500) : "unknown reason";
    throw new FatalNodeError(`The JSON Schema cannot be used: ${reason}`, { code: "invalid_input", cause });
  }
}

/** Ajv tells patterns apart by their text: without `toString`, the first pattern would stand for all of them. */
function ajvPattern(source: string): Pattern & { toString(): string } {
  return { ...compilePattern(source), toString: () => source };
}

function run(validate: ValidateFunction, value: unknown): boolean {
  try {
    return validate(value) === true;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new FatalNodeError("The JSON Schema refers to itself without end, or needs too many steps for this value.", {
      code: "invalid_input",
      cause,
    });
  }
}

function toIssues(validate: ValidateFunction): readonly SchemaIssue[] {
  const issues = (validate.errors ?? []).map(toIssue);
  validate.errors = null;
  return issues;
}

function toIssue(error: ErrorObject): SchemaIssue {
  const extra = error.keyword === "additionalProperties" || error.keyword === "unevaluatedProperties";
  const name = extra ? (Object.values(error.params)[0] as string) : undefined;
  return {
    path: error.instancePath,
    keyword: error.keyword,
    message: name === undefined ? (error.message ?? "is not valid") : `must not have the property "${name}"`,
  };
}

function countParts(value: unknown, limit: number): number {
  const pending: unknown[] = [value];
  let parts = 0;
  while (pending.length > 0 && parts < limit) {
    const next = pending.pop();
    parts += 1;
    const children = Array.isArray(next) ? next : isJsonObject(next) ? Object.values(next) : [];
    for (let index = 0; index < children.length && pending.length < limit; index += 1) pending.push(children[index]);
  }
  return pending.length >= limit ? limit : parts;
}
