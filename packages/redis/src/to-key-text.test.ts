import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toKeyText } from "./to-key-text.js";

describe("toKeyText", () => {
  it("leaves ordinary texts as they are", () => {
    for (const text of ["", "login:ada", "äöü 漢字 😀", "\0\n", "\ufffd"]) expect(toKeyText(text)).toBe(text);
  });

  it("keeps texts apart that differ, in the bytes that Redis sees", () => {
    const unit = fc.constantFrom("\ud800", "\udbff", "\udc00", "\ufdd0", "\ufffd", "d", "8", "0");
    const text = fc.string({ unit, maxLength: 8 });
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(text, (one) => {
        const bytes = Buffer.from(toKeyText(one)).toString("hex");
        expect(seen.get(bytes) ?? one).toBe(one);
        seen.set(bytes, one);
      }),
    );
  });
});
