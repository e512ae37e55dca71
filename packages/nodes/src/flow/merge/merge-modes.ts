import { FatalNodeError } from "@automatrix/core";
import { canonicalJson } from "../../json/canonical-json.js";
import { isMissing } from "../../json/compare-values.js";
import { fieldReader } from "../../json/field-path.js";
import { isJsonObject, type JsonObject, jsonKind } from "../../json/json-kind.js";

/** One list of all items; what is no list counts as one item. */
export function concatenate(values: readonly unknown[]): unknown[] {
  const all: unknown[] = [];
  for (const value of values) for (const item of toList(value)) all.push(item);
  return all;
}

/** One object; later inputs win. An input that is no object is kept under the input's name. */
export function combine(inputs: readonly (readonly [name: string, value: unknown])[]): JsonObject {
  return mergeObjects(inputs.map(([name, value]) => (isJsonObject(value) ? value : { [name]: value })));
}

/** Rows of all inputs, those with an equal key as one row (later fields win), in the order of their first appearance. */
export function joinByKey(values: readonly unknown[], key: string): readonly JsonObject[] {
  const readKey = fieldReader(key);
  const rows: JsonObject[] = [];
  const places = new Map<string, number>();
  for (const row of concatenate(values)) {
    if (!isJsonObject(row))
      throw new FatalNodeError(`Mode by_key joins objects, but one item is ${jsonKind(row)}.`, {
        code: "invalid_input",
      });
    const value = readKey(row);
    const place = isMissing(value) ? undefined : places.get(canonicalJson(value));
    if (place !== undefined) {
      rows[place] = { ...rows[place], ...row };
      continue;
    }
    if (!isMissing(value)) places.set(canonicalJson(value), rows.length);
    rows.push(row);
  }
  return rows;
}

/** Items of the same place together: one object if all items are objects, else a list with null where an input is shorter. */
export function joinByPosition(values: readonly unknown[]): readonly unknown[] {
  const lists = values.map(toList);
  const length = lists.reduce((longest, list) => Math.max(longest, list.length), 0);
  const asObjects = lists.every((list) => list.every(isJsonObject));
  return Array.from({ length }, (_, place) => {
    if (!asObjects) return lists.map((list) => list[place] ?? null);
    return mergeObjects(lists.map((list) => list[place]));
  });
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Entries, not assignment: a key such as `__proto__` stays data. */
function mergeObjects(objects: readonly unknown[]): JsonObject {
  return Object.fromEntries(objects.flatMap((object) => (isJsonObject(object) ? Object.entries(object) : [])));
}
