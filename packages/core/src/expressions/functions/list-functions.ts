import { isKeyedObject, readProperty, setOwnProperty } from "../own-property.js";
import { describeKind } from "../value-kind.js";
import { toJson, toText } from "../value-text.js";
import { chargeSearch, integerOf, listOf, textOf } from "./arguments.js";
import { areEqual } from "./equality.js";
import { defineFunction, type FunctionContext, type FunctionTable } from "./function-table.js";
import { elementAt, sliceOf } from "./positions.js";

/** Functions of lists; some take texts as well. Null counts as an empty list. */
export const listFunctions: FunctionTable = {
  length: defineFunction("length(value)", ([value], context) => lengthOf(value, context)),
  first: defineFunction("first(list)", ([list], context) =>
    elementAt(sequenceOf(list, context, "first()"), 0, context),
  ),
  last: defineFunction("last(list)", ([list], context) => elementAt(sequenceOf(list, context, "last()"), -1, context)),
  at: defineFunction("at(list, index)", ([list, index], context) =>
    elementAt(sequenceOf(list, context, "at()"), index, context),
  ),
  slice: defineFunction("slice(list, start?, end?)", ([list, start, end], context) =>
    sliceOf(charged(sequenceOf(list, context, "slice()"), context), start, end, context),
  ),
  concat: defineFunction("concat(...values)", (values, context) => concat(values, context)),
  unique: defineFunction("unique(list, key?)", ([list, key], context) => unique(list, key, context)),
  reverse: defineFunction("reverse(list)", ([list], context) => {
    const sequence = charged(sequenceOf(list, context, "reverse()"), context);
    return typeof sequence === "string" ? [...sequence].reverse().join("") : sequence.toReversed();
  }),
  flatten: defineFunction("flatten(list, depth?)", ([list, depth], context) =>
    flatten(
      listOf(list, context, "flatten()"),
      depth === undefined ? 1 : integerOf(depth, context, "flatten()"),
      context,
    ),
  ),
  compact: defineFunction("compact(list)", ([list], context) =>
    listOf(list, context, "compact()").filter((value) => value !== null && value !== undefined && value !== ""),
  ),
  includes: defineFunction("includes(list, value)", includes),
  contains: defineFunction("contains(list, value)", includes),
  indexOf: defineFunction("indexOf(list, value)", ([list, value], context) => {
    if (typeof list !== "string") return findEqual(listOf(list, context, "indexOf()"), value, context);
    const wanted = textOf(value, context);
    chargeSearch(list, wanted, context);
    return textOf(list, context).indexOf(wanted);
  }),
  range: defineFunction("range(start, end?, step?)", range),
  pluck: defineFunction("pluck(list, key)", ([list, key], context) =>
    listOf(list, context, "pluck()").map((value) => readProperty(value, key)),
  ),
  groupBy: defineFunction("groupBy(list, key)", ([list, key], context) => {
    const groups = new Map<string, unknown[]>();
    for (const value of listOf(list, context, "groupBy()")) {
      const name = toText(readProperty(value, key), context);
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [value]);
      else group.push(value);
    }
    return toObject(groups);
  }),
  keyBy: defineFunction("keyBy(list, key)", ([list, key], context) => {
    const byKey = new Map<string, unknown>();
    for (const value of listOf(list, context, "keyBy()")) byKey.set(toText(readProperty(value, key), context), value);
    return toObject(byKey);
  }),
  chunk: defineFunction("chunk(list, size)", ([list, size], context) => {
    const whole = listOf(list, context, "chunk()");
    const length = Math.max(1, integerOf(size, context, "chunk()"));
    return Array.from({ length: Math.ceil(whole.length / length) }, (_, index) =>
      whole.slice(index * length, (index + 1) * length),
    );
  }),
  difference: defineFunction("difference(list, other)", ([list, other], context) => {
    const excluded = keysOf(listOf(other, context, "difference()"), context);
    return listOf(list, context, "difference()").filter((value) => !excluded.has(identityOf(value, context)));
  }),
  intersection: defineFunction("intersection(list, other)", ([list, other], context) => {
    const wanted = keysOf(listOf(other, context, "intersection()"), context);
    return listOf(list, context, "intersection()").filter((value) => wanted.has(identityOf(value, context)));
  }),
};

