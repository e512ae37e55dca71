import { describe, expect, it } from "vitest";
import { defineNode, type NodeDefinition, RetryableNodeError } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow, run } from "./support/workflow.js";

/** A node that has begun and is ready again while another holds the only slot. */
const ONE_SLOT = { maxConcurrency: 1 };
const RETRIED = { type: "flaky", retry: { delaysMs: [10] } };
const RESUMED = { type: "resuming" };

const flaky = () => scriptedNode({ type: "flaky", script: [{ error: new RetryableNodeError("busy") }] });
const resuming = defineNode({
  type: "resuming",
  execute: (ctx) => ctx.wait.delay(10),
  resume: () => "resumed",
});
const failing = () => scriptedNode({ type: "failing", script: [{ error: new Error("later"), afterMs: 100 }] });
const quick = () => scriptedNode({ type: "quick", script: [{ output: 1, afterMs: 100 }] });

const nodes = () => [flaky(), resuming, failing(), quick()];

function beside(a: Partial<NodeDefinition>, other: string) {
  return flow("a b", { a, b: { type: other } }, ONE_SLOT);
}

describe("a node that has begun and waits for a slot", () => {
  it("fails with its last error when the scope drains before its next attempt", async () => {
    const result = await run(beside(RETRIED, "failing"), { nodes: nodes(), advance: 200 });
    expect(fates(result)).toEqual({ a: "failed", b: "failed" });
    expect(result.nodes["a"]).toMatchObject({ attempts: 1, error: { message: "busy" } });
    expect(result.error).toMatchObject({ nodeId: "b" });
  });

  it("is cancelled when the scope drains after its wait has ended", async () => {
    const result = await run(beside(RESUMED, "failing"), { nodes: nodes(), advance: 200 });
    expect(fates(result)).toEqual({ a: "cancelled", b: "failed" });
    expect(result.nodes["a"]).toMatchObject({ attempts: 1, startedAt: Date.UTC(2025, 0, 1) });
  });

  it.each([
    ["its next attempt", RETRIED],
    ["going on", RESUMED],
  ])("is cancelled before %s when the execution is", async (_, a) => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, ...nodes()] });
    const handle = await engine.execute(beside(a, "failing"));
    await engine.advance(50);
    await handle.cancel();
    expect(fates(await handle.result())).toEqual({ a: "cancelled", b: "cancelled" });
  });

  it.each([
    ["its next attempt", RETRIED],
    ["going on", RESUMED],
  ])("is cancelled before %s by a join with cancelOthers", async (_, a) => {
    const join = { type: "pass", join: { mode: "any" as const, cancelOthers: true } };
    const definition = flow("a>j b>j", { a, b: { type: "quick" }, j: join }, ONE_SLOT);
    const result = await run(definition, { nodes: nodes(), advance: 200 });
    expect(fates(result)).toEqual({ a: "cancelled", b: "completed", j: "completed" });
  });
});
