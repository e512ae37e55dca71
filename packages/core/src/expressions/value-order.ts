import type { FunctionContext } from "./functions/function-table.js";
import { describeKind } from "./value-kind.js";

const CHARACTERS_PER_STEP = 4096;

/**
 * Orders two numbers, two texts (by UTF-16 units, the same everywhere) or two booleans.
 *
 * @param purpose - what needs the order, for the message: an operator or a function's name
 * @throws ExpressionError `expression_type` for anything else
 */
export function compareValues(left: unknown, right: unknown, context: FunctionContext, purpose: string): number {
  if (typeof left === "number" && typeof right === "number") return left - right || (left === right ? 0 : Number.NaN);
  if (typeof left === "string" && typeof right === "string") {
    context.charge(Math.floor(Math.min(left.length, right.length) / CHARACTERS_PER_STEP));
    return left < right ? -1 : Number(left > right);
  }
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  const kinds = `${describeKind(left)} and ${describeKind(right)}`;
  return context.fail(
    "expression_type",
    `"${purpose}" compares two numbers, two texts or two booleans, not ${kinds}; convert one with number() or string()`,
  );
}
