import { describe, expect, it } from "vitest";
import { parseJoin } from "./join.js";
import { isValidNodeId } from "./node-id.js";

describe("parseJoin", () => {
  it.each([
    [undefined, { mode: "auto", count: 0, cancelOthers: false }],
    ["all", { mode: "all", count: 0, cancelOthers: false }],
    ["any", { mode: "any", count: 1, cancelOthers: false }],
    ["quorum:2", { mode: "quorum", count: 2, cancelOthers: false }],
    [
      { mode: "quorum", count: 3, cancelOthers: true },
      { mode: "quorum", count: 3, cancelOthers: true },
    ],
    [
      { mode: "any", cancelOthers: true },
      { mode: "any", count: 1, cancelOthers: true },
    ],
  ])("reads %j", (join: unknown, expected) => {
    expect(parseJoin(join)).toEqual(expected);
  });

  it.each([
    null,
    1,
    "some",
    "quorum",
    "quorum:0",
    "quorum:1.5",
    "quorum:-1",
    {},
    { mode: "quorum" },
    { mode: "all", count: 1 },
    { mode: "any", cancelOthers: 1 },
  ])("refuses %j", (join: unknown) => {
    expect(parseJoin(join)).toBeUndefined();
  });
});

describe("isValidNodeId", () => {
  it.each(["a", "naïve", "a b", "日本", "x".repeat(128), "toString", "1"])("allows %j", (id) => {
    expect(isValidNodeId(id)).toBe(true);
  });

  it.each([
    "",
    "a/b",
    "a[0]",
    "]",
    "a\nb",
    "\u0000",
    "\u0085",
    "x".repeat(129),
    "__proto__",
    "constructor",
    "prototype",
    null,
    1,
  ])("refuses %j", (id: unknown) => {
    expect(isValidNodeId(id)).toBe(false);
  });
});
