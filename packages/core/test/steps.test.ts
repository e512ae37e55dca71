import { describe, expect, it } from "vitest";
import { defineNode, RetryableNodeError } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { flow, run } from "./support/workflow.js";

const retried = { retry: { delaysMs: [10, 10, 10] } };

describe("ctx.step", () => {
  it("answers on later attempts from its record", async () => {
    let calls = 0;
    const node = scriptedNode({
      type: "stepping",
      script: [
        async (ctx) => {
          const paid = await ctx.step("pay", () => ++calls);
          if (ctx.attempt < 3) throw new RetryableNodeError("busy");
          return { paid, attempt: ctx.attempt };
        },
      ],
    });
    const result = await run(flow("a", { a: { type: "stepping", ...retried } }), { nodes: [node], advance: "1m" });
    expect(result.output).toEqual({ paid: 1, attempt: 3 });
    expect(calls).toBe(1);
  });

  it("keeps the execution here while a container does a step and everything else waits", async () => {
    let calls = 0;
    const working = defineNode({
      type: "working",
      container: true,
      execute: (ctx) =>
        ctx.step("ask", async () => {
          calls++;
          await new Promise<void>((resolve) => ctx.clock.setTimer(ctx.clock.now() + 60_000, resolve));
          return "answer";
        }),
    });
    const sleeping = defineNode({ type: "sleeping", execute: (ctx) => ctx.wait.delay(30_000) });
    await using engine = await testEngine({ nodes: [working, sleeping] });
    const { id } = await engine.execute(flow("a b", { a: { type: "working" }, b: { type: "sleeping" } }));
    await engine.advance("10s");
    expect((await engine.getExecution(id)).status).toBe("running");
    await engine.advance("2m");
    expect(await engine.getExecution(id)).toMatchObject({ status: "completed" });
    expect(calls).toBe(1);
  });

  it("does not record a step that failed", async () => {
    let calls = 0;
    const node = scriptedNode({
      type: "stepping",
      script: [
        (ctx) =>
          ctx.step("pay", () => {
            if (++calls < 2) throw new RetryableNodeError("busy");
            return calls;
          }),
      ],
    });
    expect(
      (await run(flow("a", { a: { type: "stepping", ...retried } }), { nodes: [node], advance: "1m" })).output,
    ).toBe(2);
  });

  it("numbers equal names in order of call", async () => {
    const node = scriptedNode({
      type: "stepping",
      script: [
        async (ctx) => {
          const values = [await ctx.step("s", () => "one"), await ctx.step("s", () => "two")];
          if (ctx.attempt === 1) throw new RetryableNodeError("busy");
          return values;
        },
      ],
    });
    expect(
      (await run(flow("a", { a: { type: "stepping", ...retried } }), { nodes: [node], advance: "1m" })).output,
    ).toEqual(["one", "two"]);
  });

  it("is durable before it resolves in barrier and strict mode", async () => {
    for (const durability of ["barrier", "strict"] as const) {
      const storage = memoryStorage();
      const node = scriptedNode({
        type: "stepping",
        script: [
          async (ctx) => {
            await ctx.step("s", () => "kept");
            return (await storage.listSteps(ctx.execution.id)).map(({ value }) => value);
          },
        ],
      });
      expect(
        (await run(flow("a", { a: { type: "stepping" } }), { nodes: [node], storage, durability })).output,
      ).toEqual(["kept"]);
    }
  });

  it("gives a copy of plain JSON, the same as later attempts get", async () => {
    const node = scriptedNode({
      type: "stepping",
      script: [(ctx) => ctx.step("s", () => ({ at: new Date(0), gone: undefined }) as unknown)],
    });
    expect((await run(flow("a", { a: { type: "stepping" } }), { nodes: [node] })).output).toEqual({
      at: "1970-01-01T00:00:00.000Z",
    });
  });

  it("that gives no JSON fails the node", async () => {
    const node = scriptedNode({ type: "stepping", script: [(ctx) => ctx.step("s", () => () => 1)] });
    expect((await run(flow("a", { a: { type: "stepping" } }), { nodes: [node] })).status).toBe("failed");
  });

  it("may run several at once", async () => {
    const node = scriptedNode({
      type: "stepping",
      script: [(ctx) => Promise.all(["x", "y", "z"].map((name) => ctx.step(name, async () => name)))],
    });
    expect((await run(flow("a", { a: { type: "stepping" } }), { nodes: [node] })).output).toEqual(["x", "y", "z"]);
  });

  it("rejects once its attempt was abandoned", async () => {
    let outcome: unknown;
    const node = scriptedNode({
      type: "stepping",
      script: [
        async (ctx) => {
          await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve()));
          outcome = await ctx.step("s", () => 1).catch((error: { code: string }) => error.code);
        },
      ],
    });
    await run(flow("a", { a: { type: "stepping", attemptTimeoutMs: 10, retry: { maxAttempts: 1 } } }), {
      nodes: [node],
      advance: 10,
    });
    expect(outcome).toBe("node_cancelled");
  });

  it("tells the journal", async () => {
    const node = scriptedNode({ type: "stepping", script: [(ctx) => ctx.step("s", () => 5)] });
    await using engine = await testEngine({ nodes: [node] });
    const { id } = await engine.run(flow("a", { a: { type: "stepping" } }));
    expect((await engine.getJournal(id)).find(({ type }) => type === "step.completed")).toMatchObject({
      nodeId: "a",
      attempt: 1,
      data: { name: "s", value: 5 },
    });
  });
});
