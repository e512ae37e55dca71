import { FatalNodeError } from "@automatrix/core";
import { ownProperty, parseFieldPath, readPath } from "../../json/field-path.js";
import { isJsonObject, type JsonObject, jsonKind } from "../../json/json-kind.js";
import { ObjectDraft } from "./object-draft.js";

export interface FieldMapping {
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  readonly keep?: readonly string[] | undefined;
  readonly drop?: readonly string[] | undefined;
  readonly rename?: Readonly<Record<string, string>> | undefined;
  readonly passThrough: boolean;
}

/**
 * Applies keep, drop, rename and set, in this order; a rename also finds fields that keep or passThrough left behind.
 * Without an object as input, what there is is kept under `input`.
 */
export function mapFields(input: unknown, mapping: FieldMapping): JsonObject {
  const source = toObject(input, mapping);
  const { keep = [], drop = [], rename = {}, set = {} } = mapping;
  const draft = new ObjectDraft(mapping.keep === undefined && mapping.passThrough ? source : {});
  for (const field of keep) copyField(draft, source, field, field);
  for (const field of drop) draft.delete(pathIn(source, field));
  for (const from of Object.keys(rename)) draft.delete(pathIn(source, from));
  for (const from of Object.keys(rename)) copyField(draft, source, from, rename[from] as string);
  for (const field of Object.keys(set)) draft.set(pathIn(source, field), set[field]);
  return draft.value;
}

function copyField(draft: ObjectDraft, source: JsonObject, from: string, to: string): void {
  const value = readPath(source, pathIn(source, from));
  if (value !== undefined) draft.set(from === to ? pathIn(source, to) : parseFieldPath(to), value);
}

/** A field of exactly this name comes before a path through dots. */
function pathIn(source: JsonObject, field: string): readonly string[] {
  const path = parseFieldPath(field);
  return path.length > 1 && ownProperty(source, field) !== undefined ? [field] : path;
}

function toObject(input: unknown, { keep, drop, rename }: FieldMapping): JsonObject {
  if (isJsonObject(input)) return input;
  if (keep === undefined && drop === undefined && rename === undefined)
    return input === null || input === undefined ? {} : { input };
  throw new FatalNodeError(
    `data_transform keeps, drops and renames fields of an object, but the input is ${jsonKind(input)}; run it in a for_each, or use jsonata.`,
    {
      code: "invalid_input",
    },
  );
}
