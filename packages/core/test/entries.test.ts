import { describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow, run } from "./support/workflow.js";

const hook = defineNode({ type: "hook", category: "trigger", execute: (ctx) => ctx.input });

describe("entries", () => {
  it("are all nodes without incoming edges when there is no trigger", async () => {
    const result = await run(flow("a>c b>c"), { input: { x: 1 } });
    expect(fates(result)).toEqual({ a: "completed", b: "completed", c: "completed" });
  });

  it("get the execution's input", async () => {
    expect((await run(flow("a", { a: { type: "pass" } }), { input: [1, 2] })).output).toEqual([1, 2]);
  });

  it("get an empty object when there is no input", async () => {
    expect((await run(flow("a", { a: { type: "pass" } }))).output).toEqual({});
  });

  it("are the one trigger that fired; the other triggers are skipped as branch_not_taken", async () => {
    const definition = flow("s>a h>b", { s: { type: "start" }, h: { type: "hook" } });
    expect(fates(await run(definition, { nodes: [hook] }))).toEqual({
      s: "completed",
      a: "completed",
      h: "skipped branch_not_taken",
      b: "skipped upstream_skipped",
    });
  });

  it("are the trigger named at the start", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, hook] });
    const definition = flow("s>a h>b", { s: { type: "start" }, h: { type: "hook" } });
    const result = await engine.run(definition, { trigger: "h" });
    expect(fates(result)).toEqual({
      h: "completed",
      b: "completed",
      s: "skipped branch_not_taken",
      a: "skipped upstream_skipped",
    });
    await expect(engine.run(definition, { trigger: "a" })).rejects.toMatchObject({ code: "trigger_not_found" });
  });

  it("need a name when several triggers could fire and none is a start", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, hook] });
    await expect(engine.run(flow("h1>a h2>a", { h1: { type: "hook" }, h2: { type: "hook" } }))).rejects.toMatchObject({
      code: "trigger_required",
    });
  });

  it("leave out other nodes without incoming edges when there are triggers", async () => {
    const result = await run(flow("s>a orphan>b", { s: { type: "start" } }));
    expect(fates(result)["orphan"]).toMatch(/^skipped/);
    expect(result.status).toBe("completed");
  });
});

describe("an empty definition", () => {
  it("completes at once and its output is its input", async () => {
    const result = await run({ nodes: [] }, { input: { x: [1] } });
    expect(result).toMatchObject({ status: "completed", output: { x: [1] } });
    expect(result.nodes).toEqual({});
  });
});

describe("a disabled node", () => {
  it("is skipped as disabled and passes its input on through default", async () => {
    const never = scriptedNode({ type: "never" });
    const result = await run(flow("a>b b>c", { b: { type: "never", disabled: true }, c: { type: "pass" } }), {
      nodes: [never],
    });
    expect(fates(result)).toEqual({ a: "completed", b: "skipped disabled", c: "completed" });
    expect(result.output).toEqual({ a: true });
    expect(never.calls).toEqual([]);
  });

  it("leaves its other ports dead", async () => {
    const result = await run(
      flow("a>b b:left>c b>d", { b: { type: "route", data: { port: "left" }, disabled: true } }),
    );
    expect(fates(result)).toMatchObject({ c: "skipped branch_not_taken", d: "completed" });
  });

  it("passes variables on", async () => {
    const setter = defineNode({ type: "setter", execute: (ctx) => ctx.setVariables({ v: 1 }) });
    const result = await run(
      flow("a>b b>c", {
        a: { type: "setter" },
        b: { disabled: true },
        c: { type: "value", data: { value: "{{ vars.v }}" } },
      }),
      { nodes: [setter] },
    );
    expect(result.output).toBe(1);
  });
});

describe("an edge without a port", () => {
  it("leaves default", async () => {
    expect(fates(await run(flow("a>b a:left>c", { a: { type: "route", data: { port: "left" } } })))).toMatchObject({
      b: "skipped branch_not_taken",
      c: "completed",
    });
  });

  it("is live whichever port was emitted when the node has no default port", async () => {
    const either = defineNode({ type: "either", ports: ["yes", "no"], execute: (ctx) => ctx.emit("no", 1) });
    expect((await run(flow("a>b", { a: { type: "either" }, b: { type: "pass" } }), { nodes: [either] })).output).toBe(
      1,
    );
  });
});
