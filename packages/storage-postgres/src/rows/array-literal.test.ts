import { describe, expect, it } from "vitest";
import { toArrayLiteral } from "./array-literal.js";

describe("toArrayLiteral", () => {
  it("quotes texts, and escapes quotes and backslashes", () => {
    expect(toArrayLiteral(["plain", 'a "b" \\ c', "", "null", "{,}"])).toBe(
      String.raw`{"plain","a \"b\" \\ c","","null","{,}"}`,
    );
  });

  it("keeps control characters as they are", () => {
    expect(toArrayLiteral(['line\nand "quote"\t\\'])).toBe(`{"line\nand \\"quote\\"\t\\\\"}`);
  });

  it("leaves numbers, booleans and nulls unquoted", () => {
    expect(toArrayLiteral([1.5, null, -2, true])).toBe("{1.5,null,-2,true}");
  });

  it("is null where nothing is in it", () => {
    expect(toArrayLiteral([null, null])).toBeNull();
    expect(toArrayLiteral([])).toBeNull();
  });
});
