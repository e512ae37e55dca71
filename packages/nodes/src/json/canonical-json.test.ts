import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.js";
import { compareValues } from "./compare-values.js";
import { isJsonEqual } from "./json-equality.js";

describe("equality of JSON values", () => {
  it("is the same by text, by comparison and by structure", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const equal = isJsonEqual(a, b);
        expect(canonicalJson(a) === canonicalJson(b)).toBe(equal);
        expect(compareValues(a, b) === 0).toBe(equal);
        expect(isJsonEqual(a, structuredClone(a))).toBe(true);
      }),
    );
  });

  it("orders any values in one way", () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(Math.sign(compareValues(a, b)) + Math.sign(compareValues(b, a))).toBe(0);
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) expect(compareValues(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
