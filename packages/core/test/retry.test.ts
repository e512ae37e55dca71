import { describe, expect, it } from "vitest";
import { AutomatrixError, FatalNodeError, RetryableNodeError, type RetryDefinition } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow, run } from "./support/workflow.js";

const START_AT = Date.UTC(2025, 0, 1);

/** Milliseconds from the start at which each attempt began. */
async function startsOf(
  error: unknown,
  retry: RetryDefinition | undefined,
  options: { readonly seed?: number; readonly random?: { next(): number } } = {},
): Promise<readonly number[]> {
  const node = scriptedNode({ type: "failing", script: [{ error }] });
  await run(flow("a", { a: { type: "failing", ...(retry === undefined ? {} : { retry }) } }), {
    nodes: [node],
    advance: "10d",
    ...options,
  });
  return node.calls.map(({ at }) => at - START_AT);
}

const transient = new RetryableNodeError("busy");
const other = new Error("other");

describe("delays", () => {
  it("are 5 s, 30 s and 120 s by default, four attempts in all", async () => {
    expect(await startsOf(transient, undefined)).toEqual([0, 5_000, 35_000, 155_000]);
  });

  it("are exact, and without maxAttempts there is one attempt more than delays", async () => {
    expect(await startsOf(transient, { delaysMs: [7, 11] })).toEqual([0, 7, 18]);
  });

  it("repeat the last one", async () => {
    expect(await startsOf(transient, { delaysMs: [10, 20], maxAttempts: 5 })).toEqual([0, 10, 30, 50, 70]);
  });

  it("grow by the factor up to maxMs", async () => {
    expect(
      await startsOf(transient, { initialMs: 100, factor: 3, maxMs: 500, maxAttempts: 5, jitter: "none" }),
    ).toEqual([0, 100, 400, 900, 1_400]);
  });

  it("double by default", async () => {
    expect(await startsOf(transient, { initialMs: 100, maxAttempts: 4, jitter: "none" })).toEqual([0, 100, 300, 700]);
  });

  it("have full jitter when they grow", async () => {
    expect(await startsOf(transient, { initialMs: 1_000, maxAttempts: 3 }, { random: { next: () => 0.25 } })).toEqual([
      0, 250, 750,
    ]);
  });

  it("have jitter on request when they are exact", async () => {
    expect(await startsOf(transient, { delaysMs: [1_000], jitter: "full" }, { random: { next: () => 0.5 } })).toEqual([
      0, 500,
    ]);
  });

  it("of 0 retry at once", async () => {
    expect(await startsOf(transient, { delaysMs: [0, 0] })).toEqual([0, 0, 0]);
  });

  it("give way to a longer Retry-After, up to an hour", async () => {
    const after = (retryAfterMs: number) =>
      startsOf(new RetryableNodeError("busy", { retryAfterMs }), { delaysMs: [1_000] });
    expect(await after(60_000)).toEqual([0, 60_000]);
    expect(await after(10)).toEqual([0, 1_000]);
    expect(await after(7_200_000)).toEqual([0, 3_600_000]);
  });
});

