/* Positions in texts and lists; negative ones count from the end. */
import { integerOf } from "./arguments.js";
import type { FunctionContext } from "./function-table.js";

/** The part of a text or list from a position up to another. */
export function sliceOf<Whole extends string | readonly unknown[]>(
  whole: Whole,
  start: unknown,
  end: unknown,
  context: FunctionContext,
): string | readonly unknown[] {
  const from = start === undefined || start === null ? 0 : integerOf(start, context, "slice()");
  const to = end === undefined || end === null ? undefined : integerOf(end, context, "slice()");
  return whole.slice(from, to);
}

/** The element or character at a position; null outside. */
export function elementAt(whole: string | readonly unknown[], index: unknown, context: FunctionContext): unknown {
  return whole.at(integerOf(index, context, "at()")) ?? null;
}
