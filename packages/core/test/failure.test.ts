import { describe, expect, it } from "vitest";
import { RetryableNodeError } from "../src/index.js";
import { scriptedNode } from "../src/testing/index.js";
import { fates, flow, run } from "./support/workflow.js";

const slow = () => scriptedNode({ type: "slow", script: [{ output: "done", afterMs: 100 }] });
const hang = () => scriptedNode({ type: "hang", script: [{ hang: true }] });
const abort = { onFailure: "abort" } as const;

describe("an unhandled failure", () => {
  it("fails the execution with the error, its node and its attempt", async () => {
    const result = await run(flow("a>b", { a: { type: "fail" } }));
    expect(result).toMatchObject({
      status: "failed",
      output: null,
      error: { code: "fatal", message: "a fails", nodeId: "a", attempt: 1 },
    });
    expect(fates(result)).toEqual({ a: "failed", b: "skipped upstream_failed" });
  });

  it("lets what runs finish and starts nothing new when it drains", async () => {
    const node = slow();
    const result = await run(flow("f a>b b>c", { f: { type: "fail" }, a: { type: "slow" } }), {
      nodes: [node],
      advance: 100,
    });
    expect(fates(result)).toEqual({ f: "failed", a: "completed", b: "skipped cancelled", c: "skipped cancelled" });
    expect(result.durationMs).toBe(100);
  });

  it("aborts what runs with onFailure abort", async () => {
    const node = hang();
    const result = await run(flow("f a>b", { f: { type: "fail" }, a: { type: "hang" } }, abort), {
      nodes: [node],
      advance: 1,
    });
    expect(fates(result)).toEqual({ f: "failed", a: "cancelled", b: "skipped cancelled" });
    expect(node.calls[0]?.signal.aborted).toBe(true);
  });

  it("is the first one; the others are in nodes", async () => {
    const later = scriptedNode({ type: "later", script: [{ error: new Error("second"), afterMs: 10 }] });
    const result = await run(flow("f g>h", { f: { type: "fail" }, g: { type: "later" } }), {
      nodes: [later],
      advance: 10,
    });
    expect(result.error).toMatchObject({ nodeId: "f" });
    expect(result.nodes["g"]).toMatchObject({ status: "failed", error: { message: "second" } });
    expect(fates(result)["h"]).toBe("skipped upstream_failed");
  });

  it("gives up nodes that wait for a retry", async () => {
    const flaky = scriptedNode({ type: "flaky", script: [{ error: new RetryableNodeError("busy") }] });
    const later = scriptedNode({ type: "later", script: [{ error: new Error("later"), afterMs: 10 }] });
    const result = await run(
      flow("a f", { a: { type: "flaky", retry: { delaysMs: [1_000] } }, f: { type: "later" } }),
      { nodes: [flaky, later], advance: 10 },
    );
    expect(fates(result)).toEqual({ a: "failed", f: "failed" });
    expect(flaky.calls).toHaveLength(1);
    expect(result.durationMs).toBe(10);
  });

  it("starts no retry of a node that fails while it drains", async () => {
    const flaky = scriptedNode({ type: "flaky", script: [{ error: new RetryableNodeError("busy"), afterMs: 5 }] });
    const result = await run(flow("a f", { a: { type: "flaky", retry: { delaysMs: [1_000] } }, f: { type: "fail" } }), {
      nodes: [flaky],
      advance: 5,
    });
    expect(result.status).toBe("failed");
    expect(flaky.calls).toHaveLength(1);
  });

  it("cancels parked waits", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.signal("go") }] });
    const later = scriptedNode({ type: "later", script: [{ error: new Error("later"), afterMs: 10 }] });
    const result = await run(flow("w>x f", { w: { type: "waiting" }, f: { type: "later" } }), {
      nodes: [waiting, later],
      advance: 10,
    });
    expect(fates(result)).toEqual({ w: "cancelled", x: "skipped cancelled", f: "failed" });
  });

  it("marks a node reachable from it upstream_failed, the others cancelled", async () => {
    const node = slow();
    const result = await run(flow("f>x a>y y>z x>z", { f: { type: "fail" }, a: { type: "slow" } }), {
      nodes: [node],
      advance: 100,
    });
    expect(fates(result)).toMatchObject({
      x: "skipped upstream_failed",
      z: "skipped upstream_failed",
      y: "skipped cancelled",
    });
  });
});

