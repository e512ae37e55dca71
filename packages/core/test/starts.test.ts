import { describe, expect, it } from "vitest";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow, run } from "./support/workflow.js";

describe("mocks", () => {
  it("stand in for running a node: output, port and error", async () => {
    const never = scriptedNode({ type: "never" });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, never] });
    const definition = flow("a>r r:left>l r:right>m m:error>e", {
      a: { type: "never" },
      r: { type: "route", data: { port: "left" } },
    });
    const result = await engine.run(definition, {
      mocks: {
        a: { output: { x: 1 } },
        r: { output: 2, port: "right" },
        m: { error: { code: "mine", message: "mocked" } },
      },
    });
    expect(fates(result)).toEqual({
      a: "completed",
      r: "completed",
      l: "skipped branch_not_taken",
      m: "failed error_port",
      e: "completed",
    });
    expect(result.nodes["a"]?.output).toEqual({ x: 1 });
    expect(result.nodes["m"]?.error).toMatchObject({ code: "mine", message: "mocked" });
    expect(never.calls).toEqual([]);
  });

  it("may be a text for the error, and refuse a port that does not exist", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    expect((await engine.run(flow("a"), { mocks: { a: { error: "boom" } } })).error).toMatchObject({ message: "boom" });
    expect((await engine.run(flow("a"), { mocks: { a: { output: 1, port: "none" } } })).error?.code).toBe(
      "unknown_port",
    );
  });
});

describe("an idempotent start", () => {
  it("answers with the first execution, at once and later", async () => {
    const node = scriptedNode({ type: "tag" });
    await using engine = await testEngine({ nodes: [node] });
    const [first, second] = await Promise.all(
      [1, 2].map((n) => engine.execute(flow("a"), { idempotencyKey: "k", input: { n } })),
    );
    expect(second?.id).toBe(first?.id);
    const result = await first?.result();
    const third = await engine.execute(flow("a"), { idempotencyKey: "k" });
    expect(third.id).toBe(first?.id);
    expect(await third.result()).toMatchObject({ status: "completed", output: result?.output, id: first?.id });
    expect(await second?.result()).toMatchObject({ status: "completed" });
    expect(node.calls).toHaveLength(1);
  });

  it("has the workflow, or the name of an inline definition, as its scope", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    await engine.saveWorkflow({ id: "w1", ...flow("a") });
    await engine.saveWorkflow({ id: "w2", ...flow("a") });
    const ids = [];
    for (const target of ["w1", "w2", flow("a"), { ...flow("a"), name: "other" }])
      ids.push((await engine.execute(target, { idempotencyKey: "k" })).id);
    expect(new Set(ids).size).toBe(4);
    expect((await engine.execute("w1", { idempotencyKey: "k" })).id).toBe(ids[0]);
    expect((await engine.execute({ ...flow("x>y"), name: "other" }, { idempotencyKey: "k" })).id).toBe(ids[3]);
  });

  it("refuses a key that is none", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    await expect(engine.execute(flow("a"), { idempotencyKey: "" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("starting", () => {
  it("refuses an invalid definition with every issue", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const error = await engine
      .execute({
        nodes: [
          { id: "a", type: "none" },
          { id: "a", type: "tag" },
        ],
      })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "invalid_definition" });
    expect((error as { issues: { code: string }[] }).issues.map(({ code }) => code).sort()).toEqual([
      "duplicate_node_id",
      "unknown_node_type",
    ]);
  });

  it("runs a prepared definition, which cannot be changed", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const definition = { name: "n", nodes: [{ id: "a", type: "value", data: { value: 1 as number } }], edges: [] };
    const prepared = engine.prepare(definition);
    (definition.nodes[0] as { data: { value: number } }).data.value = 2;
    expect((await engine.run(prepared)).output).toBe(1);
    expect(Object.isFrozen(prepared.definition.nodes[0])).toBe(true);
    expect((await engine.run(definition)).output).toBe(2);
  });

  it("runs a saved workflow in the version named, the newest by default", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const save = (value: number) =>
      engine.saveWorkflow({ id: "w", ...flow("a", { a: { type: "value", data: { value } } }) });
    expect([(await save(1)).version, (await save(1)).version, (await save(2)).version]).toEqual([1, 1, 2]);
    expect((await engine.run("w")).output).toBe(2);
    expect((await engine.run("w", { version: 1 })).output).toBe(1);
    await expect(engine.run("w", { version: 9 })).rejects.toMatchObject({ code: "workflow_not_found" });
    await expect(engine.run("none")).rejects.toMatchObject({ code: "workflow_not_found" });
    await engine.deleteWorkflow("w");
    await expect(engine.run("w")).rejects.toMatchObject({ code: "workflow_not_found" });
    await expect(engine.deleteWorkflow("w")).rejects.toMatchObject({ code: "workflow_not_found" });
  });

  it("tells a node about its execution", async () => {
    const look = scriptedNode({
      type: "look",
      script: [(ctx) => ({ ...ctx.execution, node: ctx.nodeId, path: ctx.nodePath })],
    });
    const result = await run(flow("a", { a: { type: "look" } }), { nodes: [look] });
    expect(result.output).toMatchObject({
      id: result.id,
      workflowName: "test",
      tenant: null,
      priority: 0,
      node: "a",
      path: "a",
    });
  });
});
