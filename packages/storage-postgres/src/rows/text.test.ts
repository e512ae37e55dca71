import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromPostgresText, toPostgresText } from "./text.js";

describe("texts in Postgres columns", () => {
  it("come back as they were, whatever they hold", () => {
    const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(fc.oneof(fc.string(), anyUnits, fc.constantFrom("\\u0000", "\\\\", "\0", "\ud800", "😀")), (text) => {
        const stored = toPostgresText(text);
        expect(fromPostgresText(stored)).toBe(text);
        expect(stored).not.toMatch(/\0/);
        expect(Buffer.from(stored, "utf8").toString("utf8")).toBe(stored);
      }),
    );
  });

  it("stay readable where nothing has to be escaped", () => {
    expect(toPostgresText("loop[3]/fetch — ok")).toBe("loop[3]/fetch — ok");
  });
});