describe("nodes with join always", () => {
  it("run after a failure, with the live inputs, and their successors only if they are always too", async () => {
    const result = await run(
      flow("f>c a>c c>d c>e", { f: { type: "fail" }, c: { type: "pass", join: "always" }, d: { join: "always" } }),
    );
    expect(fates(result)).toEqual({
      f: "failed",
      a: "completed",
      c: "completed",
      d: "completed",
      e: expect.stringMatching(/^skipped/),
    });
    expect(result.nodes["c"]?.output).toEqual({ a: true });
    expect(result.status).toBe("failed");
  });

  it("run after success too", async () => {
    expect(fates(await run(flow("a>c", { c: { join: "always" } })))).toEqual({ a: "completed", c: "completed" });
  });

  it("run after what still runs has finished", async () => {
    const node = slow();
    const cleanup = scriptedNode({ type: "cleanup" });
    const start = Date.UTC(2025, 0, 1);
    await run(flow("f>c s", { f: { type: "fail" }, s: { type: "slow" }, c: { type: "cleanup", join: "always" } }), {
      nodes: [node, cleanup],
      advance: 100,
    });
    expect(cleanup.calls[0]?.at).toBe(start + 100);
  });

  it("have cleanupTimeoutMs together", async () => {
    const node = hang();
    const result = await run(
      flow("f>c", { f: { type: "fail" }, c: { type: "hang", join: "always" } }, { cleanupTimeoutMs: 500 }),
      { nodes: [node], advance: 500 },
    );
    expect(result).toMatchObject({ status: "failed", error: { nodeId: "f" }, durationMs: 500 });
    expect(fates(result)["c"]).toBe("cancelled");
    expect(node.calls[0]?.signal.aborted).toBe(true);
  });

  it("have 60 s by default", async () => {
    const result = await run(flow("f>c", { f: { type: "fail" }, c: { type: "hang", join: "always" } }), {
      nodes: [hang()],
      advance: "60s",
    });
    expect(result.durationMs).toBe(60_000);
  });

  it("do not run after the execution's timeout", async () => {
    const result = await run(flow("h>c", { h: { type: "hang" }, c: { join: "always" } }, { timeoutMs: 50 }), {
      nodes: [hang()],
      advance: 50,
    });
    expect(fates(result)).toEqual({ h: "cancelled", c: "skipped cancelled" });
  });
});

describe("a handled failure", () => {
  it("goes through the error port, which alone is live, and does not fail the execution", async () => {
    const definition = flow("a>f f:error>r f>n", { f: { type: "fail" }, r: { type: "pass" } });
    const result = await run(definition);
    expect(result.status).toBe("completed");
    expect(fates(result)).toEqual({
      a: "completed",
      f: "failed error_port",
      r: "completed",
      n: "skipped branch_not_taken",
    });
    expect(result.nodes["r"]?.output).toEqual({
      error: { code: "fatal", message: "f fails", nodeId: "f", attempt: 1 },
      input: { a: true },
    });
  });

  it("carries details on the error port", async () => {
    const detailed = scriptedNode({
      type: "detailed",
      script: [{ error: new RetryableNodeError("busy", { details: { status: 503 } }) }],
    });
    const result = await run(
      flow("f:error>r", { f: { type: "detailed", retry: { maxAttempts: 1 } }, r: { type: "pass" } }),
      { nodes: [detailed] },
    );
    expect(result.output).toMatchObject({ error: { details: { status: 503 }, attempt: 1 } });
  });

  it("continues with null, or with the output given", async () => {
    const result = await run(
      flow("f>r g>s", {
        f: { type: "fail", onError: "continue" },
        r: { type: "pass" },
        g: { type: "fail", onError: { action: "continue", output: { x: 1 } } },
        s: { type: "pass" },
      }),
    );
    expect(fates(result)).toEqual({ f: "failed continue", r: "completed", g: "failed continue", s: "completed" });
    expect([result.nodes["r"]?.output, result.nodes["s"]?.output]).toEqual([null, { x: 1 }]);
  });

  it("prefers the error port to onError", async () => {
    expect(fates(await run(flow("f:error>r f>s", { f: { type: "fail", onError: "continue" } })))).toEqual({
      f: "failed error_port",
      r: "completed",
      s: "skipped branch_not_taken",
    });
  });
});
