import { MAX_VALUE_DEPTH } from "../expression-limits.js";
import { isKeyedObject } from "../own-property.js";
import type { FunctionContext } from "./function-table.js";

/** Whether two values hold the same data; lists and objects are compared part by part. */
export function areEqual(left: unknown, right: unknown, context: FunctionContext, depth = 0): boolean {
  const CHARACTERS_PER_STEP = 4096;
  if (typeof left === "string" && typeof right === "string" && left.length === right.length) {
    context.charge(Math.floor(left.length / CHARACTERS_PER_STEP));
  }
  if (left === right || (left ?? null) === (right ?? null)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (depth >= MAX_VALUE_DEPTH) context.fail("expression_limit", "the values are nested too deep to compare");
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  if (Array.isArray(left) && Array.isArray(right)) return areListsEqual(left, right, context, depth);
  if (!isKeyedObject(left) || !isKeyedObject(right)) return false;
  return areObjectsEqual(left, right, context, depth);
}

function areListsEqual(
  left: readonly unknown[],
  right: readonly unknown[],
  context: FunctionContext,
  depth: number,
): boolean {
  context.charge(1);
  if (left.length !== right.length) return false;
  return left.every((value, index) => {
    context.charge(1);
    return areEqual(value, right[index], context, depth + 1);
  });
}

function areObjectsEqual(
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
  context: FunctionContext,
  depth: number,
): boolean {
  const keys = Object.keys(left);
  context.charge(1 + keys.length);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && areEqual(left[key], right[key], context, depth + 1));
}
