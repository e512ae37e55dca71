import { describe, expect, it } from "vitest";
import { defineNode, type NodeContext, type WaitOutcome } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

const START_AT = Date.UTC(2025, 0, 1);
const delaying = (delayMs: number) =>
  scriptedNode({ type: "delaying", script: [{ wait: (wait) => wait.delay(delayMs) }] });
const signalling = (options: { readonly timeoutMs?: number } = {}) =>
  defineNode({ type: "signalling", ports: ["default", "timed_out"], execute: (ctx) => ctx.wait.signal("go", options) });
const approving = (
  options: { readonly quorum?: number; readonly deadlineMs?: number; readonly approvers?: readonly string[] } = {},
) =>
  defineNode({
    type: "approving",
    ports: ["approved", "rejected", "timed_out"],
    execute: (ctx) => ctx.wait.approval({ message: "ok?", ...options }),
  });

const startWith = async (nodes: Parameters<typeof testEngine>[0]) =>
  testEngine({ ...nodes, nodes: [...BASIC_NODES, ...(nodes?.nodes ?? [])] });

describe("a delay", () => {
  it("parks the node and the execution until its time", async () => {
    await using engine = await startWith({ nodes: [delaying(60_000)] });
    const handle = await engine.execute(flow("a>b", { a: { type: "delaying" }, b: { type: "pass" } }));
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    expect(await engine.explain(handle.id)).toContain("2025-01-01T00:01:00.000Z");
    await engine.advance(59_999);
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await engine.advance(1);
    expect(await handle.result()).toMatchObject({ status: "completed", durationMs: 60_000 });
    expect((await engine.getExecution(handle.id)).parkedMs).toBe(60_000);
  });

  it("that is negative is 0", async () => {
    await using engine = await startWith({ nodes: [delaying(-5)] });
    const running = engine.run(flow("a", { a: { type: "delaying" } }));
    await engine.runUntilIdle();
    expect(await running).toMatchObject({ status: "completed", durationMs: 0 });
  });

  it("does not run the node's function again", async () => {
    const node = delaying(1_000);
    await using engine = await startWith({ nodes: [node] });
    const running = engine.run(flow("a", { a: { type: "delaying" } }));
    await engine.advance("1s");
    expect((await running).nodes["a"]).toMatchObject({
      status: "completed",
      attempts: 1,
      startedAt: START_AT,
      endedAt: START_AT + 1_000,
    });
    expect(node.calls).toHaveLength(1);
  });

  it("of two in parallel resumes each in its time", async () => {
    const node = scriptedNode({
      type: "delaying",
      script: [{ wait: (wait) => wait.delay(2_000) }, { wait: (wait) => wait.delay(1_000) }],
    });
    await using engine = await startWith({ nodes: [node] });
    const running = engine.run(flow("a b", { a: { type: "delaying" }, b: { type: "delaying" } }));
    await engine.advance("2s");
    const { nodes } = await running;
    expect([nodes["a"]?.endedAt, nodes["b"]?.endedAt]).toEqual([START_AT + 2_000, START_AT + 1_000]);
  });
});

