/* Reads the arguments of a function, each with the kind it needs. Positions are named for the message. */
import { Arrow } from "../arrow.js";
import { isKeyedObject } from "../own-property.js";
import { describeKind } from "../value-kind.js";
import { toText } from "../value-text.js";
import type { FunctionContext } from "./function-table.js";

/** The text of an argument; null is empty and other values are written out. Counts its length. */
export function textOf(value: unknown, context: FunctionContext): string {
  const text = toText(value, context);
  context.chargeText(text.length);
  return text;
}

/** A number; texts are not converted. */
export function numberOf(value: unknown, context: FunctionContext, purpose: string): number {
  if (typeof value === "number") return value;
  const hint = typeof value === "string" ? "number(text)" : "default(value, 0)";
  return context.fail("expression_type", `${purpose} needs a number, not ${describeKind(value)}; use ${hint}`);
}

/** A whole number within bounds. */
export function integerOf(value: unknown, context: FunctionContext, purpose: string): number {
  const number = numberOf(value, context, purpose);
  if (Number.isSafeInteger(number)) return number;
  return context.fail("expression_type", `${purpose} needs a whole number`);
}

/** A list; null counts as an empty one. Counts a step for each element. */
export function listOf(value: unknown, context: FunctionContext, purpose: string): readonly unknown[] {
  const list = value ?? [];
  if (!Array.isArray(list)) {
    return context.fail("expression_type", `${purpose} needs a list, not ${describeKind(value)}`);
  }
  context.charge(list.length);
  return list;
}

/** An object; null counts as an empty one. Counts a step for each key. */
export function objectOf(value: unknown, context: FunctionContext, purpose: string): Readonly<Record<string, unknown>> {
  const object = value ?? {};
  if (!isKeyedObject(object)) {
    return context.fail("expression_type", `${purpose} needs an object, not ${describeKind(value)}`);
  }
  context.charge(Object.keys(object).length);
  return object;
}

/** An arrow function. */
export function arrowOf(value: unknown, context: FunctionContext, purpose: string): Arrow {
  if (value instanceof Arrow) return value;
  return context.fail("expression_type", `${purpose} needs an arrow function, as in x => x.name`);
}

/** Counts what searching a text for another may cost at worst. */
export function chargeSearch(text: string, wanted: string, context: FunctionContext): void {
  const COMPARISONS_PER_STEP = 16_384;
  context.charge(Math.floor((text.length * wanted.length) / COMPARISONS_PER_STEP));
}
