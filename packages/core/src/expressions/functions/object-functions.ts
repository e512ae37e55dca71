import { isForbiddenKey, readProperty, setOwnProperty } from "../own-property.js";
import { toText } from "../value-text.js";
import { listOf, objectOf } from "./arguments.js";
import { defineFunction, type FunctionContext, type FunctionTable } from "./function-table.js";

/** Functions of objects. Null counts as an empty object. */
export const objectFunctions: FunctionTable = {
  keys: defineFunction("keys(object)", ([object], context) => Object.keys(partsOf(object, context, "keys()"))),
  values: defineFunction("values(object)", ([object], context) => Object.values(partsOf(object, context, "values()"))),
  entries: defineFunction("entries(object)", ([object], context) =>
    Object.entries(partsOf(object, context, "entries()")),
  ),
  fromEntries: defineFunction("fromEntries(list)", ([list], context) => {
    const object: Record<string, unknown> = {};
    for (const entry of listOf(list, context, "fromEntries()")) {
      setOwnProperty(object, toText(readProperty(entry, 0), context), readProperty(entry, 1));
    }
    return object;
  }),
  merge: defineFunction("merge(...objects)", (values, context) => {
    const merged: Record<string, unknown> = {};
    for (const value of values) {
      const object = objectOf(value, context, "merge()");
      for (const key of Object.keys(object)) setOwnProperty(merged, key, object[key]);
    }
    return merged;
  }),
  pick: defineFunction("pick(object, ...keys)", ([object, ...keys], context) => {
    const source = objectOf(object, context, "pick()");
    const picked: Record<string, unknown> = {};
    for (const key of keyNames(keys, context)) {
      if (Object.hasOwn(source, key)) setOwnProperty(picked, key, source[key]);
    }
    return picked;
  }),
  omit: defineFunction("omit(object, ...keys)", ([object, ...keys], context) => {
    const source = objectOf(object, context, "omit()");
    const omitted = new Set(keyNames(keys, context));
    const rest: Record<string, unknown> = {};
    for (const key of Object.keys(source)) {
      if (!omitted.has(key)) setOwnProperty(rest, key, source[key]);
    }
    return rest;
  }),
  get: defineFunction("get(object, path, otherwise?)", ([object, path, otherwise], context) => {
    const keys = Array.isArray(path) ? listOf(path, context, "get()") : toText(path, context).split(".");
    context.charge(keys.length);
    let value = object;
    for (const key of keys) value = readProperty(value, key);
    return value ?? otherwise;
  }),
  has: defineFunction("has(object, key)", ([object, key], context) => {
    const name = toText(key, context);
    return typeof object === "object" && object !== null && !isForbiddenKey(name) && Object.hasOwn(object, name);
  }),
};

function partsOf(value: unknown, context: FunctionContext, purpose: string): object {
  return Array.isArray(value) ? listOf(value, context, purpose) : objectOf(value, context, purpose);
}

/** Keys as separate arguments or as one list. */
function keyNames(keys: readonly unknown[], context: FunctionContext): readonly string[] {
  const [only] = keys;
  const names = keys.length === 1 && Array.isArray(only) ? listOf(only, context, "the keys") : keys;
  return names.map((name) => toText(name, context));
}