describe("a signal", () => {
  const definition = flow("a>b", { a: { type: "signalling" }, b: { type: "pass" } });

  it("resumes the node with its payload", async () => {
    await using engine = await startWith({ nodes: [signalling()] });
    const handle = await engine.execute(definition);
    await engine.runUntilIdle();
    expect(await engine.explain(handle.id)).toContain('"go"');
    expect(await engine.signal(handle.id, "go", { yes: [1] })).toEqual({ duplicate: false });
    expect((await handle.result()).output).toEqual({ yes: [1] });
  });

  it("that comes early is kept", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 100 }] });
    await using engine = await startWith({ nodes: [signalling(), slow] });
    const handle = await engine.execute(flow("s>a", { s: { type: "slow" }, a: { type: "signalling" } }));
    await engine.signal(handle.id, "go", "early");
    await engine.advance(100);
    expect((await handle.result()).output).toBe("early");
  });

  it("of another name resumes nothing", async () => {
    await using engine = await startWith({ nodes: [signalling()] });
    const handle = await engine.execute(definition);
    await engine.signal(handle.id, "other", 1);
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await engine.signal(handle.id, "go", 2);
    expect((await handle.result()).output).toBe(2);
  });

  it("with the key of an earlier one is a no-op", async () => {
    await using engine = await startWith({ nodes: [signalling()] });
    const handle = await engine.execute(flow("a>b", { a: { type: "signalling" }, b: { type: "signalling" } }));
    await engine.runUntilIdle();
    expect(await engine.signal(handle.id, "go", 1, { key: "k" })).toEqual({ duplicate: false });
    await engine.runUntilIdle();
    expect(await engine.signal(handle.id, "go", 2, { key: "k" })).toEqual({ duplicate: true });
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await engine.signal(handle.id, "go", 3, { key: "k2" });
    expect((await handle.result()).output).toBe(3);
    expect(await engine.signal(handle.id, "go", 1, { key: "k" })).toEqual({ duplicate: true });
  });

  it("resumes the oldest wait of its name, one wait a signal", async () => {
    const first = scriptedNode({ type: "first", script: [{ output: 1, afterMs: 10 }] });
    await using engine = await startWith({ nodes: [signalling(), first] });
    const handle = await engine.execute(
      flow("f>late early", { f: { type: "first" }, late: { type: "signalling" }, early: { type: "signalling" } }),
    );
    await engine.advance(10);
    await engine.signal(handle.id, "go", "one");
    await engine.signal(handle.id, "go", "two");
    expect((await handle.result()).output).toEqual({ late: "two", early: "one" });
  });

  it("is refused for an unknown and for an ended execution", async () => {
    await using engine = await startWith({ nodes: [signalling()] });
    await expect(engine.signal("none", "go")).rejects.toMatchObject({ code: "execution_not_found" });
    const { id } = await engine.run(flow("a"));
    await expect(engine.signal(id, "go")).rejects.toMatchObject({ code: "execution_ended" });
  });

  it("is refused when the inbox is full", async () => {
    await using engine = await startWith({ nodes: [signalling()], limits: { maxInboxSignals: 2 } });
    const handle = await engine.execute(definition);
    await engine.signal(handle.id, "x");
    await engine.signal(handle.id, "x");
    await expect(engine.signal(handle.id, "x")).rejects.toMatchObject({ code: "inbox_full" });
  });

  it("that does not come in time leaves by timed_out, or fails the node when that port is not connected", async () => {
    await using engine = await startWith({ nodes: [signalling({ timeoutMs: 1_000 })] });
    const connected = engine.run(flow("a:timed_out>t a>b", { a: { type: "signalling" } }));
    const unconnected = engine.run(
      flow("a>b", { a: { type: "signalling", retry: { maxAttempts: 3, on: "any", delaysMs: [1] } } }),
    );
    await engine.advance("1m");
    expect(fates(await connected)).toEqual({ a: "completed", t: "completed", b: "skipped branch_not_taken" });
    expect(await unconnected).toMatchObject({
      status: "failed",
      durationMs: 1_000,
      error: { code: "wait_timed_out", attempt: 1 },
    });
  });

  it("that comes at the very instant of the timeout resumes exactly once", async () => {
    await using engine = await startWith({ nodes: [signalling({ timeoutMs: 1_000 })] });
    const handle = await engine.execute(flow("a:timed_out>t a>b", { a: { type: "signalling" } }));
    await engine.advance(999);
    await Promise.all([engine.advance(1), engine.signal(handle.id, "go", 1).catch(() => {})]);
    const resumed = (await engine.getJournal((await handle.result()).id)).filter(({ type }) => type === "node.resumed");
    expect(resumed).toHaveLength(1);
  });
});

