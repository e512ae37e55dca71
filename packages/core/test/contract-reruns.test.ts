import { describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { type ScriptedNodeOptions, scriptedNode, testEngine } from "../src/testing/index.js";
import { flow } from "./support/workflow.js";

const passing = defineNode({ type: "passing", execute: (ctx) => ({ from: ctx.nodeId, input: ctx.input }) });
const chain = flow("a>b b>c", { a: { type: "passing" }, b: { type: "flaky" }, c: { type: "passing" } });
const failingOnce: ScriptedNodeOptions = { type: "flaky", script: [{ error: new Error("first") }, { output: "b" }] };

describe("running again", () => {
  it("takes a mock in place of what a finished node gave", async () => {
    await using engine = await testEngine({ nodes: [passing, scriptedNode({ type: "flaky" })] });
    const { id } = await engine.run(chain);
    const replayed = await (await engine.replay(id, { from: "c", mocks: { b: { output: "edited" } } })).result();
    expect(replayed.output).toEqual({ from: "c", input: "edited" });
    expect(replayed.nodes["a"]).toMatchObject({ reused: true });
    expect(replayed.nodes["b"]).not.toHaveProperty("reused");
  });

  it("takes null as an input of its own", async () => {
    await using engine = await testEngine({ nodes: [passing, scriptedNode({ type: "flaky" })] });
    const { id } = await engine.run(chain, { input: { i: 1 } });
    const again = await engine.replay(id, { input: null });
    await again.result();
    expect((await engine.getExecution(again.id)).input).toBeNull();
    const same = await engine.replay(id);
    await same.result();
    expect((await engine.getExecution(same.id)).input).toEqual({ i: 1 });
  });

  it("keeps tenant, priority, concurrency key and metadata, and not the idempotency key", async () => {
    await using engine = await testEngine({ nodes: [passing, scriptedNode(failingOnce)] });
    const options = { tenant: "t", priority: 3, concurrencyKey: "k", metadata: { m: 1 } };
    const { id } = await engine.run(chain, { ...options, idempotencyKey: "once" });
    const again = await engine.retry(id);
    expect((await again.result()).status).toBe("completed");
    expect(await engine.getExecution(again.id)).toMatchObject({
      ...options,
      idempotencyKey: null,
      retryOf: id,
      replayOf: null,
    });
    expect((await engine.getExecution(id)).status).toBe("failed");
  });

  it("refuses a mode that does not exist, a node that does not exist and what has not ended", async () => {
    const waiting = defineNode({ type: "flaky", execute: (ctx) => ctx.wait.signal("go") });
    await using engine = await testEngine({ nodes: [passing, waiting] });
    const { id } = await engine.execute(chain);
    await engine.runUntilIdle();
    await expect(engine.retry(id)).rejects.toMatchObject({ code: "execution_active" });
    await expect(engine.replay(id)).rejects.toMatchObject({ code: "execution_active" });
    await engine.cancel(id);
    await engine.runUntilIdle();
    await expect(engine.retry(id, { mode: "some" as never })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(engine.retry(id, { from: "none" })).rejects.toMatchObject({ code: "node_not_found" });
  });
});

describe("an idempotency key", () => {
  it("counts within its workflow: an inline definition of that name is another one", async () => {
    await using engine = await testEngine({ nodes: [passing] });
    const definition = { name: "orders", nodes: [{ id: "a", type: "passing" }] };
    await engine.saveWorkflow({ id: "orders", ...definition });
    const options = { idempotencyKey: "k" };
    const saved = await engine.execute("orders", options);
    const inline = await engine.execute(definition, options);
    expect(inline.id).not.toBe(saved.id);
    expect((await engine.execute("orders", options)).id).toBe(saved.id);
    expect((await engine.execute(definition, options)).id).toBe(inline.id);
  });
});
