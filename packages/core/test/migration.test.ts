import { describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

const asking = defineNode({ type: "asking", execute: (ctx) => ctx.wait.signal("go") });

async function scene() {
  const engine = await testEngine({ nodes: [...BASIC_NODES, asking] });
  const saved = await engine.saveWorkflow({ ...flow("a>ask ask>old", { ask: { type: "asking" } }), id: "w" });
  const handle = await engine.execute("w");
  await engine.runUntilIdle();
  return { engine, handle, version: saved.version };
}

describe("migrateExecution", () => {
  it("goes on with the other version, keeping what has finished", async () => {
    const { engine, handle } = await scene();
    const to = await engine.saveWorkflow({ ...flow("a>ask ask>new", { ask: { type: "asking" } }), id: "w" });
    expect(await engine.migrateExecution(handle.id, { version: to.version, dryRun: true })).toEqual({
      compatible: true,
      issues: [],
    });
    expect((await engine.getExecution(handle.id)).workflowVersion).toBe(1);
    await engine.migrateExecution(handle.id, { version: to.version });
    expect(await engine.getExecution(handle.id)).toMatchObject({ workflowVersion: 2, definitionHash: to.hash });
    await engine.runUntilIdle();
    await engine.signal(handle.id, "go", 1);
    const result = await handle.result();
    expect(Object.keys(result.nodes).sort()).toEqual(["a", "ask", "new"]);
    expect(result.status).toBe("completed");
    await engine.close();
  });

  it("names every node that stands in the way, and moves nothing", async () => {
    const { engine, handle } = await scene();
    const to = await engine.saveWorkflow({ ...flow("b>ask", { ask: { type: "tag" } }), id: "w" });
    const report = await engine.migrateExecution(handle.id, { version: to.version });
    expect(report.compatible).toBe(false);
    expect(report.issues.map(({ code, nodeId }) => [code, nodeId]).sort()).toEqual([
      ["node_type_changed", "ask"],
      ["unknown_node", "a"],
    ]);
    expect((await engine.getExecution(handle.id)).workflowVersion).toBe(1);
    await engine.close();
  });

  it("is refused for what has ended, for inline definitions and unknown versions", async () => {
    const { engine, handle } = await scene();
    await expect(engine.migrateExecution(handle.id, { version: 9 })).rejects.toMatchObject({
      code: "workflow_not_found",
    });
    const inline = await engine.execute(flow("ask", { ask: { type: "asking" } }));
    await expect(engine.migrateExecution(inline.id, { version: 1 })).rejects.toMatchObject({ code: "invalid_input" });
    await handle.cancel();
    await expect(engine.migrateExecution(handle.id, { version: 1 })).rejects.toMatchObject({
      code: "execution_ended",
    });
    await expect(engine.migrateExecution("none", { version: 1 })).rejects.toMatchObject({
      code: "execution_not_found",
    });
    await engine.close();
  });
});

describe("retention", () => {
  it("deletes what ended long ago and nothing else", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, asking], retention: { endedForMs: 60_000 } });
    const old = await engine.run(flow("a"));
    const open = await engine.execute(flow("ask", { ask: { type: "asking" } }));
    await engine.advance("2m");
    await expect(engine.getExecution(old.id)).rejects.toMatchObject({ code: "execution_not_found" });
    expect((await engine.getExecution(open.id)).status).toBe("waiting");
  });
});
