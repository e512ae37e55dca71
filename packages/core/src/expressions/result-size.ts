import { MAX_RESULT_SIZE, MAX_VALUE_DEPTH } from "./expression-limits.js";
import type { FunctionContext } from "./functions/function-table.js";

/**
 * Checks that a result can be written out: a value made by an expression may share its parts, so a few steps can make
 * one whose JSON has no end. Shared parts count each time; the walk stops at the bound.
 */
export function checkResultSize(result: unknown, context: FunctionContext): void {
  if (typeof result !== "object" || result === null) return;
  const values: unknown[] = [result];
  const depths: number[] = [0];
  let size = 0;
  while (values.length > 0) {
    const value = values.pop();
    const depth = depths.pop() ?? 0;
    size += typeof value === "string" ? value.length + 2 : 2;
    if (typeof value === "object" && value !== null) {
      if (depth >= MAX_VALUE_DEPTH) failDepth(context);
      size += pushParts(value, depth + 1, values, depths);
    }
    if (size + values.length * 2 > MAX_RESULT_SIZE) {
      context.fail("expression_limit", "the result is too large; reduce it with filter, slice or pick");
    }
  }
}

function pushParts(value: object, depth: number, values: unknown[], depths: number[]): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let keysLength = 0;
  if (Array.isArray(value)) {
    for (const element of value) {
      values.push(element);
      depths.push(depth);
    }
    return keysLength;
  }
  for (const key of Object.keys(value)) {
    keysLength += key.length;
    values.push((value as Readonly<Record<string, unknown>>)[key]);
    depths.push(depth);
  }
  return keysLength;
}

function failDepth(context: FunctionContext): never {
  return context.fail("expression_limit", `the result is nested deeper than ${MAX_VALUE_DEPTH} levels`);
}
