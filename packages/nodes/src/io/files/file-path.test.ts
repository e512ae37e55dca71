import { sep } from "node:path";
import { join, resolve } from "node:path/posix";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFilePath } from "./file-path.js";

describe("parseFilePath", () => {
  it("splits at slashes, and takes a leading ./", () => {
    expect(parseFilePath("a/b c/ü.txt")).toEqual(["a", "b c", "ü.txt"]);
    expect(parseFilePath("./a")).toEqual(["a"]);
    expect(parseFilePath("...")).toEqual(["..."]);
  });

  it.each([
    "",
    "/",
    "/etc/passwd",
    "//a",
    "a//b",
    "a/",
    ".",
    "..",
    "./",
    "../a",
    "a/..",
    "a/../b",
    "a/./..",
    "./../a",
    "a/./b",
    "a\\b",
    "..\\a",
    "C:\\a",
    "C:/a",
    "c:a",
    "\\\\server\\share",
    "a\u0000b",
    "a\nb",
    "a\u007f",
    "\ud800",
    "x".repeat(256),
    "ü".repeat(128),
    "a/".repeat(2_100),
  ])("refuses %j", (path) => {
    expect(() => parseFilePath(path)).toThrow(expect.objectContaining({ code: "path_refused" }));
  });

  it("never leads out of the root, whatever the path", () => {
    const part = fc.oneof(
      fc.constantFrom("..", ".", "", "/", "\\", "~", "%2e%2e", "..;", "C:", "\u0000", "．．", "a", sep),
      fc.string({ unit: "binary", maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom("/", "", "\\"), (parts, glue) => {
        const path = parts.join(glue);
        let names: readonly string[];
        try {
          names = parseFilePath(path);
        } catch (error) {
          expect(error).toMatchObject({ code: "path_refused" });
          return;
        }
        expect(names.length).toBeGreaterThan(0);
        expect(resolve("/data", join(...names))).toBe(`/data/${names.join("/")}`);
      }),
      { numRuns: 500 },
    );
  });
});
