import { describe, it } from "vitest";
import { findSharedData } from "./shared-data.js";

/**
 * `describe` for suites that read `../shared/data`. Without the data the suite is left out and its title says so; with
 * `CI=true` it fails, so that nobody mistakes a missing file for a pass.
 */
export function describeSharedData(title: string, path: string, suite: () => void): void {
  if (findSharedData(path) !== undefined) {
    describe(title, suite);
    return;
  }
  const reason = `../shared/data/${path} is missing`;
  if (process.env.CI !== "true") {
    describe.skip(`${title} (left out: ${reason})`, () => it("needs its data", () => {}));
    return;
  }
  describe(title, () => {
    it("has its data", () => {
      throw new Error(`${reason}, and with CI=true that is a failure`);
    });
  });
}
