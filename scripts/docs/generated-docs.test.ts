import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { standardFunctions } from "../../packages/core/src/expressions/functions/standard-functions.js";
import { FUNCTION_EXAMPLES } from "./function-examples.js";
import { FUNCTION_GROUPS, generatedFiles, ROOT } from "./generated-docs.js";

describe("the computed parts of docs/", () => {
  it.each(generatedFiles().map(({ path, text }) => [path, text]))(
    "%s is up to date (else: npm run docs:generate)",
    (path, text) => {
      expect(readFileSync(join(ROOT, path), "utf8")).toBe(text);
    },
  );

  it("lists every function of the expression language, once", () => {
    const listed = FUNCTION_GROUPS.flatMap(({ table }) => Object.keys(table));
    expect(listed.toSorted()).toEqual(Object.keys(standardFunctions).toSorted());
  });

  it("has an example for every function, and none for what is no function", () => {
    expect(Object.keys(FUNCTION_EXAMPLES).toSorted()).toEqual(Object.keys(standardFunctions).toSorted());
  });
});
