import { describe, expect, it } from "vitest";
import { countTests } from "./count-tests.mjs";

describe("countTests", () => {
  it("counts passed and failed tests over all files", () => {
    const report = {
      testResults: [
        { status: "failed", assertionResults: [{ status: "passed" }, { status: "failed" }] },
        { status: "passed", assertionResults: [{ status: "passed" }] },
      ],
    };
    expect(countTests(report)).toEqual({ passed: 2, failed: 1 });
  });

  it("counts a file that could not be loaded as one failed test", () => {
    expect(countTests({ testResults: [{ status: "failed", assertionResults: [] }] })).toEqual({ passed: 0, failed: 1 });
  });

  it("counts skipped and todo tests as neither", () => {
    const report = {
      testResults: [{ status: "passed", assertionResults: [{ status: "skipped" }, { status: "todo" }] }],
    };
    expect(countTests(report)).toEqual({ passed: 0, failed: 0 });
  });
});
