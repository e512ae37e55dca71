import { compareValues } from "../../json/compare-values.js";
import { parseInstant } from "../../json/instant.js";
import { isJsonEqual } from "../../json/json-equality.js";
import { isJsonObject } from "../../json/json-kind.js";
import { compilePattern } from "../../json/pattern.js";
import { matchesGlob } from "./glob.js";

/** Whether a rule with this operator holds for the two values. Values of the wrong type never match and never fail. */
export type Operator = (left: unknown, right: unknown) => boolean;

type Reader = (value: unknown) => number | string | boolean | undefined;

const asNumber: Reader = (value) => (typeof value === "number" && !Number.isNaN(value) ? value : undefined);
const asString: Reader = (value) => (typeof value === "string" ? value : undefined);
const asBoolean: Reader = (value) => (typeof value === "boolean" ? value : undefined);

/** Compares two values of the type that `read` knows; text by code unit. */
function typed(read: Reader, holds: (order: number) => boolean): Operator {
  return (left, right) => {
    const a = read(left);
    const b = read(right);
    return a !== undefined && b !== undefined && holds(compareValues(a, b));
  };
}

const isEqual = (order: number): boolean => order === 0;
const isGreater = (order: number): boolean => order > 0;
const isLess = (order: number): boolean => order < 0;
const isAtLeast = (order: number): boolean => order >= 0;
const isAtMost = (order: number): boolean => order <= 0;

/** A test of the left value; `right: false` turns it round. */
function test(holds: (value: unknown) => boolean): Operator {
  return (left, right) => holds(left) === (right !== false);
}

function not(operator: Operator): Operator {
  return (left, right) => !operator(left, right);
}

/** Numbers with numbers, instants with instants, other text with text. */
function either(holds: (order: number) => boolean): Operator {
  const numbers = typed(asNumber, holds);
  const instants = typed(parseInstant, holds);
  const texts = typed(asString, holds);
  return (left, right) => {
    if (typeof left === "number") return numbers(left, right);
    return parseInstant(left) !== undefined && parseInstant(right) !== undefined
      ? instants(left, right)
      : texts(left, right);
  };
}

const contains: Operator = (left, right) => {
  if (typeof left === "string") return typeof right === "string" && left.includes(right);
  if (Array.isArray(left)) return left.some((item) => isJsonEqual(item, right));
  return isJsonObject(left) && typeof right === "string" && Object.hasOwn(left, right);
};

const isIn: Operator = (left, right) => Array.isArray(right) && right.some((item) => isJsonEqual(item, left));

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

const withTexts =
  (holds: (left: string, right: string) => boolean): Operator =>
  (left, right) =>
    typeof left === "string" && typeof right === "string" && holds(left, right);

const startsWith = withTexts((left, right) => left.startsWith(right));
const endsWith = withTexts((left, right) => left.endsWith(right));
const matches = withTexts((left, right) => compilePattern(right).test(left));

/** The operators of rules by name. */
export const OPERATORS = {
  equals: isJsonEqual,
  not_equals: not(isJsonEqual),
  greater_than: either(isGreater),
  greater_than_equals: either(isAtLeast),
  less_than: either(isLess),
  less_than_equals: either(isAtMost),
  contains,
  not_contains: not(contains),
  starts_with: startsWith,
  not_starts_with: not(startsWith),
  ends_with: endsWith,
  not_ends_with: not(endsWith),
  matches,
  not_matches: not(matches),
  in: isIn,
  not_in: not(isIn),
  is_empty: test(isEmpty),
  is_not_empty: test((value) => !isEmpty(value)),
  is_null: test((value) => value === null || value === undefined),
  is_present: test((value) => value !== null && value !== undefined),
  is_string: test((value) => typeof value === "string"),
  is_numeric: test((value) => typeof value === "number"),
  is_boolean: test((value) => typeof value === "boolean"),
  is_timestamp: test((value) => parseInstant(value) !== undefined),
  string_equals: typed(asString, isEqual),
  string_greater_than: typed(asString, isGreater),
  string_greater_than_equals: typed(asString, isAtLeast),
  string_less_than: typed(asString, isLess),
  string_less_than_equals: typed(asString, isAtMost),
  string_matches: withTexts(matchesGlob),
  numeric_equals: typed(asNumber, isEqual),
  numeric_greater_than: typed(asNumber, isGreater),
  numeric_greater_than_equals: typed(asNumber, isAtLeast),
  numeric_less_than: typed(asNumber, isLess),
  numeric_less_than_equals: typed(asNumber, isAtMost),
  boolean_equals: typed(asBoolean, isEqual),
  timestamp_equals: typed(parseInstant, isEqual),
  timestamp_greater_than: typed(parseInstant, isGreater),
  timestamp_greater_than_equals: typed(parseInstant, isAtLeast),
  timestamp_less_than: typed(parseInstant, isLess),
  timestamp_less_than_equals: typed(parseInstant, isAtMost),
} as const satisfies Readonly<Record<string, Operator>>;

export type OperatorName = keyof typeof OPERATORS;

export const OPERATOR_NAMES = Object.freeze(Object.keys(OPERATORS)) as readonly OperatorName[];

/** Other names that people know the operators by; how a name is written besides does not matter. */
export const OPERATOR_ALIASES: Readonly<Record<string, OperatorName>> = {
  "==": "equals",
  "===": "equals",
  "=": "equals",
  eq: "equals",
  equal: "equals",
  equal_to: "equals",
  "!=": "not_equals",
  "!==": "not_equals",
  "<>": "not_equals",
  ne: "not_equals",
  neq: "not_equals",
  not_equal: "not_equals",
  ">": "greater_than",
  gt: "greater_than",
  ">=": "greater_than_equals",
  gte: "greater_than_equals",
  ge: "greater_than_equals",
  gt_or_equal: "greater_than_equals",
  greater_or_equal: "greater_than_equals",
  greater_than_or_equal: "greater_than_equals",
  greater_than_or_equals: "greater_than_equals",
  "<": "less_than",
  lt: "less_than",
  "<=": "less_than_equals",
  lte: "less_than_equals",
  le: "less_than_equals",
  lt_or_equal: "less_than_equals",
  less_or_equal: "less_than_equals",
  less_than_or_equal: "less_than_equals",
  less_than_or_equals: "less_than_equals",
  regex: "matches",
  match: "matches",
  not_regex: "not_matches",
  includes: "contains",
  not_includes: "not_contains",
  exists: "is_present",
  empty: "is_empty",
  not_empty: "is_not_empty",
};

/** One rule of a condition. */
export interface Rule {
  readonly left?: unknown;
  readonly operator: OperatorName;
  readonly right?: unknown;
}

export function meetsRule(rule: Rule): boolean {
  return OPERATORS[rule.operator](rule.left, rule.right);
}
