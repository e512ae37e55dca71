import { describe, expect, it } from "vitest";
import { defineNode, RetryableNodeError } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { flow, run } from "./support/workflow.js";

const set = defineNode({
  type: "set",
  execute(ctx) {
    ctx.setVariables(ctx.parameters["set"] as Record<string, unknown>);
    return ctx.input;
  },
});
const setting = (variables: Record<string, unknown>) => ({ type: "set", data: { set: variables } });

async function seenBy(text: string, nodes: Parameters<typeof flow>[1]): Promise<unknown> {
  const last = scriptedNode({ type: "last" });
  await run(flow(text, { ...nodes, z: { type: "last", ...nodes?.["z"] } }), { nodes: [set, last] });
  return last.calls[0]?.vars;
}

describe("variables", () => {
  it("are seen by descendants, not by other branches", async () => {
    expect(await seenBy("a>b b>z", { a: setting({ v: 1 }) })).toEqual({ v: 1 });
    expect(await seenBy("s>a s>z", { a: setting({ v: 1 }) })).toEqual({});
  });

  it("merge in edge order where branches meet", async () => {
    expect(await seenBy("a>z b>z", { a: setting({ v: "a", x: 1 }), b: setting({ v: "b" }) })).toEqual({ v: "b", x: 1 });
  });

  it("do not come back through a branch that merely passed an older value on", async () => {
    expect(await seenBy("s>a s>b a>z b>z", { s: setting({ v: "old" }), a: setting({ v: "new" }) })).toEqual({
      v: "new",
    });
  });

  it("follow live edges only", async () => {
    expect(
      await seenBy("r:left>a r:right>b a>z b>z", {
        r: { type: "route", data: { port: "left" } },
        a: setting({ v: "a" }),
        b: setting({ v: "b" }),
      }),
    ).toEqual({ v: "a" });
  });

  it("take effect when the node completes, so a failed attempt sets none", async () => {
    const flaky = scriptedNode({
      type: "flaky",
      script: [
        (ctx) => {
          ctx.setVariables({ bad: 1 });
          throw new Error("no");
        },
        { output: 1, variables: { good: 1 } },
      ],
    });
    const last = scriptedNode({ type: "last" });
    await run(flow("a>z", { a: { type: "flaky", retry: { delaysMs: [5] } }, z: { type: "last" } }), {
      nodes: [flaky, last],
      advance: 5,
    });
    expect(last.calls[0]?.vars).toEqual({ good: 1 });
  });

  it("are found under their bare name after the input and before the trigger", async () => {
    const definition = flow("a>z", {
      a: setting({ who: "vars", other: "vars" }),
      z: { type: "value", data: { value: "{{who}} {{other}} {{third}}" } },
    });
    expect((await run(definition, { nodes: [set], input: { other: "trigger", third: "trigger" } })).output).toBe(
      "vars trigger trigger",
    );
  });

  it("that are not JSON fail the node", async () => {
    const bad = scriptedNode({ type: "bad", script: [{ output: 1, variables: { f: () => 1 } }] });
    expect((await run(flow("a", { a: { type: "bad" } }), { nodes: [bad] })).error?.code).toBe(
      "output_not_serializable",
    );
  });

  it("set before a wait are passed on by what comes of it", async () => {
    const waiting = defineNode({
      type: "waiting",
      execute(ctx) {
        ctx.setVariables({ v: 1 });
        return ctx.wait.delay(10);
      },
    });
    const last = scriptedNode({ type: "last" });
    await using engine = await testEngine({ nodes: [waiting, last] });
    const handle = await engine.execute(flow("a>z", { a: { type: "waiting" }, z: { type: "last" } }));
    await engine.advance(10);
    await handle.result();
    expect(last.calls[0]?.vars).toEqual({ v: 1 });
    const set = (await engine.getJournal(handle.id)).filter(({ type }) => type === "variables.set");
    expect(set.map(({ data }) => data)).toEqual([{ variables: { v: 1 } }]);
  });

  it("set before waits are joined by those that `resume` sets, outside memory too", async () => {
    const asking = defineNode({
      type: "asking",
      execute(ctx) {
        ctx.setVariables({ first: 1, both: 1 });
        return ctx.wait.signal("go");
      },
      resume(ctx, outcome) {
        const payload = outcome.kind === "signal" ? outcome.payload : undefined;
        ctx.setVariables({ both: payload });
        return payload === "again" ? ctx.wait.signal("go") : { done: true };
      },
    });
    const last = scriptedNode({ type: "last" });
    await using engine = await testEngine({ nodes: [asking, last] });
    const handle = await engine.execute(flow("a>z", { a: { type: "asking" }, z: { type: "last" } }));
    for (const payload of ["again", "enough"]) {
      await engine.runUntilIdle();
      expect((await engine.storage.getExecution(handle.id))?.isParked).toBe(true);
      await engine.signal(handle.id, "go", payload);
    }
    await handle.result();
    expect(last.calls[0]?.vars).toEqual({ first: 1, both: "enough" });
  });

  it("set before a wait are gone when the node fails after it and starts again", async () => {
    let calls = 0;
    const asking = defineNode({
      type: "asking",
      execute(ctx) {
        if (calls++ > 0) return null;
        ctx.setVariables({ bad: 1 });
        return ctx.wait.delay(10);
      },
      resume() {
        throw new RetryableNodeError("no");
      },
    });
    const last = scriptedNode({ type: "last" });
    await run(flow("a>z", { a: { type: "asking", retry: { delaysMs: [5] } }, z: { type: "last" } }), {
      nodes: [asking, last],
      advance: 15,
    });
    expect(last.calls[0]?.vars).toEqual({});
  });
});
