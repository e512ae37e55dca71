import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { matchesGlob } from "./glob.js";
import { meetsRule, OPERATOR_NAMES, type OperatorName } from "./operators.js";

type Row = readonly [operator: string, variable: unknown, value: unknown, expected: boolean | "error"];

const ROWS_URL = new URL("../../../../../../shared/data/operators/choice-operators.json", import.meta.url);
const hasRows = existsSync(ROWS_URL);
/** On a build server a missing file is a failure; elsewhere the test says that it was left out. */
const mustRun = process.env["CI"] === "true";

/** Rows whose answer here differs from the one recorded, or which the recording does not decide. */
const NOT_TAKEN_OVER: readonly {
  readonly reason: string;
  readonly applies: (row: Row) => boolean;
  readonly count: number;
}[] = [
  {
    reason: "the recording replaced the instants by the word date, so the rows do not say what was compared",
    applies: ([operator, variable, value]) =>
      operator.startsWith("timestamp_") && variable === "date" && value === "date",
    count: 22,
  },
  {
    reason:
      "there, null counts as present because the path exists; here a missing property is null, so null is not present",
    applies: ([operator, variable]) => operator === "is_present" && variable === null,
    count: 2,
  },
];

/** `…_path` operators take the other value from a path; here an expression does, and the plain operator compares. */
function toOperator(recorded: string): OperatorName {
  const name = recorded.replace(/_path$/, "");
  if (!(OPERATOR_NAMES as readonly string[]).includes(name)) throw new Error(`no operator ${recorded}`);
  return name as OperatorName;
}

describe("operators, as recorded from a hosted product", () => {
  it.skipIf(hasRows || mustRun)(
    "left out: ../shared/data/operators/choice-operators.json is not here",
    () => undefined,
  );

  const rows: readonly Row[] = hasRows ? (JSON.parse(readFileSync(ROWS_URL, "utf8")) as Row[]) : [];

  it.runIf(hasRows || mustRun)("knows the operator of each of the 491 rows", () => {
    expect(rows).toHaveLength(491);
    for (const [operator] of rows) expect(OPERATOR_NAMES).toContain(toOperator(operator));
  });

  it.runIf(hasRows || mustRun)("leaves out exactly the rows listed with a reason", () => {
    const counts = NOT_TAKEN_OVER.map(({ applies }) => rows.filter(applies).length);
    expect(counts).toEqual(NOT_TAKEN_OVER.map(({ count }) => count));
  });

  const taken = rows.filter((row) => !NOT_TAKEN_OVER.some(({ applies }) => applies(row)));
  for (const [place, [operator, left, right, expected]] of taken.entries()) {
    it(`row ${place}: ${JSON.stringify(left)} ${operator} ${JSON.stringify(right)} is ${expected}`, () => {
      expect(meetsRule({ left, operator: toOperator(operator), right })).toBe(expected);
    });
  }
});

describe("operators", () => {
  const cases: readonly (readonly [left: unknown, operator: OperatorName, right: unknown, expected: boolean])[] = [
    [{ a: [1, 2], b: null }, "equals", { b: null, a: [1, 2] }, true],
    [null, "equals", undefined, true],
    ["1", "equals", 1, false],
    [[1], "not_equals", [2], true],
    [2, "greater_than", 1, true],
    [2, "greater_than", "1", false],
    ["b", "greater_than", "a", true],
    ["2026-01-01T00:00:00+02:00", "less_than", "2026-01-01T00:00:00Z", true],
    [1, "less_than_equals", 1, true],
    [1, "greater_than_equals", 2, false],
    [null, "less_than", 1, false],
    ["hello", "contains", "ell", true],
    [[{ a: 1 }], "contains", { a: 1 }, true],
    [{ a: 1 }, "contains", "a", true],
    [{}, "contains", "toString", false],
    [5, "contains", "5", false],
    [5, "not_contains", "5", true],
    ["hello", "starts_with", "he", true],
    ["hello", "not_starts_with", "he", false],
    ["hello", "ends_with", "lo", true],
    ["hello", "not_ends_with", "lo", false],
    ["", "is_empty", undefined, true],
    [[], "is_empty", true, true],
    [{}, "is_empty", undefined, true],
    [0, "is_empty", undefined, false],
    [0, "is_not_empty", undefined, true],
    ["a", "is_empty", false, true],
    ["b", "in", ["a", "b"], true],
    ["c", "not_in", ["a", "b"], true],
    ["a", "in", "abc", false],
    ["order-42", "matches", "^order-\\d+$", true],
    ["order-x", "not_matches", "^order-\\d+$", true],
    ["log-2026.txt", "string_matches", "log-*.txt", true],
    ["2026-02-30T00:00:00Z", "is_timestamp", undefined, false],
    ["2026-02-28T00:00:00Z", "is_timestamp", undefined, true],
    ["2026-02-28", "is_timestamp", undefined, true],
    ["2026-02-28T00:00:00", "is_timestamp", undefined, false],
    ["2026-02-28T00:00:00", "is_timestamp", false, true],
    ["2026-01-01T00:00:00Z", "timestamp_equals", "2026-01-01T01:00:00+01:00", true],
    ["2026-01-01T00:00:00Z", "timestamp_equals", "2026-01-01T01:00:00+0100", true],
    ["2026-01-01T00:00:00.001Z", "timestamp_greater_than", "2026-01-01T00:00:00Z", true],
    ["2026-01-01T00:00:00Z", "timestamp_greater_than_equals", "2026-01-01", true],
    ["2025-12-31T23:59:59Z", "timestamp_less_than", "2026-01-01", true],
    ["2026-01-01", "timestamp_less_than_equals", "2026-01-01", true],
    [Number.NaN, "numeric_equals", Number.NaN, false],
  ];

  it.each(cases)("%j %s %j is %s", (left, operator, right, expected) => {
    expect(meetsRule({ left, operator, right })).toBe(expected);
  });

  it("matches patterns in linear time and refuses what would need backtracking", () => {
    expect(meetsRule({ left: `${"a".repeat(50_000)}!`, operator: "matches", right: "^(a+)+$" })).toBe(false);
    expect(() => meetsRule({ left: "x", operator: "matches", right: "(?=x)" })).toThrow(/Look-around/);
    expect(() => meetsRule({ left: "x", operator: "matches", right: "(" })).toThrow(/cannot be used/);
    expect(() => meetsRule({ left: "x", operator: "matches", right: "x".repeat(2_000) })).toThrow(/1000 characters/);
  });
});

describe("matchesGlob", () => {
  it.each([
    ["abc", "abc", true],
    ["abc", "a*", true],
    ["abc", "*c", true],
    ["abc", "*b*", true],
    ["abc", "a*d", false],
    ["", "*", true],
    ["", "", true],
    ["a", "", false],
    ["a*c", "a\\*c", true],
    ["abc", "a\\*c", false],
    ["a\\c", "a\\\\c", true],
    ["aXbXc", "a*X*c", true],
    ["a.c", "a.c", true],
    ["abc", "a.c", false],
  ])("%j against %j is %s", (text, pattern, expected) => {
    expect(matchesGlob(text, pattern)).toBe(expected);
  });

  it("stays fast for hostile patterns", () => {
    expect(matchesGlob("a".repeat(5_000), `${"*a".repeat(200)}b`)).toBe(false);
  });
});