describe("what is retried", () => {
  const transients: [string, unknown][] = [
    ["a RetryableNodeError", transient],
    ...["ECONNRESET", "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT"].map((code): [string, unknown] => [
      code,
      Object.assign(new Error(code), { code }),
    ]),
    [
      "a lost connection as the cause",
      new TypeError("fetch failed", { cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }) }),
    ],
    ...[408, 425, 429, 500, 502, 503, 504].map((status): [string, unknown] => [
      `HTTP ${status}`,
      Object.assign(new Error(`HTTP ${status}`), { status }),
    ]),
  ];
  it.each(transients)("by default: %s", async (_name, error) => {
    expect(await startsOf(error, undefined)).toHaveLength(4);
  });

  it.each<[string, unknown]>([
    ["an ordinary error", other],
    ["HTTP 404", Object.assign(new Error("404"), { status: 404 })],
    ["HTTP 400", Object.assign(new Error("400"), { status: 400 })],
    ["a thrown text", "text"],
    ["undefined", undefined],
    ["an AutomatrixError of its own code", new AutomatrixError("my_code", "mine")],
  ])("not by default, but under an explicit retry: %s", async (_name, error) => {
    expect(await startsOf(error, undefined)).toHaveLength(1);
    expect(await startsOf(error, { delaysMs: [1] })).toHaveLength(2);
    expect(await startsOf(error, { delaysMs: [1], on: "transient" })).toHaveLength(1);
    expect(await startsOf(error, { delaysMs: [1], on: "any" })).toHaveLength(2);
  });

  it("never: a FatalNodeError", async () => {
    expect(await startsOf(new FatalNodeError("no"), { delaysMs: [1], on: "any" })).toHaveLength(1);
  });

  it("never: an expression that cannot be resolved", async () => {
    const result = await run(
      flow("a", {
        a: { type: "value", data: { value: "{{ nothing_of_this_name }}" }, retry: { delaysMs: [1], on: "any" } },
      }),
      { advance: 10 },
    );
    expect(result.error).toMatchObject({ code: "unresolved_name", attempt: 1 });
  });
});

describe("a retry", () => {
  it("keeps the idempotency key, counts the attempt and has a new attempt id", async () => {
    const node = scriptedNode({ type: "flaky", script: [{ error: transient }, { error: transient }, { output: 1 }] });
    const result = await run(flow("a", { a: { type: "flaky" } }), { nodes: [node], advance: "1m" });
    expect(node.calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(new Set(node.calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(new Set(node.calls.map(({ attemptId }) => attemptId)).size).toBe(3);
    expect(result.nodes["a"]).toMatchObject({
      status: "completed",
      attempts: 3,
      startedAt: START_AT,
      endedAt: START_AT + 35_000,
    });
    expect(result.nodes["a"]?.error).toBeUndefined();
  });

  it("is durable while it waits: the node is waiting, the execution running, the next attempt's time recorded", async () => {
    await using engine = await testEngine({
      nodes: [scriptedNode({ type: "flaky", script: [{ error: transient }, { output: 1 }] })],
    });
    const handle = await engine.execute(flow("a", { a: { type: "flaky" } }));
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("running");
    expect(await engine.getNodeExecutions(handle.id)).toMatchObject([
      { path: "a", status: "waiting", attempts: 1, nextAttemptAt: START_AT + 5_000, error: { code: "retryable" } },
    ]);
    expect(await engine.explain(handle.id)).toContain("attempt 2");
    await engine.advance("5s");
    expect((await handle.result()).status).toBe("completed");
  });

  it("holds no slot while it waits", async () => {
    const flaky = scriptedNode({ type: "flaky", script: [{ error: transient }, { output: 1 }] });
    const quick = scriptedNode({ type: "quick" });
    await using engine = await testEngine({ nodes: [flaky, quick], concurrency: { nodes: 1 } });
    const handle = await engine.execute(
      flow("a b", { a: { type: "flaky" }, b: { type: "quick" } }, { maxConcurrency: 1 }),
    );
    await engine.runUntilIdle();
    expect(quick.calls).toHaveLength(1);
    await engine.advance("5s");
    expect((await handle.result()).status).toBe("completed");
  });

  it("is told in the journal", async () => {
    await using engine = await testEngine({
      nodes: [...BASIC_NODES, scriptedNode({ type: "flaky", script: [{ error: transient }, { output: 1 }] })],
    });
    const handle = await engine.execute(flow("a", { a: { type: "flaky" } }));
    await engine.advance("5s");
    const events = (await engine.getJournal(handle.id))
      .filter(({ nodeId }) => nodeId === "a")
      .map(({ type, attempt }) => `${type} ${attempt}`);
    expect(events).toEqual([
      "node.started 1",
      "node.attempt_failed 1",
      "node.retry_scheduled 1",
      "node.started 2",
      "node.completed 2",
    ]);
  });
});
