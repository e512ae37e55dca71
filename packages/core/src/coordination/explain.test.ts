import { expect, it } from "vitest";
import type { ExecutionRecord } from "../ports/execution-record.js";
import { explainExecution } from "./explain.js";

const RUNNING = {
  id: "e",
  status: "running",
  blocked: null,
  cancelRequested: null,
  owner: "worker",
  isParked: false,
  requires: ["gpu", "eu"],
} as unknown as ExecutionRecord;

const explain = (record: ExecutionRecord) => explainExecution({ record, nodes: [], waits: [], rivals: [] });

it("says that an execution runs only of one that a worker has", () => {
  expect(explain(RUNNING)).toBe("Execution e is running.");
  const takenByNobody = "Execution e is under way, but no worker has it; it goes on as soon as a worker";
  expect(explain({ ...RUNNING, owner: null })).toBe(
    `${takenByNobody} that offers gpu, eu and has a free place takes it.`,
  );
  expect(explain({ ...RUNNING, owner: null, requires: [] })).toBe(`${takenByNobody} with a free place takes it.`);
});