describe("an approval", () => {
  const definition = flow("a:approved>y a:rejected>n a:timed_out>t", {
    a: { type: "approving" },
    y: { type: "pass" },
    n: { type: "pass" },
  });
  const taken = async (result: Promise<Parameters<typeof fates>[0]>) => {
    const nodes = fates(await result);
    return ["y", "n", "t"].filter((id) => nodes[id] === "completed");
  };

  it("approves at the quorum and gives who decided what", async () => {
    await using engine = await startWith({ nodes: [approving({ quorum: 2 })] });
    const handle = await engine.execute(definition);
    await engine.runUntilIdle();
    expect(await engine.decideApproval(handle.id, "a", { decision: "approve", by: "ann" })).toMatchObject({
      status: "pending",
    });
    expect(await engine.decideApproval(handle.id, "a", { decision: "approve", by: "ann" })).toMatchObject({
      status: "pending",
      decisions: [{ by: "ann" }],
    });
    expect(
      await engine.decideApproval(handle.id, "a", { decision: "approve", by: "bob", comment: "fine" }),
    ).toMatchObject({ status: "approved" });
    const result = await handle.result();
    expect(result.nodes["y"]?.output).toEqual({
      decision: "approved",
      by: "bob",
      comment: "fine",
      decisions: [
        { decision: "approve", by: "ann", comment: null, at: START_AT },
        { decision: "approve", by: "bob", comment: "fine", at: START_AT },
      ],
    });
    expect(await taken(handle.result())).toEqual(["y"]);
  });

  it("is rejected by the first rejection", async () => {
    await using engine = await startWith({ nodes: [approving({ quorum: 3 })] });
    const handle = await engine.execute(definition);
    await engine.runUntilIdle();
    await engine.decideApproval(handle.id, "a", { decision: "approve", by: "ann" });
    expect(await engine.decideApproval(handle.id, "a", { decision: "reject", by: "bob" })).toMatchObject({
      status: "rejected",
    });
    expect(await taken(handle.result())).toEqual(["n"]);
  });

  it("answers a later decision with the outcome", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 100 }] });
    await using engine = await startWith({ nodes: [approving(), slow] });
    const handle = await engine.execute(flow("a:approved>s", { a: { type: "approving" }, s: { type: "slow" } }));
    await engine.runUntilIdle();
    await engine.decideApproval(handle.id, "a", { decision: "approve", by: "ann" });
    expect(await engine.decideApproval(handle.id, "a", { decision: "reject", by: "bob" })).toMatchObject({
      status: "approved",
    });
    await engine.advance(100);
    expect((await handle.result()).status).toBe("completed");
  });

  it("passes its deadline by timed_out", async () => {
    await using engine = await startWith({ nodes: [approving({ deadlineMs: 5_000 })] });
    const handle = await engine.execute(definition);
    await engine.advance("5s");
    expect(await taken(handle.result())).toEqual(["t"]);
  });

  it("fails with wait_timed_out when that port is not connected", async () => {
    await using engine = await startWith({ nodes: [approving({ deadlineMs: 5_000 })] });
    const handle = await engine.execute(flow("a:approved>y", { a: { type: "approving" } }));
    await engine.advance("5s");
    expect((await handle.result()).error?.code).toBe("wait_timed_out");
  });

  it.each([
    ["left by that port", "a:timed_out>s"],
    ["failed, since nothing is connected to it", "a:error>s"],
  ])("answers a decision after its deadline with `timed_out`, where it %s", async (_, edges) => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 100 }] });
    await using engine = await startWith({ nodes: [approving({ deadlineMs: 20 }), slow] });
    const handle = await engine.execute(flow(edges, { a: { type: "approving" }, s: { type: "slow" } }));
    await engine.advance(20);
    const decide = () => engine.decideApproval(handle.id, "a", { decision: "approve", by: "ann" });
    expect(await decide()).toEqual({ status: "timed_out", decisions: [] });
    await engine.advance(100);
    expect((await handle.result()).status).toBe("completed");
    expect(await decide()).toEqual({ status: "timed_out", decisions: [] });
  });

  it("takes only decisions of its approvers", async () => {
    await using engine = await startWith({ nodes: [approving({ approvers: ["ann"] })] });
    const handle = await engine.execute(definition);
    await engine.runUntilIdle();
    await expect(engine.decideApproval(handle.id, "a", { decision: "approve", by: "eve" })).rejects.toMatchObject({
      code: "permission_denied",
    });
    await expect(engine.decideApproval(handle.id, "none", { decision: "approve", by: "ann" })).rejects.toMatchObject({
      code: "wait_not_found",
    });
    await expect(engine.decideApproval("none", "a", { decision: "approve", by: "ann" })).rejects.toMatchObject({
      code: "execution_not_found",
    });
    await engine.decideApproval(handle.id, "a", { decision: "approve", by: "ann" });
    expect(await taken(handle.result())).toEqual(["y"]);
  });
});

describe("resume of a node type", () => {
  it("turns the outcome into the output", async () => {
    const outcomes: WaitOutcome[] = [];
    const node = defineNode({
      type: "resuming",
      execute: (ctx) => ctx.wait.signal("go"),
      resume(ctx, outcome) {
        outcomes.push(outcome);
        return { got: outcome.kind === "signal" ? outcome.payload : null, attempt: ctx.attempt };
      },
    });
    await using engine = await startWith({ nodes: [node] });
    const handle = await engine.execute(flow("a", { a: { type: "resuming" } }));
    await engine.runUntilIdle();
    await engine.signal(handle.id, "go", 7);
    expect((await handle.result()).output).toEqual({ got: 7, attempt: 1 });
    expect(outcomes).toEqual([{ kind: "signal", payload: 7 }]);
  });

  it("may return another wait", async () => {
    let resumes = 0;
    const node = defineNode({
      type: "resuming",
      execute: (ctx) => ctx.wait.delay(1_000),
      resume: (ctx: NodeContext) => (++resumes < 3 ? ctx.wait.delay(1_000) : resumes),
    });
    await using engine = await startWith({ nodes: [node] });
    const running = engine.run(flow("a", { a: { type: "resuming" } }));
    await engine.advance("3s");
    expect(await running).toMatchObject({ output: 3, durationMs: 3_000 });
  });

  it("that throws fails the node", async () => {
    const node = defineNode({
      type: "resuming",
      execute: (ctx) => ctx.wait.delay(1),
      resume() {
        throw new Error("no");
      },
    });
    await using engine = await startWith({ nodes: [node] });
    const running = engine.run(flow("a", { a: { type: "resuming" } }));
    await engine.advance(1);
    expect(await running).toMatchObject({ status: "failed", error: { message: "no", nodeId: "a" } });
  });
});
