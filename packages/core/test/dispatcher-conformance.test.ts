import { describe, it } from "vitest";
import { inProcessDispatcher, JobLine } from "../src/index.js";
import { dispatcherConformance } from "../src/testing/index.js";

describe("the in-process dispatcher", () => {
  dispatcherConformance({
    createLine: () => {
      const line = new JobLine();
      // What it was telling lives on in the line: the rest of the process would have to die with it otherwise.
      return { open: () => inProcessDispatcher(line), kill: (dispatcher) => dispatcher.close() };
    },
    describe,
    it,
  });
});