function lengthOf(value: unknown, context: FunctionContext): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  if (isKeyedObject(value)) return Object.keys(value).length;
  return context.fail("expression_type", `length() needs a text, list or object, not ${describeKind(value)}`);
}

function sequenceOf(value: unknown, context: FunctionContext, purpose: string): string | readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (typeof value === "string" || Array.isArray(value)) return value;
  return context.fail("expression_type", `${purpose} needs a list or text, not ${describeKind(value)}`);
}

function charged(sequence: string | readonly unknown[], context: FunctionContext): string | readonly unknown[] {
  if (typeof sequence === "string") context.chargeText(sequence.length);
  else context.charge(sequence.length);
  return sequence;
}

function concat(values: readonly unknown[], context: FunctionContext): unknown {
  if (values.length > 0 && values.every((value) => typeof value === "string")) {
    let length = 0;
    for (const text of values) length += text.length;
    context.chargeText(length);
    return values.join("");
  }
  const joined: unknown[] = [];
  for (const value of values) {
    const part = Array.isArray(value) ? value : [value];
    context.charge(part.length);
    for (const element of part) joined.push(element);
  }
  return joined;
}

/** A key under which equal data, and only equal data, is found; objects by their JSON. */
function identityOf(value: unknown, context: FunctionContext): unknown {
  if (typeof value !== "object" || value === null) return value ?? null;
  context.charge(1);
  return `json:${toJson(value, context)}`;
}

function keysOf(list: readonly unknown[], context: FunctionContext): ReadonlySet<unknown> {
  return new Set(list.map((value) => identityOf(value, context)));
}

function unique(list: unknown, key: unknown, context: FunctionContext): readonly unknown[] {
  const seen = new Set<unknown>();
  return listOf(list, context, "unique()").filter((value) => {
    const identity = identityOf(key === undefined ? value : readProperty(value, key), context);
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

const MAX_FLATTEN_DEPTH = 64;

function flatten(list: readonly unknown[], depth: number, context: FunctionContext): readonly unknown[] {
  const flat: unknown[] = [];
  const add = (values: readonly unknown[], levels: number): void => {
    context.charge(values.length);
    for (const value of values) {
      if (levels > 0 && Array.isArray(value)) add(value, levels - 1);
      else flat.push(value);
    }
  };
  add(list, Math.min(Math.max(0, depth), MAX_FLATTEN_DEPTH));
  return flat;
}

function includes([whole, value]: readonly unknown[], context: FunctionContext): boolean {
  if (isKeyedObject(whole)) return Object.hasOwn(whole, toText(value, context));
  if (typeof whole !== "string") return findEqual(listOf(whole, context, "includes()"), value, context) >= 0;
  const wanted = textOf(value, context);
  chargeSearch(whole, wanted, context);
  return textOf(whole, context).includes(wanted);
}

function findEqual(list: readonly unknown[], wanted: unknown, context: FunctionContext): number {
  return list.findIndex((value) => areEqual(value, wanted, context));
}

function range([start, end, step]: readonly unknown[], context: FunctionContext): readonly number[] {
  const from = end === undefined ? 0 : integerOf(start, context, "range()");
  const to = integerOf(end === undefined ? start : end, context, "range()");
  const by = step === undefined ? Math.sign(to - from) || 1 : integerOf(step, context, "range()");
  if (by === 0) context.fail("expression_failed", "range() needs a step other than 0");
  const count = Math.max(0, Math.ceil((to - from) / by));
  context.charge(count);
  return Array.from({ length: count }, (_, index) => from + index * by);
}

function toObject(entries: ReadonlyMap<string, unknown>): Readonly<Record<string, unknown>> {
  const object: Record<string, unknown> = {};
  for (const [key, value] of entries) setOwnProperty(object, key, value);
  return object;
}
