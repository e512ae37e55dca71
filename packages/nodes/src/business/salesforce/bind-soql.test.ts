import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindSoql } from "./bind-soql.js";

describe("bindSoql", () => {
  it.each([
    ["Name = :name", { name: "O'Brien" }, "Name = 'O\\'Brien'"],
    ["Name = :name", { name: "\\' OR Name != '" }, "Name = '\\\\\\' OR Name != \\''"],
    ["A = :a AND B = :b AND C = :c", { a: 1.5, b: true, c: null }, "A = 1.5 AND B = true AND C = null"],
    ["A IN :list", { list: ["x", "y'"] }, "A IN ('x', 'y\\'')"],
    ["A > :from", { from: { dateTime: "2026-01-01T00:00:00Z" } }, "A > 2026-01-01T00:00:00Z"],
    ["A = :day", { day: { date: "2026-01-01" } }, "A = 2026-01-01"],
    ["A = LAST_N_DAYS:30 AND T = 2026-01-01T10:00:00Z", {}, "A = LAST_N_DAYS:30 AND T = 2026-01-01T10:00:00Z"],
    ["A = ':name' AND B = :name", { name: ":x" }, "A = ':name' AND B = ':x'"],
    ["A = 'it\\'s :b' AND B = :b", { b: "a\nb" }, "A = 'it\\'s :b' AND B = 'a\\nb'"],
  ])("binds %j", (soql, values, expected) => {
    expect(bindSoql(soql, values)).toBe(expected);
  });

  it.each([
    ["A = :a", {}],
    ["A = 1", { a: 1 }],
    ["A = 'open", {}],
    ["A = :a", { a: { date: "2026-01-01' OR" } }],
    ["A = :a", { a: [] }],
    ["A = :a", { a: [["x"]] }],
    ["A = :a", { a: Number.NaN }],
    ["A = :toString", {}],
  ])("refuses %j with %j", (soql, values) => {
    expect(() => bindSoql(soql, values)).toThrowError(expect.objectContaining({ code: "invalid_input" }));
  });

  it("never lets a text out of its quotes", () => {
    const text = fc
      .array(fc.constantFrom("'", "\\", '"', "\n", ":a", "a", " OR "), { maxLength: 12 })
      .map((all) => all.join(""));
    fc.assert(
      fc.property(text, (value) => {
        const bound = bindSoql("A = :a", { a: value });
        expect(bound.slice(4)).toMatch(/^'(?:[^'\\\n]|\\[\\'"nrtbf])*'$/);
      }),
    );
  });
});
