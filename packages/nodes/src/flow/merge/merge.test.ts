import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { merge } from "./merge.js";

describe("merge", () => {
  it("appends lists, other values counting as one item, in the order of the inputs", async () => {
    const inputs = { b: [1, 2], a: 3, c: [], d: null };
    expect(await runNode(merge, { parameters: { mode: "append" }, inputs })).toEqual([1, 2, 3, null]);
  });

  it("combines objects by default, later ones winning, and keeps other values under the input's name", async () => {
    const inputs = { a: { x: 1, y: 1 }, b: { y: 2 }, c: 5 };
    expect(await runNode(merge, { inputs })).toEqual({ x: 1, y: 2, c: 5 });
  });

  it("joins rows by key in the order of their first appearance", async () => {
    const inputs = { a: [{ id: 1, x: 1 }, { id: 2 }, { x: 9 }], b: [{ id: 2, y: 2 }, { id: "1", y: 3 }, { z: 1 }] };
    expect(await runNode(merge, { parameters: { mode: "by_key", key: "id" }, inputs })).toEqual([
      { id: 1, x: 1 },
      { id: 2, y: 2 },
      { x: 9 },
      { id: "1", y: 3 },
      { z: 1 },
    ]);
  });

  it("joins by a key inside, and fails for rows that are no objects", async () => {
    const inputs = { a: [{ k: { id: 1 } }], b: [{ k: { id: 1 }, y: 1 }] };
    expect(await runNode(merge, { parameters: { mode: "by_key", key: "k.id" }, inputs })).toEqual([
      { k: { id: 1 }, y: 1 },
    ]);
    expect((await failureOf(merge, { parameters: { mode: "by_key", key: "id" }, inputs: { a: [1] } })).message).toMatch(
      /one item is number/,
    );
    expect(merge.parameterSchema?.safeParse({ mode: "by_key" }).success).toBe(false);
  });

  it("joins by position: objects as one object, other items as a list", async () => {
    const objects = { a: [{ x: 1 }, { x: 2 }], b: [{ y: 1 }] };
    expect(await runNode(merge, { parameters: { mode: "by_position" }, inputs: objects })).toEqual([
      { x: 1, y: 1 },
      { x: 2 },
    ]);
    const mixed = { a: [1, 2], b: ["x"] };
    expect(await runNode(merge, { parameters: { mode: "by_position" }, inputs: mixed })).toEqual([
      [1, "x"],
      [2, null],
    ]);
  });

  it("takes the first live input, or null without any", async () => {
    expect(await runNode(merge, { parameters: { mode: "first" }, inputs: { b: 2, a: 1 } })).toBe(2);
    expect(await runNode(merge, { parameters: { mode: "first" } })).toBeNull();
  });

  it("keeps a key named __proto__ as data", async () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}}') as unknown;
    const merged = await runNode(merge, { inputs: { a: hostile, b: { x: 1 } } });
    expect(Object.hasOwn(merged as object, "__proto__")).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect((merged as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("joins 100,000 rows in good time", async () => {
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ id }));
    const joined = await runNode(merge, { parameters: { mode: "by_key", key: "id" }, inputs: { a: rows, b: rows } });
    expect(joined).toHaveLength(100_000);
  });
});
