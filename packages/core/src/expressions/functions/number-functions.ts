import { isKeyedObject } from "../own-property.js";
import { describeKind } from "../value-kind.js";
import { integerOf, listOf, numberOf } from "./arguments.js";
import { defineFunction, type FunctionContext, type FunctionTable } from "./function-table.js";

/** Functions of numbers. `min`, `max`, `sum` and `average` take numbers or one list of them; null elements are left out. */
export const numberFunctions: FunctionTable = {
  number: defineFunction("number(value, otherwise?)", (values, context) => {
    const number = parseNumber(values[0], context);
    if (number !== undefined) return number;
    if (values.length > 1) return values[1];
    return context.fail("expression_failed", `number() cannot read ${describeKind(values[0])} as a number`);
  }),
  integer: defineFunction("integer(value, otherwise?)", (values, context) => {
    const number = parseNumber(values[0], context);
    if (number !== undefined) return Math.trunc(number);
    if (values.length > 1) return values[1];
    return context.fail("expression_failed", `integer() cannot read ${describeKind(values[0])} as a number`);
  }),
  round: defineFunction("round(number, digits?)", ([value, digits], context) => {
    const number = numberOf(value, context, "round()");
    return roundTo(number, digits === undefined ? 0 : integerOf(digits, context, "round()"));
  }),
  floor: defineFunction("floor(number)", ([value], context) => Math.floor(numberOf(value, context, "floor()"))),
  ceil: defineFunction("ceil(number)", ([value], context) => Math.ceil(numberOf(value, context, "ceil()"))),
  trunc: defineFunction("trunc(number)", ([value], context) => Math.trunc(numberOf(value, context, "trunc()"))),
  abs: defineFunction("abs(number)", ([value], context) => Math.abs(numberOf(value, context, "abs()"))),
  sign: defineFunction("sign(number)", ([value], context) => Math.sign(numberOf(value, context, "sign()"))),
  sqrt: defineFunction("sqrt(number)", ([value], context) => {
    const number = numberOf(value, context, "sqrt()");
    return number >= 0 ? Math.sqrt(number) : context.fail("expression_failed", "sqrt() needs a number of 0 or more");
  }),
  clamp: defineFunction("clamp(number, lowest, highest)", ([value, lowest, highest], context) => {
    const least = numberOf(lowest, context, "clamp()");
    const most = numberOf(highest, context, "clamp()");
    return Math.min(most, Math.max(least, numberOf(value, context, "clamp()")));
  }),
  min: defineFunction("min(...numbers)", (values, context) =>
    extreme(values, context, "min()", (number, least) => number < least),
  ),
  max: defineFunction("max(...numbers)", (values, context) =>
    extreme(values, context, "max()", (number, most) => number > most),
  ),
  sum: defineFunction("sum(...numbers)", (values, context) =>
    numbersOf(values, context, "sum()").reduce((total, number) => total + number, 0),
  ),
  average: defineFunction("average(...numbers)", (values, context) => {
    const numbers = numbersOf(values, context, "average()");
    return numbers.length === 0 ? null : numbers.reduce((total, number) => total + number, 0) / numbers.length;
  }),
  formatNumber: defineFunction("formatNumber(number, digits?, separator?)", ([value, digits, separator], context) => {
    const number = numberOf(value, context, "formatNumber()");
    const places = digits === undefined ? 0 : integerOf(digits, context, "formatNumber()");
    if (places < 0 || places > MAX_DIGITS) {
      context.fail("expression_failed", `formatNumber() writes 0 to ${MAX_DIGITS} digits`);
    }
    const text = number.toFixed(places);
    return typeof separator === "string" ? separateThousands(text, separator) : text;
  }),
};

const MAX_DIGITS = 20;
const MAX_NUMBER_LENGTH = 400;

function parseNumber(value: unknown, context: FunctionContext): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "boolean") return Number(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
  if (typeof value !== "string" || value.length > MAX_NUMBER_LENGTH) return undefined;
  context.charge(1);
  const text = value.trim();
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Rounds half away from zero on the decimal digits people see, so that 1.005 to two digits is 1.01. */
function roundTo(number: number, digits: number): number {
  const places = Math.min(MAX_DIGITS, Math.max(-MAX_DIGITS, digits));
  const shifted = shiftDecimal(Math.abs(number), places);
  if (!Number.isFinite(shifted)) return number;
  const rounded = shiftDecimal(Math.round(shifted), -places) * Math.sign(number);
  return rounded === 0 ? 0 : rounded;
}

function shiftDecimal(number: number, places: number): number {
  const [digits, exponent] = String(number).split("e");
  return Number(`${digits}e${Number(exponent ?? 0) + places}`);
}

function numbersOf(values: readonly unknown[], context: FunctionContext, purpose: string): readonly number[] {
  const [only] = values;
  const isList = values.length === 1 && (Array.isArray(only) || only === null || isKeyedObject(only));
  const list = isList ? listOf(only, context, purpose) : values;
  const present = list.filter((value) => value !== null && value !== undefined);
  return present.map((value) => numberOf(value, context, purpose));
}

function extreme(
  values: readonly unknown[],
  context: FunctionContext,
  purpose: string,
  isBetter: (number: number, best: number) => boolean,
): number | null {
  let best: number | null = null;
  for (const number of numbersOf(values, context, purpose)) {
    if (best === null || isBetter(number, best)) best = number;
  }
  return best;
}

function separateThousands(text: string, separator: string): string {
  const [whole = "", fraction] = text.split(".");
  const separated = whole.replace(/\B(?=(?:\d{3})+$)/g, () => separator.slice(0, 1));
  return fraction === undefined ? separated : `${separated}.${fraction}`;
}
