import type { RE2JS } from "re2js";
import type { ExpressionErrorCode, FailureContext } from "../source-site.js";

/** What a function may use besides its arguments. Time, randomness and ids come from the engine's ports. */
export interface FunctionContext {
  /** Steps left; a bound for work that cannot be charged beforehand. */
  readonly remainingSteps: number;
  /** Compiled patterns, kept from one evaluation of the expression to the next. */
  readonly patterns: Map<string, RE2JS>;
  /** Counts steps, one for each element handled; call it before the work. */
  charge(steps: number): void;
  /** Counts the steps of handling or making a text of this length, and checks that it is not too long. */
  chargeText(length: number): void;
  /** Checks that a text is not too long, without counting. */
  checkTextLength(length: number): void;
  /** Ends the evaluation with an ExpressionError at the call. */
  fail(code: ExpressionErrorCode, message: string, context?: FailureContext): never;
  now(): number;
  random(): number;
  uuid(): string;
}

/** A function with bounds on its arguments and access to the evaluation. */
export interface FunctionDefinition {
  /** How to call it, as in `round(number, digits?)`; shown in errors and documentation. */
  readonly usage: string;
  readonly minArguments: number;
  readonly maxArguments: number;
  /** Position of the argument that may be an arrow function. */
  readonly arrowArgument?: number;
  /** Whether it reads the clock, randomness or ids: always, or only when called without arguments. */
  readonly volatile?: "always" | "without_arguments";
  readonly call: (values: readonly unknown[], context: FunctionContext) => unknown;
}

/** A plain synchronous function without side effects, as plugins write them. */
export type PureFunction = (...values: readonly unknown[]) => unknown;

/** A function expressions may call. */
export type ExpressionFunction = FunctionDefinition | PureFunction;

/** Functions by name; only own properties count. */
export type FunctionTable = Readonly<Record<string, ExpressionFunction>>;

/** Joins tables into one without a prototype; a later table's function replaces an earlier one's. */
export function mergeFunctionTables(...tables: readonly FunctionTable[]): FunctionTable {
  const merged: Record<string, ExpressionFunction> = Object.create(null);
  for (const table of tables) {
    for (const [name, definition] of Object.entries(table)) {
      if (name !== "__proto__") merged[name] = definition;
    }
  }
  return Object.freeze(merged);
}

/** Makes the definition of a function whose number of arguments its usage tells, as in `round(number, digits?)`. */
export function defineFunction(
  usage: string,
  call: FunctionDefinition["call"],
  options: Pick<FunctionDefinition, "arrowArgument" | "volatile"> = {},
): FunctionDefinition {
  const list = usage.slice(usage.indexOf("(") + 1, usage.lastIndexOf(")"));
  const parameters = list.replace(/\([^()]*\)/g, "").split(",");
  const named = parameters.map((parameter) => parameter.trim()).filter((parameter) => parameter !== "");
  const isRepeated = named.some((parameter) => parameter.startsWith("..."));
  const required = named.filter((parameter) => !parameter.endsWith("?") && !parameter.startsWith("..."));
  return {
    usage,
    minArguments: required.length,
    maxArguments: isRepeated ? Number.POSITIVE_INFINITY : named.length,
    call,
    ...options,
  };
}
