import { describe, expect, it } from "vitest";
import { defineNode, type WorkflowDefinition } from "../src/index.js";
import { scriptedNode, type TestEngineOptions, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

const child = defineNode({
  type: "child",
  execute: (ctx) =>
    ctx.wait.execution(ctx.parameters["target"] as WorkflowDefinition | string, {
      input: ctx.input,
      detach: ctx.parameters["detach"] === true,
    }),
});
const calling = (target: WorkflowDefinition | string, data: object = {}) =>
  flow("c", { c: { type: "child", data: { target, ...data } } });
const engineWith = (options: TestEngineOptions = {}) =>
  testEngine({ ...options, nodes: [...BASIC_NODES, child, ...(options.nodes ?? [])] });
const hang = () => scriptedNode({ type: "hang", script: [{ hang: true }] });

describe("a child execution", () => {
  it("runs an inline definition and gives its output", async () => {
    await using engine = await engineWith();
    const result = await engine.run(calling(flow("x", { x: { type: "pass" } })), { input: { n: 1 } });
    expect(result).toMatchObject({ status: "completed", output: { n: 1 } });
    const { items } = await engine.listExecutions({ parentId: result.id });
    expect(items).toMatchObject([{ status: "completed", parent: { executionId: result.id, nodePath: "c" }, depth: 1 }]);
  });

  it("runs a saved workflow in its newest version and records it", async () => {
    await using engine = await engineWith();
    await engine.saveWorkflow({ id: "sub", ...flow("x", { x: { type: "value", data: { value: "one" } } }) });
    await engine.saveWorkflow({ id: "sub", ...flow("x", { x: { type: "value", data: { value: "two" } } }) });
    const result = await engine.run(calling("sub"));
    expect(result.output).toBe("two");
    expect((await engine.listExecutions({ parentId: result.id })).items).toMatchObject([
      { workflowId: "sub", workflowVersion: 2 },
    ]);
  });

  it("that is unknown fails the node with workflow_not_found", async () => {
    await using engine = await engineWith();
    expect((await engine.run(calling("none"))).error).toMatchObject({ code: "workflow_not_found", nodeId: "c" });
  });

  it("that fails fails the parent with child_failed and the chain of causes", async () => {
    await using engine = await engineWith();
    const result = await engine.run(calling(calling(flow("x", { x: { type: "fail" } }))));
    expect(result.error).toMatchObject({
      code: "child_failed",
      nodeId: "c",
      cause: { code: "child_failed", cause: { code: "fatal", message: "x fails" } },
    });
  });

  it("lets the parent wait while it waits", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.delay(60_000) }] });
    await using engine = await engineWith({ nodes: [waiting] });
    const handle = await engine.execute(calling(flow("w", { w: { type: "waiting" } })));
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await engine.advance("1m");
    expect((await handle.result()).status).toBe("completed");
  });

  it("that runs keeps the parent running, and counts for its timeout", async () => {
    await using engine = await engineWith({ nodes: [hang()] });
    const definition = { ...calling(flow("h", { h: { type: "hang" } })), settings: { timeoutMs: 1_000 } };
    const handle = await engine.execute(definition);
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("running");
    await engine.advance("1s");
    expect((await handle.result()).error?.code).toBe("execution_timed_out");
    const { items } = await engine.listExecutions({ parentId: handle.id });
    expect(items).toMatchObject([{ status: "cancelled" }]);
  });

  it("is cancelled with its parent", async () => {
    const node = hang();
    await using engine = await engineWith({ nodes: [node] });
    const handle = await engine.execute(calling(flow("h", { h: { type: "hang" } })));
    await engine.runUntilIdle();
    await handle.cancel("enough");
    await engine.runUntilIdle();
    expect((await handle.result()).status).toBe("cancelled");
    expect(node.calls[0]?.signal.aborted).toBe(true);
    expect((await engine.listExecutions({ parentId: handle.id })).items).toMatchObject([{ status: "cancelled" }]);
  });

  it("is cancelled when its node times out", async () => {
    await using engine = await engineWith({ nodes: [hang()] });
    const handle = await engine.execute(
      flow("c", { c: { type: "child", timeoutMs: 500, data: { target: flow("h", { h: { type: "hang" } }) } } }),
    );
    await engine.advance(500);
    expect((await handle.result()).error?.code).toBe("node_timed_out");
    expect((await engine.listExecutions({ parentId: handle.id })).items).toMatchObject([{ status: "cancelled" }]);
  });

  it("that is detached survives the cancel, and its node goes on at once", async () => {
    const node = scriptedNode({ type: "slow", script: [{ output: "child", afterMs: 1_000 }] });
    await using engine = await engineWith({ nodes: [node, hang()] });
    const definition = flow("c>h", {
      c: { type: "child", data: { target: flow("s", { s: { type: "slow" } }), detach: true } },
      h: { type: "hang" },
    });
    const handle = await engine.execute(definition);
    await engine.runUntilIdle();
    await handle.cancel();
    await engine.advance("1s");
    const result = await handle.result();
    expect(fates(result)).toEqual({ c: "completed", h: "cancelled" });
    const detached = result.nodes["c"]?.output as { executionId: string } | undefined;
    expect(await engine.getExecution(detached?.executionId ?? "")).toMatchObject({
      status: "completed",
      output: "child",
    });
  });

  it("that is cancelled itself fails its parent", async () => {
    await using engine = await engineWith({ nodes: [hang()] });
    const handle = await engine.execute(calling(flow("h", { h: { type: "hang" } })));
    await engine.runUntilIdle();
    const { items } = await engine.listExecutions({ parentId: handle.id });
    await engine.cancel(items[0]?.id ?? "");
    expect((await handle.result()).error?.code).toBe("child_failed");
  });

  it("takes the parent's tenant and priority", async () => {
    await using engine = await engineWith();
    const result = await engine.run(calling(flow("x")), { tenant: "t", priority: 5 });
    expect((await engine.listExecutions({ parentId: result.id })).items).toMatchObject([{ tenant: "t", priority: 5 }]);
  });

  it("is limited to 32 levels", async () => {
    await using engine = await engineWith();
    await engine.saveWorkflow({ id: "again", ...calling("again") });
    let error = (await engine.run("again")).error;
    while (error?.cause !== undefined && error.code === "child_failed") error = error.cause;
    expect(error?.code).toBe("depth_exceeded");
    expect((await engine.listExecutions({ workflowId: "again" })).items).toHaveLength(33);
  });

  it("does not wait for a slot that its parent holds", async () => {
    await using engine = await engineWith({ concurrency: { executions: 1, nodes: 1 } });
    expect((await engine.run(calling(calling(flow("x"))))).status).toBe("completed");
  });
});
