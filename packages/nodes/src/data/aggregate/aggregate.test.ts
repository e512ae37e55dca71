import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { aggregate } from "./aggregate.js";

const operations = [
  { operation: "count" },
  { operation: "count", field: "v" },
  { operation: "sum", field: "v" },
  { operation: "avg", field: "v", as: "mean" },
  { operation: "min", field: "v" },
  { operation: "max", field: "v" },
];

describe("aggregate", () => {
  it("works on the whole list, leaving missing values and null out", async () => {
    const input = [{ v: 2 }, { v: null }, {}, { v: 4 }];
    expect(await runNode(aggregate, { parameters: { operations }, input })).toEqual({
      count: 4,
      count_v: 2,
      sum_v: 6,
      mean: 3,
      min_v: 2,
      max_v: 4,
    });
  });

  it.each([{ operation: "average" }, { operation: "Mean" }, { op: "AVG" }])("takes %j for avg", async (given) => {
    const parameters = { operations: [{ ...given, field: "v" }] };
    expect(await runNode(aggregate, { parameters, input: [{ v: 1 }, { v: 2 }] })).toEqual({ avg_v: 1.5 });
  });

  it("answers for an empty list", async () => {
    expect(await runNode(aggregate, { parameters: { operations }, input: [] })).toEqual({
      count: 0,
      count_v: 0,
      sum_v: 0,
      mean: null,
      min_v: null,
      max_v: null,
    });
  });

  it("makes groups by several fields, in the order of their first item", async () => {
    const input = [{ a: 1, b: { c: "x" } }, { a: "1", b: { c: "x" } }, { a: 1, b: { c: "x" } }, { b: {} }];
    expect(
      await runNode(aggregate, {
        parameters: { groupBy: ["a", "b.c"], operations: [{ operation: "count", as: "n" }] },
        input,
      }),
    ).toEqual([
      { a: 1, "b.c": "x", n: 2 },
      { a: "1", "b.c": "x", n: 1 },
      { a: null, "b.c": null, n: 1 },
    ]);
  });

  it("compares text for min and max, and refuses to add it", async () => {
    const input = [{ v: "b" }, { v: "a" }];
    expect(await runNode(aggregate, { parameters: { operations: [{ operation: "min", field: "v" }] }, input })).toEqual(
      { min_v: "a" },
    );
    expect(
      (await failureOf(aggregate, { parameters: { operations: [{ operation: "sum", field: "v" }] }, input })).message,
    ).toMatch(/sum of "v".*string/);
  });

  it("needs a field for all but count", () => {
    expect(aggregate.parameterSchema?.safeParse({ operations: [{ operation: "sum" }] }).success).toBe(false);
  });
});
