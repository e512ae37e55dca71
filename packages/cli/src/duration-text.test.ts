import { expect, it } from "vitest";
import { durationText } from "./duration-text.js";

it.each([
  [3.4, "3 ms"],
  [2_400, "2.4 s"],
  [303_000, "5 min 3 s"],
  [7_800_000, "2 h 10 min"],
  [273_600_000, "3 d 4 h"],
  [-5, "0 ms"],
])("writes %d ms as %s", (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});
