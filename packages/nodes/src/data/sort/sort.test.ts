import { describe, expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { sort } from "./sort.js";

describe("sort", () => {
  it("sorts by several fields, keeping the order of equal items, without touching the list", async () => {
    const items = [
      { n: "b", v: 1 },
      { n: "a", v: 1 },
      { n: "c", v: 2 },
      { n: "a", v: 1, second: true },
    ];
    const by = [{ field: "v", order: "desc" }, { field: "n" }];
    expect(await runNode(sort, { parameters: { by }, input: items })).toEqual([items[2], items[1], items[3], items[0]]);
  });

  it.each(["v", { field: "v" }, ["v"], [{ field: "v", order: "ASC" }]])("takes %j for by", async (by) => {
    expect(await runNode(sort, { parameters: { by }, input: [{ v: 2 }, { v: 1 }] })).toEqual([{ v: 1 }, { v: 2 }]);
  });

  it.each(["DESC", "Descending"])("takes the order %s", async (order) => {
    expect(await runNode(sort, { parameters: { by: { order } }, input: [1, 2] })).toEqual([2, 1]);
  });

  it.each([null, 5, [], "", [5], { field: "v", order: "up" }].map((by) => ({ by })))("refuses %j", (parameters) => {
    expect(sort.parameterSchema?.safeParse(parameters).success).toBe(false);
  });

  it("puts numbers in the order of their values", async () => {
    expect(await runNode(sort, { input: [10, 9, -1, 100] })).toEqual([-1, 9, 10, 100]);
  });

  it.each(["asc", "desc"])("puts items without a value last in %s order", async (order) => {
    const sorted = await runNode(sort, {
      parameters: { by: [{ field: "v", order }] },
      input: [{ v: null }, { v: 1 }, {}, { v: 2 }],
    });
    const ones = order === "asc" ? [{ v: 1 }, { v: 2 }] : [{ v: 2 }, { v: 1 }];
    expect(sorted).toEqual([...ones, { v: null }, {}]);
  });

  it("has one order for mixed kinds", async () => {
    expect(await runNode(sort, { input: [{}, "a", true, 5, [1], null, false] })).toEqual([
      5,
      "a",
      false,
      true,
      [1],
      {},
      null,
    ]);
  });

  it("reads own fields along dots", async () => {
    expect(
      await runNode(sort, { parameters: { by: [{ field: "a.b" }] }, input: [{ a: { b: 2 } }, { a: { b: 1 } }] }),
    ).toEqual([{ a: { b: 1 } }, { a: { b: 2 } }]);
  });
});
