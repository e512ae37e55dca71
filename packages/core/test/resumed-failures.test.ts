import { describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

/** Waits, outside memory, for the signal `go`. */
const asking = defineNode({ type: "asking", execute: (ctx) => ctx.wait.signal("go") });
const late = () => scriptedNode({ type: "late", script: [{ output: { late: true }, afterMs: 100 }] });

async function scene() {
  return testEngine({ nodes: [...BASIC_NODES, asking, late()] });
}

describe("what a handled failure gave", () => {
  it("is the same after the execution was out of memory, whatever has come since", async () => {
    await using engine = await scene();
    const handle = await engine.execute(
      flow("b>j a>j j:error>h h>w w>t", {
        b: { type: "late" },
        j: { type: "fail", join: "any" },
        h: { type: "pass" },
        w: { type: "asking" },
        t: { type: "value", data: { value: "{{ nodes.j.output.input }}" } },
      }),
    );
    await engine.advance(1_000);
    await engine.signal(handle.id, "go");
    const { nodes } = await handle.result();
    expect(nodes["h"]?.output).toMatchObject({ input: { a: true } });
    expect(nodes["t"]?.output).toEqual({ a: true });
  });

  it("holds what a disabled entry handed on", async () => {
    await using engine = await scene();
    const handle = await engine.execute(
      flow("d>f a>f f:error>w w>t", {
        d: { disabled: true },
        f: { type: "fail" },
        w: { type: "asking" },
        t: { type: "value", data: { value: "{{ nodes.f.output.input }}" } },
      }),
      { input: { i: 1 } },
    );
    await engine.advance(1_000);
    await engine.signal(handle.id, "go");
    expect((await handle.result()).nodes["t"]?.output).toEqual({ i: 1, a: true });
  });

  it("is taken over by a replay with another input", async () => {
    await using engine = await scene();
    const first = await engine.run(flow("a:error>b", { a: { type: "fail" }, b: { type: "pass" } }), {
      input: { v: "old" },
    });
    const replay = await engine.replay(first.id, { from: "b", input: { v: "new" } });
    expect((await replay.result()).nodes["b"]?.output).toEqual(first.nodes["b"]?.output);
  });

  it("is that of onError, too", async () => {
    await using engine = await scene();
    const handle = await engine.execute(
      flow("a>w w>t", {
        a: { type: "fail", onError: { action: "continue", output: null } },
        w: { type: "asking" },
        t: { type: "value", data: { value: "{{ nodes.a.output }}" } },
      }),
    );
    await engine.advance(1_000);
    await engine.signal(handle.id, "go");
    const { nodes } = await handle.result();
    expect(nodes["a"]).toMatchObject({ status: "failed", handled: "continue", output: null });
    expect(nodes["t"]?.output).toBeNull();
  });
});
