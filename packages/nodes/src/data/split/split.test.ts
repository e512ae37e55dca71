import { expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { split } from "./split.js";

it("cuts a list into lists of the size, the last shorter", async () => {
  expect(await runNode(split, { parameters: { size: 2 }, input: [1, 2, 3] })).toEqual([[1, 2], [3]]);
  expect(await runNode(split, { parameters: { size: 2 }, input: [] })).toEqual([]);
  expect(await runNode(split, { parameters: { size: 9, items: [1] } })).toEqual([[1]]);
});
