import { describe, expect, it } from "vitest";
import { fieldReader, parseFieldPath } from "./field-path.js";

describe("fieldReader", () => {
  it("reads along dots, through lists, own properties only", () => {
    expect(fieldReader("a.b.0.c")({ a: { b: [{ c: 1 }] } })).toBe(1);
    expect(fieldReader("toString")({})).toBeUndefined();
    expect(fieldReader("a.length")({ a: [1, 2] })).toBeUndefined();
    expect(fieldReader("a.b")({ a: "text" })).toBeUndefined();
    expect(fieldReader("a")(null)).toBeUndefined();
  });

  it("prefers a property of exactly that name", () => {
    expect(fieldReader("a.b")({ "a.b": 1, a: { b: 2 } })).toBe(1);
  });

  it.each(["", "a..b", ".a", "__proto__", "a.__proto__.b", "constructor.prototype", Array(70).fill("a").join(".")])(
    "refuses %j",
    (field) => {
      expect(() => parseFieldPath(field)).toThrow(/not a field path/);
    },
  );
});
