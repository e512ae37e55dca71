import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromText, toText } from "./text.js";

describe("text of a column", () => {
  it("comes back as it was, is well-formed and free of NUL", () => {
    const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
    fc.assert(
      fc.property(anyText, (text) => {
        const stored = toText(text);
        expect(fromText(stored)).toBe(text);
        expect(Buffer.from(stored, "utf8").toString("utf8")).toBe(stored);
        expect(stored.includes("\0")).toBe(false);
      }),
    );
  });

  it("keeps different texts apart", () => {
    const texts = ["\ud800", "\ufdd0d800", "\ufdd0", "\0", "\ufdd00000", "\ufffd", ""];
    expect(new Set(texts.map(toText)).size).toBe(texts.length);
  });

  it("leaves ordinary text alone", () => {
    for (const text of ["order-1", "emoji 👩‍👩‍👧 שלום", "{{x}}"]) expect(toText(text)).toBe(text);
  });
});
