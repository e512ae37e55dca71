import { describe, expect, it } from "vitest";
import { defineNode, type NodeType, type WorkflowDefinition } from "../src/index.js";
import { testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

/** Waits, outside memory, for the signal that it names. */
const asking = defineNode({
  type: "asking",
  execute: (ctx) => ctx.wait.signal(String(ctx.parameters["signal"])),
});
const container = defineNode({
  type: "container",
  container: true,
  bodies: ["body"],
  execute: (ctx) => ctx.runBody(ctx.parameters["body"] as WorkflowDefinition, {}, "[0]"),
});

const ask = (signal: string) => ({ type: "asking", data: { signal } });
const winner = { type: "pass", join: { mode: "any" as const, cancelOthers: true } };

/** Runs until everything waits outside memory, then gives the signal `go`. */
async function runThroughPark(definition: WorkflowDefinition, nodes: readonly NodeType[] = []) {
  await using engine = await testEngine({ nodes: [...BASIC_NODES, asking, container, ...nodes] });
  const handle = await engine.execute(definition);
  await engine.advance(1_000);
  expect(await engine.storage.getExecution(handle.id)).toMatchObject({ isParked: true });
  await engine.signal(handle.id, "go");
  const result = await handle.result();
  const records = await engine.getNodeExecutions(handle.id);
  const journal = await engine.getJournal(handle.id);
  return {
    result,
    stored: Object.fromEntries(records.map(({ path, status }) => [path, status])),
    eventsOf: (path: string) => journal.filter(({ nodeId }) => nodeId === path).map(({ type }) => type),
  };
}

describe("what a join with cancelOthers cancelled", () => {
  it("stays cancelled after the execution was out of memory", async () => {
    const { result, eventsOf } = await runThroughPark(
      flow("b>b2 b2>j a>j j>w", { b: ask("never"), j: winner, w: ask("go") }),
    );
    expect(fates(result)).toMatchObject({ a: "completed", b: "cancelled", b2: "skipped cancelled" });
    expect(eventsOf("b")).toEqual(["node.started", "node.waiting", "node.cancelled"]);
    expect(eventsOf("b2")).toEqual(["node.skipped"]);
  });

  it("is cancelled in a body that waited while the execution was out of memory", async () => {
    const body = flow("q", { q: ask("never") });
    const { stored } = await runThroughPark(
      flow("c>j g>j", { c: { type: "container", data: { body } }, g: ask("go"), j: winner }),
    );
    expect(stored).toEqual({ c: "cancelled", "c[0]/q": "cancelled", g: "completed", j: "completed" });
  });

  it("stays cancelled in a body", async () => {
    const body = flow("b>j a>j j>w", { b: ask("never"), j: winner, w: ask("go") });
    const { result, stored, eventsOf } = await runThroughPark(flow("c", { c: { type: "container", data: { body } } }));
    expect(result.status).toBe("completed");
    expect(stored).toMatchObject({ "c[0]/b": "cancelled", "c[0]/j": "completed" });
    expect(eventsOf("c[0]/b")).toEqual(["node.started", "node.waiting", "node.cancelled"]);
  });
});
