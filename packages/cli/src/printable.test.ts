import { describe, expect, it } from "vitest";
import { printable, shorten } from "./printable.js";

describe("printable", () => {
  it("takes away escape sequences, line breaks, direction marks and lone surrogates", () => {
    expect(printable("a\u001b[31mb\nc\u202ed\ud800e")).toBe("a [31mb c d e");
    expect(printable("日本語 🎉 é")).toBe("日本語 🎉 é");
  });
});

describe("shorten", () => {
  it("counts characters, not code units", () => {
    expect(shorten("🎉🎉🎉", 3)).toBe("🎉🎉🎉");
    expect(shorten("🎉🎉🎉", 2)).toBe("🎉…");
  });
});
