import { canonicalJson } from "./canonical-json.js";
import { type JsonKind, jsonKind } from "./json-kind.js";

/** Values of different kinds are ordered by kind, so that every list has one order. */
const KIND_RANK: Readonly<Record<JsonKind, number>> = {
  number: 0,
  string: 1,
  boolean: 2,
  array: 3,
  object: 4,
  null: 5,
  nothing: 5,
};

export function isMissing(value: unknown): boolean {
  return value === null || value === undefined;
}

/** Total order of JSON values: numbers, text by code unit, booleans (false first), lists, objects, null. */
export function compareValues(left: unknown, right: unknown): number {
  const kind = jsonKind(left);
  const byKind = KIND_RANK[kind] - KIND_RANK[jsonKind(right)];
  if (byKind !== 0) return byKind;
  if (kind === "array" || kind === "object") return compareScalars(canonicalJson(left), canonicalJson(right));
  return compareScalars(left as string, right as string);
}

function compareScalars(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
