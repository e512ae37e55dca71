import { integerOf } from "./arguments.js";
import { defineFunction, type FunctionContext, type FunctionTable } from "./function-table.js";
import { toIso } from "./instant.js";

const VOLATILE = { volatile: "always" } as const;
const DAY_MS = 86_400_000;

/** Functions whose result differs from call to call; they read the engine's clock, randomness and ids. */
export const volatileFunctions: FunctionTable = {
  now: defineFunction("now()", (_values, context) => toIso(context.now(), context), VOLATILE),
  today: defineFunction(
    "today()",
    (_values, context) => toIso(Math.floor(context.now() / DAY_MS) * DAY_MS, context),
    VOLATILE,
  ),
  uuid: defineFunction("uuid()", (_values, context) => context.uuid(), VOLATILE),
  random: defineFunction("random(lowest?, highest?)", random, VOLATILE),
};

/** A fraction from 0 to below 1, or a whole number within bounds, both included. */
function random([lowest, highest]: readonly unknown[], context: FunctionContext): number {
  if (lowest === undefined) return context.random();
  const least = highest === undefined ? 0 : integerOf(lowest, context, "random()");
  const most = integerOf(highest === undefined ? lowest : highest, context, "random()");
  if (most < least) context.fail("expression_failed", "random() needs a highest number that is not below the lowest");
  return least + Math.floor(context.random() * (most - least + 1));
}
