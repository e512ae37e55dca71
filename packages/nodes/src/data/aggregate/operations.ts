import { FatalNodeError } from "@automatrix/core";
import { compareValues, isMissing } from "../../json/compare-values.js";
import { jsonKind } from "../../json/json-kind.js";

export const OPERATION_NAMES = ["sum", "count", "min", "max", "avg"] as const;

export const OPERATION_ALIASES = { average: "avg", mean: "avg" } as const;

/** One figure to work out. */
export interface Operation {
  readonly operation: (typeof OPERATION_NAMES)[number];
  readonly field?: string | undefined;
  readonly as?: string | undefined;
}

/** Works out one figure. Missing values and null are left out; of nothing, the sum is 0 and the others but count are null. */
export function runOperation({ operation, field }: Operation, all: readonly unknown[]): unknown {
  if (operation === "count" && field === undefined) return all.length;
  const values = all.filter((value) => !isMissing(value));
  switch (operation) {
    case "count":
      return values.length;
    case "sum":
      return sum(values, operation, field);
    case "avg":
      return values.length === 0 ? null : sum(values, operation, field) / values.length;
    case "min":
      return best(values, -1);
    case "max":
      return best(values, 1);
  }
}

function sum(values: readonly unknown[], operation: string, field: string | undefined): number {
  let total = 0;
  for (const value of values) {
    if (typeof value !== "number") {
      throw new FatalNodeError(
        `Cannot work out ${operation} of "${field}": one value is ${jsonKind(value)}, not a number.`,
        { code: "invalid_input" },
      );
    }
    total += value;
  }
  return total;
}

function best(values: readonly unknown[], sign: 1 | -1): unknown {
  let chosen: unknown = null;
  for (const value of values) if (chosen === null || sign * compareValues(value, chosen) > 0) chosen = value;
  return chosen;
}
