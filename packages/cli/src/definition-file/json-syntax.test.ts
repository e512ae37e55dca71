import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonSyntaxError } from "./json-syntax.js";

describe("findJsonSyntaxError", () => {
  it.each([
    ['{"a":}', 5],
    ['{"a":1,}', 7],
    ["[1 2]", 3],
    ["[1,]", 3],
    ['{"a" 1}', 5],
    ["{a:1}", 1],
    ['{"a":1', 6],
    ['"open', 0],
    ['"\\x"', 0],
    ["01", 1],
    ["1 2", 2],
    ["tru", 0],
    ["[}", 1],
    ["", 0],
  ])("finds the mistake in %j at offset %i", (text, offset) => {
    expect(findJsonSyntaxError(text)?.offset).toBe(offset);
  });

  it("agrees with JSON.parse on which texts are JSON", () => {
    const mutated = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", "]", "}", '"', "\\", ":", "1", "\n"))
      .map(([text, at, inserted]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + inserted + text.slice(cut + (at % 2));
      });
    fc.assert(
      fc.property(mutated, (text) => {
        expect(findJsonSyntaxError(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("needs no call stack for deep nesting", () => {
    expect(findJsonSyntaxError("[".repeat(1_000_000))?.offset).toBe(1_000_000);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
