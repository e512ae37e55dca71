import { describe, expect, it } from "vitest";
import { RetryableNodeError } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow, run } from "./support/workflow.js";

const hang = () => scriptedNode({ type: "hang", script: [{ hang: true }] });

describe("attemptTimeoutMs", () => {
  it("aborts the attempt through its signal and is transient", async () => {
    const node = scriptedNode({ type: "hang", script: [{ hang: true }, { output: "second" }] });
    const result = await run(flow("a", { a: { type: "hang", attemptTimeoutMs: 1_000 } }), {
      nodes: [node],
      advance: "6s",
    });
    expect(result).toMatchObject({ status: "completed", output: "second", durationMs: 6_000 });
    expect(node.calls[0]?.signal.reason).toMatchObject({ code: "attempt_timed_out" });
    expect(node.calls[1]?.signal.aborted).toBe(false);
  });

  it("fails the node when no attempt is left", async () => {
    const result = await run(
      flow("a", { a: { type: "hang", attemptTimeoutMs: 1_000, retry: { maxAttempts: 2, delaysMs: [500] } } }),
      { nodes: [hang()], advance: "1m" },
    );
    expect(result).toMatchObject({
      status: "failed",
      durationMs: 2_500,
      error: { code: "attempt_timed_out", attempt: 2 },
    });
  });

  it("drops a late result of the abandoned attempt", async () => {
    const deaf = scriptedNode({
      type: "deaf",
      script: [
        (ctx) => new Promise((resolve) => void ctx.clock.setTimer(ctx.clock.now() + 1_500, () => resolve("late"))),
        { output: "second" },
      ],
    });
    const result = await run(
      flow("a", { a: { type: "deaf", attemptTimeoutMs: 1_000, retry: { delaysMs: [2_000] } } }),
      { nodes: [deaf], advance: "10s" },
    );
    expect(result).toMatchObject({ output: "second", durationMs: 3_000 });
  });
});

describe("timeoutMs of a node", () => {
  it("limits all attempts and delays together and is not retried", async () => {
    const node = scriptedNode({ type: "flaky", script: [{ error: new RetryableNodeError("busy"), afterMs: 100 }] });
    const result = await run(
      flow("a", { a: { type: "flaky", timeoutMs: 1_000, retry: { delaysMs: [300], maxAttempts: 99 } } }),
      { nodes: [node], advance: "1m" },
    );
    expect(result).toMatchObject({
      status: "failed",
      durationMs: 1_000,
      error: { code: "node_timed_out", nodeId: "a" },
    });
    expect(node.calls).toHaveLength(3);
  });

  it("aborts the running attempt", async () => {
    const node = hang();
    const result = await run(flow("a", { a: { type: "hang", timeoutMs: 700 } }), { nodes: [node], advance: "1m" });
    expect(result).toMatchObject({ durationMs: 700, error: { code: "node_timed_out" } });
    expect(node.calls[0]?.signal.aborted).toBe(true);
  });

  it("counts no attempt that did not take place when it ends a retry delay", async () => {
    const flaky = scriptedNode({ type: "flaky", script: [{ error: new RetryableNodeError("busy") }] });
    await using engine = await testEngine({ nodes: [flaky] });
    const handle = await engine.execute(
      flow("a", { a: { type: "flaky", timeoutMs: 60, retry: { delaysMs: [1_000] } } }),
    );
    await engine.advance(60);
    const { nodes, error } = await handle.result();
    expect(error).toMatchObject({ code: "node_timed_out", attempt: 1 });
    expect(nodes["a"]).toMatchObject({ status: "failed", attempts: 1 });
    const journal = await engine.getJournal(handle.id);
    expect(journal.filter(({ type }) => type === "node.attempt_failed").map(({ attempt }) => attempt)).toEqual([1]);
  });

  it("ends a wait too, and the error port may take it", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.signal("go") }] });
    const result = await run(flow("a:error>r", { a: { type: "waiting", timeoutMs: 700 }, r: { type: "pass" } }), {
      nodes: [waiting],
      advance: "1m",
    });
    expect(result).toMatchObject({ status: "completed", output: { error: { code: "node_timed_out" } } });
  });
});

describe("settings.timeoutMs", () => {
  it("fails the execution and aborts what runs", async () => {
    const node = hang();
    const result = await run(flow("a>b", { a: { type: "hang" } }, { timeoutMs: 2_000 }), {
      nodes: [node],
      advance: "1m",
    });
    expect(result).toMatchObject({ status: "failed", durationMs: 2_000, error: { code: "execution_timed_out" } });
    expect(fates(result)).toEqual({ a: "cancelled", b: "skipped cancelled" });
    expect(node.calls[0]?.signal.aborted).toBe(true);
  });

  it("does not count the time in which everything waits", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.delay(3 * 86_400_000) }] });
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 1_500 }] });
    const result = await run(flow("a>b", { a: { type: "waiting" }, b: { type: "slow" } }, { timeoutMs: 2_000 }), {
      nodes: [waiting, slow],
      advance: "4d",
    });
    expect(result).toMatchObject({ status: "completed", durationMs: 3 * 86_400_000 + 1_500 });
  });

  it("goes on counting after the wait with what is left", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 1_500 }] });
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.delay(10_000) }] });
    const result = await run(
      flow("a>b b>c", { a: { type: "slow" }, b: { type: "waiting" }, c: { type: "slow" } }, { timeoutMs: 2_000 }),
      { nodes: [waiting, slow], advance: "1m" },
    );
    expect(result).toMatchObject({ status: "failed", durationMs: 12_000, error: { code: "execution_timed_out" } });
  });

  it("counts retry delays", async () => {
    const flaky = scriptedNode({ type: "flaky", script: [{ error: new RetryableNodeError("busy") }] });
    const result = await run(flow("a", { a: { type: "flaky" } }, { timeoutMs: 2_000 }), {
      nodes: [flaky],
      advance: "1m",
    });
    expect(result).toMatchObject({ durationMs: 2_000, error: { code: "execution_timed_out" } });
  });

  it("counts while anything runs beside a wait", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.delay(10_000) }] });
    const result = await run(flow("a b", { a: { type: "waiting" }, b: { type: "hang" } }, { timeoutMs: 2_000 }), {
      nodes: [waiting, hang()],
      advance: "1m",
    });
    expect(result).toMatchObject({ durationMs: 2_000, error: { code: "execution_timed_out" } });
  });

  it("drops results that come later", async () => {
    const deaf = scriptedNode({
      type: "deaf",
      script: [
        (ctx) => new Promise((resolve) => void ctx.clock.setTimer(ctx.clock.now() + 3_000, () => resolve("late"))),
      ],
    });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, deaf] });
    const running = engine.run(flow("a", { a: { type: "deaf" } }, { timeoutMs: 2_000 }));
    await engine.advance("10s");
    const result = await running;
    expect(result).toMatchObject({ status: "failed", output: null });
    expect(fates(result)).toEqual({ a: "cancelled" });
  });
});
