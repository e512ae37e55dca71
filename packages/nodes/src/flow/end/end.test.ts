import { expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { end } from "./end.js";

it("gives the output it is told, even null, else its input", async () => {
  expect(await runNode(end, { parameters: { output: 5 }, input: { a: 1 } })).toBe(5);
  expect(await runNode(end, { parameters: { output: null }, input: { a: 1 } })).toBeNull();
  expect(await runNode(end, { input: { a: 1 } })).toEqual({ a: 1 });
});
