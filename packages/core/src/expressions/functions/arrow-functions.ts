/* The functions that take an arrow function. */
import { Arrow } from "../arrow.js";
import { readProperty } from "../own-property.js";
import { compareValues } from "../value-order.js";
import { arrowOf, listOf } from "./arguments.js";
import { defineFunction, type FunctionContext, type FunctionTable } from "./function-table.js";

const SECOND = { arrowArgument: 1 };

/** Functions that call an arrow function with an element of a list and its index. */
export const arrowFunctions: FunctionTable = {
  map: defineFunction(
    "map(list, x => ...)",
    (values, context) => {
      const [list, arrow] = listAndArrow(values, context, "map()");
      return list.map((value, index) => arrow.call(value, index));
    },
    SECOND,
  ),
  filter: defineFunction(
    "filter(list, x => ...)",
    (values, context) => {
      const [list, arrow] = listAndArrow(values, context, "filter()");
      return list.filter((value, index) => arrow.call(value, index));
    },
    SECOND,
  ),
  find: defineFunction(
    "find(list, x => ...)",
    (values, context) => {
      const [list, arrow] = listAndArrow(values, context, "find()");
      return list.find((value, index) => arrow.call(value, index)) ?? null;
    },
    SECOND,
  ),
  some: defineFunction(
    "some(list, x => ...)",
    (values, context) => {
      const [list, arrow] = listAndArrow(values, context, "some()");
      return list.some((value, index) => arrow.call(value, index));
    },
    SECOND,
  ),
  every: defineFunction(
    "every(list, x => ...)",
    (values, context) => {
      const [list, arrow] = listAndArrow(values, context, "every()");
      return list.every((value, index) => arrow.call(value, index));
    },
    SECOND,
  ),
  reduce: defineFunction(
    "reduce(list, (result, x) => ..., start?)",
    ([list, arrow, start], context) => {
      const fold = arrowOf(arrow, context, "reduce()");
      let result: unknown = start ?? null;
      for (const [index, value] of listOf(list, context, "reduce()").entries())
        result = fold.call(result, value, index);
      return result;
    },
    SECOND,
  ),
  sort: defineFunction("sort(list, by?, direction?)", sort, SECOND),
};

function listAndArrow(
  [list, arrow]: readonly unknown[],
  context: FunctionContext,
  purpose: string,
): readonly [readonly unknown[], Arrow] {
  return [listOf(list, context, purpose), arrowOf(arrow, context, purpose)];
}

/**
 * Sorts by the values themselves, by a key (`"price"` or `x => x.price`) or by an order (`(a, b) => a.x - b.x`).
 * Null comes last; the order of equal elements stays.
 */
function sort([list, by, direction]: readonly unknown[], context: FunctionContext): readonly unknown[] {
  const elements = listOf(list, context, "sort()");
  if (by instanceof Arrow && by.parameterCount >= 2)
    return elements.toSorted((a, b) => orderOf(by.call(a, b), context));
  const sign = signOf(by === "desc" || by === "asc" ? by : direction, context);
  const keyOf = keyReader(by, context);
  const keyed = elements.map((value, index) => ({ value, key: keyOf(value, index) }));
  keyed.sort((a, b) => compareKeys(a.key, b.key, sign, context));
  return keyed.map(({ value }) => value);
}

function keyReader(by: unknown, context: FunctionContext): (value: unknown, index: number) => unknown {
  if (by === undefined || by === null || by === "asc" || by === "desc") return (value) => value;
  if (typeof by === "string") return (value) => readProperty(value, by);
  const arrow = arrowOf(by, context, "sort()");
  return (value, index) => arrow.call(value, index);
}

function compareKeys(left: unknown, right: unknown, sign: number, context: FunctionContext): number {
  context.charge(1);
  const isLeftMissing = left === null || left === undefined;
  const isRightMissing = right === null || right === undefined;
  if (isLeftMissing || isRightMissing) return Number(isLeftMissing) - Number(isRightMissing);
  return sign * compareValues(left, right, context, "sort()");
}

function orderOf(order: unknown, context: FunctionContext): number {
  if (typeof order === "number") return order;
  return context.fail("expression_type", "the arrow function of sort(list, (a, b) => ...) must give a number");
}

function signOf(direction: unknown, context: FunctionContext): number {
  if (direction === undefined || direction === null || direction === "asc") return 1;
  return direction === "desc" ? -1 : context.fail("expression_failed", `sort() goes "asc" or "desc"`);
}
