import { describe, expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { removeDuplicates } from "./remove-duplicates.js";

describe("remove_duplicates", () => {
  it("keeps the first of items equal by content, whatever the order of their keys", async () => {
    const input = [{ a: 1, b: [2] }, { b: [2], a: 1 }, 1, "1", 1, null];
    expect(await runNode(removeDuplicates, { input })).toEqual([{ a: 1, b: [2] }, 1, "1", null]);
  });

  it("compares by one field or several", async () => {
    const input = [
      { a: 1, b: 1 },
      { a: 1, b: 2 },
      { a: 1, b: 1, c: 3 },
    ];
    expect(await runNode(removeDuplicates, { parameters: { by: "a" }, input })).toEqual([input[0]]);
    expect(await runNode(removeDuplicates, { parameters: { by: ["a", "b"] }, input })).toEqual([input[0], input[1]]);
  });
});
