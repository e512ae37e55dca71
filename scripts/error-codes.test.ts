import { ERROR_CODES } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { errorCodesOf, findUsedErrorCodes } from "./error-codes.mjs";

/** Found in the sources, but no codes of errors, each with the reason. */
const OTHER_CODES: Readonly<Record<string, string>> = {
  empty_order: "a workflow author's own code, in the example of the `fail` node",
  unknown_node_version: "an IssueCode, on its way into an issue",
};

describe("the table of error codes", () => {
  it("has every code that the sources of the packages use", () => {
    const known = { ...ERROR_CODES, ...OTHER_CODES };
    const missing = [...findUsedErrorCodes()].filter(([code]) => !Object.hasOwn(known, code));
    expect(Object.fromEntries(missing)).toEqual({});
  });

  it("gives every code an HTTP status of an error and a sentence", () => {
    for (const [code, { status, meaning }] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(status, code).toBeLessThan(600);
      expect(meaning, code).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe("the search for error codes", () => {
  it.each([
    ['throw new StorageError("lease_lost", "Gone.");', ["lease_lost"]],
    ['throw new FatalNodeError("It broke.", { code: "invalid_input", cause });', ["invalid_input"]],
    [
      'throw new ExecutionError(ended ? "execution_ended" : "wait_not_found", text);',
      ["execution_ended", "wait_not_found"],
    ],
    ['const error = { code: "node_failed", message: "It broke." };', ["node_failed"]],
    ['function fault(code: string) { return new AutomatrixError(code, "x"); }\nfault("internal");', ["internal"]],
    ['throw new FatalNodeError("broken");', []],
    ['const issue = { code: "cycle", severity: "error", message: "A cycle." };', []],
    ['throw new RangeError("lease_lost");', []],
    ['// new StorageError("lease_lost")', []],
  ])("reads %s", (text, codes) => {
    expect(errorCodesOf(text).map(({ code }) => code)).toEqual(codes);
  });

  it("tells the line", () => {
    expect(errorCodesOf('\n\nnew StorageError("lease_lost", "Gone.");')).toEqual([{ code: "lease_lost", line: 3 }]);
  });
});
