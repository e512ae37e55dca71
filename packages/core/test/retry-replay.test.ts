import { describe, expect, it } from "vitest";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

const flaky = () =>
  scriptedNode({ type: "flaky", script: [{ error: new Error("first") }, { output: { mended: true } }] });

describe("retry", () => {
  it("starts a new execution that keeps what finished and runs the rest", async () => {
    const node = flaky();
    const counting = scriptedNode({ type: "counting", script: [{ output: { n: 1 }, variables: { v: 1 } }] });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, node, counting] });
    const failed = await engine.run(
      flow("a>b b>c", {
        a: { type: "counting" },
        b: { type: "flaky" },
        c: { type: "value", data: { value: "{{ vars.v }}" } },
      }),
      { input: { x: 1 } },
    );
    expect(failed.status).toBe("failed");
    const handle = await engine.retry(failed.id);
    const result = await handle.result();
    expect(handle.id).not.toBe(failed.id);
    expect(result).toMatchObject({ status: "completed", output: 1 });
    expect(result.nodes["a"]).toMatchObject({ status: "completed", reused: true, output: { n: 1 } });
    expect(result.nodes["b"]?.reused).toBeUndefined();
    expect(counting.calls).toHaveLength(1);
    expect(await engine.getExecution(handle.id)).toMatchObject({ retryOf: failed.id, input: { x: 1 } });
    expect((await engine.getExecution(failed.id)).status).toBe("failed");
  });

  it("with mode restart runs everything", async () => {
    const counting = scriptedNode({ type: "counting" });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, flaky(), counting] });
    const failed = await engine.run(flow("a>b", { a: { type: "counting" }, b: { type: "flaky" } }));
    expect((await (await engine.retry(failed.id, { mode: "restart" })).result()).status).toBe("completed");
    expect(counting.calls).toHaveLength(2);
  });

  it("from a node runs it and all its descendants", async () => {
    const counting = scriptedNode({ type: "counting" });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, flaky(), counting] });
    const type = { type: "counting" };
    const failed = await engine.run(
      flow("a>b b>c b>f side", { a: type, b: type, c: type, f: { type: "flaky" }, side: type }),
    );
    const before = counting.calls.length;
    expect((await (await engine.retry(failed.id, { from: "b" })).result()).status).toBe("completed");
    expect(
      counting.calls
        .slice(before)
        .map(({ nodePath }) => nodePath)
        .sort(),
    ).toEqual(["b", "c"]);
    await expect(engine.retry(failed.id, { from: "none" })).rejects.toMatchObject({ code: "node_not_found" });
  });

  it("runs cancelled and skipped nodes, and counts handled failures as finished", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.signal("go") }] });
    const handled = scriptedNode({ type: "handled", script: [{ error: new Error("handled") }] });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, waiting, handled] });
    const handle = await engine.execute(flow("h:error>r r>w w>z", { h: { type: "handled" }, w: { type: "waiting" } }));
    await engine.runUntilIdle();
    await handle.cancel();
    expect(fates(await handle.result())).toMatchObject({
      h: "failed error_port",
      w: "cancelled",
      z: "skipped cancelled",
    });
    const again = await engine.retry(handle.id);
    await engine.runUntilIdle();
    await engine.signal(again.id, "go", 1);
    expect(fates(await again.result())).toEqual({
      h: "failed error_port",
      r: "completed",
      w: "completed",
      z: "completed",
    });
    expect(handled.calls).toHaveLength(1);
  });

  it("runs a branch again that was skipped because of the failure, and not one that was not taken", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, flaky()] });
    const failed = await engine.run(
      flow("r:left>l r:right>n l>f f>x", { r: { type: "route", data: { port: "left" } }, f: { type: "flaky" } }),
    );
    expect(fates(await (await engine.retry(failed.id)).result())).toEqual({
      r: "completed",
      l: "completed",
      n: "skipped branch_not_taken",
      f: "completed",
      x: "completed",
    });
  });

  it("is refused for what completed, runs or does not exist", async () => {
    await using engine = await testEngine({
      nodes: [...BASIC_NODES, scriptedNode({ type: "hang", script: [{ hang: true }] })],
    });
    const { id } = await engine.run(flow("a"));
    await expect(engine.retry(id)).rejects.toMatchObject({ code: "execution_completed" });
    const handle = await engine.execute(flow("a", { a: { type: "hang" } }));
    await engine.runUntilIdle();
    await expect(engine.retry(handle.id)).rejects.toMatchObject({ code: "execution_active" });
    await expect(engine.retry("none")).rejects.toMatchObject({ code: "execution_not_found" });
  });

  it("of a retry works too", async () => {
    const node = scriptedNode({
      type: "flaky",
      script: [{ error: new Error("1") }, { error: new Error("2") }, { output: 3 }],
    });
    const counting = scriptedNode({ type: "counting" });
    await using engine = await testEngine({ nodes: [node, counting] });
    const first = await engine.run(flow("a>b", { a: { type: "counting" }, b: { type: "flaky" } }));
    const second = await (await engine.retry(first.id)).result();
    const third = await (await engine.retry(second.id)).result();
    expect([second.status, third.status, counting.calls.length]).toEqual(["failed", "completed", 1]);
    expect(third.nodes["a"]?.reused).toBe(true);
  });
});

describe("replay", () => {
  it("runs a completed execution again from the start, with other input and mocks on request", async () => {
    const counting = scriptedNode({ type: "counting" });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, counting] });
    const first = await engine.run(flow("a>b", { a: { type: "counting" }, b: { type: "pass" } }), { input: { n: 1 } });
    const again = await engine.replay(first.id);
    expect((await again.result()).output).toEqual({ n: 1 });
    expect((await engine.getExecution(again.id)).replayOf).toBe(first.id);
    expect((await (await engine.replay(first.id, { input: { n: 2 } })).result()).output).toEqual({ n: 2 });
    expect((await (await engine.replay(first.id, { mocks: { a: { output: "mocked" } } })).result()).output).toBe(
      "mocked",
    );
    expect(counting.calls).toHaveLength(3);
  });

  it("from a node keeps what lies before it", async () => {
    const counting = scriptedNode({ type: "counting" });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, counting] });
    const first = await engine.run(flow("a>b", { a: { type: "counting" }, b: { type: "counting" } }));
    const result = await (await engine.replay(first.id, { from: "b" })).result();
    expect([result.nodes["a"]?.reused, result.nodes["b"]?.reused, counting.calls.length]).toEqual([true, undefined, 3]);
  });

  it("keeps the version, or takes the newest on request", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const save = (value: string) =>
      engine.saveWorkflow({ id: "w", ...flow("a", { a: { type: "value", data: { value } } }) });
    await save("one");
    const first = await engine.run("w");
    await save("two");
    expect((await (await engine.replay(first.id)).result()).output).toBe("one");
    expect((await (await engine.replay(first.id, { version: "latest" })).result()).output).toBe("two");
  });
});
