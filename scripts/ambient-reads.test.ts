import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { ambientLines, findAmbientReads } from "./ambient-reads.mjs";

const CORE_SOURCE = join(dirname(fileURLToPath(import.meta.url)), "../packages/core/src");

it("core takes time and randomness through its ports only", () => {
  expect(findAmbientReads(CORE_SOURCE)).toEqual([]);
});

it.each(["Date.now()", "new Date()", "new Date;", "Date()", "performance.now()", "Math.random()", "setTimeout(f, 1)"])(
  "%s is an ambient read",
  (code) => {
    expect(ambientLines(`const value = ${code}`)).toEqual([1]);
  },
);

it.each(["new Date(instant)", "Date.UTC(2026, 0)", "x instanceof Date", "clock.setTimeout(f, 1)", "isDate(value)"])(
  "%s is none",
  (code) => {
    expect(ambientLines(`const value = ${code}`)).toEqual([]);
  },
);

it("leaves strings out", () => {
  expect(ambientLines('const hint = ["Date.now", "now()"];')).toEqual([]);
});

it("leaves comments out", () => {
  expect(ambientLines("// Date.now() is the trap\n/** new Date() */\n * Math.random()")).toEqual([]);
});
