import { describe, expect, it } from "vitest";
import {
  defineNode,
  FatalNodeError,
  type NodeContext,
  type NodeType,
  RetryableNodeError,
  type VerifyAnswer,
  z,
} from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import {
  faultyStorage,
  type ScriptedNodeOptions,
  scriptedNode,
  type TestEngine,
  testEngine,
} from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

/** A once node of type `pay`. */
const pay = (script: ScriptedNodeOptions["script"], options: Omit<ScriptedNodeOptions, "script" | "type"> = {}) =>
  scriptedNode({ ...options, type: "pay", effects: "once", script: script ?? [] });

/** Fails after the call went out. */
const broken = { error: new Error("connection reset by peer") };

/** Answers one after the other, and counts how often it was asked. */
function verifier(...answers: readonly (VerifyAnswer | Error | "hang")[]) {
  const asked: { readonly attempt: number; readonly key: string }[] = [];
  const verify = (ctx: NodeContext): VerifyAnswer | Promise<VerifyAnswer> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push({ attempt: ctx.attempt, key: ctx.idempotencyKey });
    if (answer === "hang") return new Promise(() => {});
    if (answer instanceof Error) throw answer;
    return answer as VerifyAnswer;
  };
  return { verify, asked };
}

async function engineWith(...nodes: readonly NodeType[]): Promise<TestEngine> {
  return testEngine({ nodes: [...BASIC_NODES, ...nodes] });
}

const typesOf = async (engine: TestEngine, id: string, nodeId?: string) =>
  (await engine.getJournal(id))
    .filter((event) => nodeId === undefined || event.nodeId === nodeId)
    .map(({ type }) => type);

describe("a once node", () => {
  it("has its intent and everything finished before it durable when its function is called, in every mode", async () => {
    for (const durability of ["barrier", "strict", "outcome"] as const) {
      const storage = memoryStorage();
      let seen: unknown;
      const node = pay([
        async (ctx) => {
          seen = (await storage.listNodes(ctx.execution.id)).map(({ path, status, attempts }) => [
            path,
            status,
            attempts,
          ]);
          return 1;
        },
      ]);
      await using engine = await testEngine({ nodes: [...BASIC_NODES, node], storage, durability });
      const result = await engine.run(flow("a>p", { p: { type: "pay" } }));
      expect(result.status).toBe("completed");
      expect(seen).toEqual([
        ["a", "completed", 1],
        ["p", "running", 1],
      ]);
    }
  });

  it("ten in a row cost at most eleven commits", async () => {
    const storage = faultyStorage(memoryStorage());
    await using engine = await testEngine({ nodes: [pay([{ output: 1 }])], storage });
    const ids = Array.from({ length: 10 }, (_, index) => `n${index}`);
    const chain = ids.slice(1).map((id, index) => `${ids[index]}>${id}`);
    const nodes = Object.fromEntries(ids.map((id) => [id, { type: "pay" }]));
    expect((await engine.run(flow(chain.join(" "), nodes))).status).toBe("completed");
    expect(storage.commitCount).toBeLessThanOrEqual(11);
  });

  it("that vouches with RetryableNodeError that nothing happened is simply retried", async () => {
    const { verify, asked } = verifier({ unknown: true });
    const node = pay([{ error: new RetryableNodeError("busy") }, { output: "paid" }], { verify });
    await using engine = await engineWith(node);
    const running = engine.run(flow("p", { p: { type: "pay" } }));
    await engine.advance("5s");
    expect(await running).toMatchObject({ status: "completed", output: "paid", nodes: { p: { attempts: 2 } } });
    expect(asked).toEqual([]);
  });

  it("whose parameters cannot be resolved fails as any other, and leaves no intent", async () => {
    const storage = faultyStorage(memoryStorage());
    const node = pay([{ output: 1 }]);
    await using engine = await testEngine({ nodes: [node], storage });
    const result = await engine.run(flow("p", { p: { type: "pay", data: { amount: "{{ nowhere }}" } } }));
    expect(result).toMatchObject({ status: "failed", error: { code: "unresolved_name" } });
    const statuses = storage.batches.flat().flatMap(({ nodes = [] }) => nodes.map(({ status }) => status));
    expect(statuses).toEqual(["failed"]);
  });

  it("whose result cannot be used fails with that, since its outcome is known", async () => {
    const { verify, asked } = verifier({ notDone: true });
    const node = pay([{ output: () => 1 }], { verify });
    await using engine = await engineWith(node);
    const result = await engine.run(flow("p", { p: { type: "pay", retry: { maxAttempts: 3, delaysMs: [0] } } }));
    expect(result).toMatchObject({ status: "failed", error: { code: "output_not_serializable" } });
    expect([node.calls.length, asked.length]).toEqual([1, 0]);
  });

  it("that is mocked writes no intent", async () => {
    const storage = faultyStorage(memoryStorage());
    await using engine = await testEngine({ nodes: [pay([{ output: 1 }])], storage });
    await engine.run(flow("p", { p: { type: "pay" } }), { mocks: { p: { output: "mocked" } } });
    expect(storage.batches.flat().flatMap(({ nodes = [] }) => nodes.map(({ status }) => status))).toEqual([
      "completed",
    ]);
  });

  it("whose effects come from its parameters is treated so only when they say so", async () => {
    const node = defineNode({
      type: "send",
      effects: (parameters: { readonly live?: boolean }) => (parameters.live === true ? "once" : "idempotent"),
      parameters: z.object({ live: z.boolean() }),
      execute: () => {
        throw new Error("broken");
      },
    });
    await using engine = await engineWith(node);
    const dry = await engine.run(flow("s", { s: { type: "send", data: { live: false } } }));
    expect(dry.error?.code).toBe("node_failed");
    const live = await engine.execute(flow("s", { s: { type: "send", data: { live: true } } }));
    await engine.runUntilIdle();
    expect(await engine.getExecution(live.id)).toMatchObject({
      status: "waiting",
      blocked: { code: "unknown_outcome" },
    });
  });
});

describe("an attempt of a once node without a result", () => {
  it("is verified: done completes the node with the output that verify gives, copied and frozen", async () => {
    const { verify, asked } = verifier({ done: true, output: { receipt: 7, at: new Date(0) } });
    const node = pay([broken], { verify });
    await using engine = await engineWith(node);
    const result = await engine.run(flow("p>b", { p: { type: "pay" }, b: { type: "pass" } }));
    expect(result).toMatchObject({
      status: "completed",
      output: { receipt: 7, at: "1970-01-01T00:00:00.000Z" },
      nodes: { p: { status: "completed", attempts: 1 } },
    });
    expect(node.calls).toHaveLength(1);
    expect(asked).toEqual([{ attempt: 1, key: node.calls[0]?.idempotencyKey }]);
  });

  it("is verified: an output of verify that breaks the schema fails the node", async () => {
    const { verify } = verifier({ done: true, output: "text" });
    const node = pay([broken], { verify, output: z.object({ receipt: z.number() }) });
    await using engine = await engineWith(node);
    const result = await engine.run(flow("p", { p: { type: "pay" } }));
    expect(result).toMatchObject({ status: "failed", error: { code: "output_invalid" } });
    expect(node.calls).toHaveLength(1);
  });

  it("is verified: notDone counts as a failure that may pass, and is retried under the policy", async () => {
    const { verify } = verifier({ notDone: true });
    const node = pay([broken, { output: "paid" }], { verify });
    await using engine = await engineWith(node);
    const handle = await engine.execute(flow("p", { p: { type: "pay" } }));
    await engine.advance(4_999);
    expect(node.calls).toHaveLength(1);
    await engine.advance(1);
    expect(await handle.result()).toMatchObject({ status: "completed", output: "paid", nodes: { p: { attempts: 2 } } });
    expect(await typesOf(engine, handle.id, "p")).toEqual([
      "node.started",
      "node.attempt_failed",
      "node.retry_scheduled",
      "node.started",
      "node.completed",
    ]);
  });

  it("is verified: notDone after the last attempt fails the node with its own error", async () => {
    const { verify } = verifier({ notDone: true });
    const node = pay([broken], { verify });
    await using engine = await engineWith(node);
    const result = await engine.run(flow("p", { p: { type: "pay", retry: { maxAttempts: 1 } } }));
    expect(result).toMatchObject({
      status: "failed",
      error: { code: "node_failed", message: "connection reset by peer" },
    });
  });

  it("is verified: notDone after an error that no retry mends fails the node", async () => {
    const { verify } = verifier({ notDone: true });
    const node = pay([{ error: new FatalNodeError("card refused") }], { verify });
    await using engine = await engineWith(node);
    const result = await engine.run(flow("p", { p: { type: "pay" } }));
    expect(result).toMatchObject({ status: "failed", error: { code: "fatal" } });
    expect(node.calls).toHaveLength(1);
  });

  it("is verified too when its attempt or the node timed out; a late result no longer counts", async () => {
    for (const limits of [{ attemptTimeoutMs: 1_000 }, { timeoutMs: 1_000 }]) {
      const { verify, asked } = verifier({ done: true, output: "verified" });
      const node = pay([{ output: "late", afterMs: 2_000 }], { verify });
      await using engine = await engineWith(node);
      const running = engine.run(flow("p", { p: { type: "pay", ...limits } }));
      await engine.advance("10s");
      expect(await running).toMatchObject({ status: "completed", output: "verified" });
      expect(asked).toHaveLength(1);
    }
  });

  it("is not tried again when the node's time is up, though nothing was done", async () => {
    const { verify } = verifier({ notDone: true });
    const node = pay([{ hang: true }], { verify });
    await using engine = await engineWith(node);
    const running = engine.run(flow("p", { p: { type: "pay", timeoutMs: 1_000 } }));
    await engine.advance("1m");
    expect(await running).toMatchObject({ status: "failed", error: { code: "node_timed_out" } });
    expect(node.calls).toHaveLength(1);
  });

  it("parks the node when verify cannot tell, throws, answers nonsense, takes too long, or there is none", async () => {
    const answers = [
      verifier({ unknown: true }),
      verifier(new Error("verify is down")),
      verifier(new RetryableNodeError("verify is busy")),
      verifier("nonsense" as never),
      verifier("hang"),
      undefined,
    ];
    for (const answer of answers) {
      const node = pay([broken], answer === undefined ? {} : { verify: answer.verify });
      await using engine = await engineWith(node);
      const handle = await engine.execute(flow("p>b", { p: { type: "pay" } }));
      await engine.advance("30s");
      expect(await engine.getExecution(handle.id)).toMatchObject({
        status: "waiting",
        blocked: { code: "unknown_outcome", nodeId: "p", message: expect.stringContaining("connection reset by peer") },
      });
      expect(await engine.getNodeExecutions(handle.id)).toMatchObject([
        { path: "p", status: "waiting", attempts: 1, error: { code: "unknown_outcome" } },
      ]);
      expect(await engine.storage.listWaits(handle.id)).toMatchObject([{ nodePath: "p", kind: "unknown_outcome" }]);
      expect(await typesOf(engine, handle.id)).toContain("execution.blocked");
      expect(node.calls).toHaveLength(1);
    }
  });

  it("gives verify as long as the attempt itself may take", async () => {
    const node = pay([broken], { verify: verifier("hang").verify });
    await using engine = await engineWith(node);
    const handle = await engine.execute(flow("p", { p: { type: "pay", attemptTimeoutMs: 2_000 } }));
    await engine.advance(1_999);
    expect((await engine.getExecution(handle.id)).status).toBe("running");
    await engine.advance(1);
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
  });

  it("fails the node with unknown_outcome when its type says so, never retried, and an error port takes it", async () => {
    const node = pay([broken], { onUnknown: "fail" });
    await using engine = await engineWith(node);
    const failed = await engine.run(flow("p", { p: { type: "pay", retry: { maxAttempts: 3, delaysMs: [0] } } }));
    expect(failed).toMatchObject({
      status: "failed",
      error: { code: "unknown_outcome", cause: { message: "connection reset by peer" } },
    });
    expect(node.calls).toHaveLength(1);
    const handled = await engine.run(flow("p:error>b", { p: { type: "pay" }, b: { type: "pass" } }));
    expect(handled).toMatchObject({ status: "completed", output: { error: { code: "unknown_outcome" } } });
  });

  it("blocks the execution only once nothing else moves", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 60_000 }] });
    await using engine = await engineWith(pay([broken]), slow);
    const handle = await engine.execute(flow("p s", { p: { type: "pay" }, s: { type: "slow" } }));
    await engine.advance("30s");
    expect(await engine.getExecution(handle.id)).toMatchObject({ status: "running", blocked: null });
    await engine.advance("30s");
    expect(await engine.getExecution(handle.id)).toMatchObject({ status: "waiting", blocked: { nodeId: "p" } });
  });

  it("is failed with unknown_outcome where another failure ends the scope, before or after it parked", async () => {
    for (const failsAfterMs of [10, 60_000]) {
      const failing = scriptedNode({
        type: "failing",
        script: [{ error: new FatalNodeError("other"), afterMs: failsAfterMs }],
      });
      const node = pay([{ error: new Error("reset"), afterMs: 1_000 }]);
      await using engine = await engineWith(node, failing);
      const running = engine.run(flow("p f", { p: { type: "pay" }, f: { type: "failing" } }));
      await engine.advance("2m");
      const result = await running;
      expect(result).toMatchObject({ status: "failed", error: { code: "fatal" } });
      expect(result.nodes["p"]).toMatchObject({ status: "failed", error: { code: "unknown_outcome" } });
    }
  });

  it("holds back its slot for no longer than verify runs", async () => {
    const node = pay([broken]);
    await using engine = await testEngine({ nodes: [...BASIC_NODES, node], concurrency: { nodes: 1 } });
    const blocked = await engine.execute(flow("p", { p: { type: "pay" } }));
    await engine.runUntilIdle();
    expect((await engine.run(flow("a"))).status).toBe("completed");
    expect((await engine.getExecution(blocked.id)).status).toBe("waiting");
  });
});

describe("a once node that runs, is verified or waits for a person", () => {
  it("ends cancelled with its execution, and is not parked", async () => {
    const scripts = [pay([{ hang: true }]), pay([broken], { verify: verifier("hang").verify }), pay([broken])];
    for (const node of scripts) {
      await using engine = await engineWith(node);
      const handle = await engine.execute(flow("p", { p: { type: "pay" } }));
      await engine.runUntilIdle();
      await handle.cancel("enough");
      await engine.advance("10s");
      const result = await handle.result();
      expect([result.status, fates(result)["p"]]).toEqual(["cancelled", "cancelled"]);
      expect(await engine.storage.listWaits(handle.id)).toEqual([]);
      expect((await engine.getExecution(handle.id)).blocked).toBeNull();
    }
  });

  it("ends cancelled when the execution's time is up; waiting for a person does not count", async () => {
    const running = pay([{ hang: true }]);
    await using engine = await engineWith(running);
    const timed = engine.run(flow("p", { p: { type: "pay" } }, { timeoutMs: 1_000 }));
    await engine.advance("10s");
    expect(fates(await timed)).toEqual({ p: "cancelled" });
    await using other = await engineWith(pay([broken]));
    const waiting = await other.execute(flow("p", { p: { type: "pay", timeoutMs: 1_000 } }, { timeoutMs: 1_000 }));
    await other.advance("1h");
    expect((await other.getExecution(waiting.id)).status).toBe("waiting");
    await other.resolveUnknown(waiting.id, "p", { output: "late but fine" });
    expect((await waiting.result()).output).toBe("late but fine");
  });
});

describe("a person's decision about an unknown outcome", () => {
  async function parkedPay(script: ScriptedNodeOptions["script"], options: Parameters<typeof pay>[1] = {}) {
    const node = pay(script, options);
    const engine = await engineWith(node);
    const handle = await engine.execute(
      flow("p>b p:error>e", { p: { type: "pay", timeoutMs: 60_000 }, b: { type: "pass" }, e: { type: "pass" } }),
    );
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).blocked?.code).toBe("unknown_outcome");
    return { node, engine, handle };
  }

  it("completes the node with the output given, and the execution is blocked no more", async () => {
    const { node, engine, handle } = await parkedPay([broken]);
    await using _ = engine;
    await engine.resolveUnknown(handle.id, "p", { output: { receipt: 9 } });
    expect(await handle.result()).toMatchObject({
      status: "completed",
      output: { receipt: 9 },
      nodes: { p: { status: "completed", attempts: 1 } },
    });
    expect(node.calls).toHaveLength(1);
    expect(await engine.getExecution(handle.id)).toMatchObject({ blocked: null });
    expect(await engine.storage.listInbox(handle.id)).toEqual([]);
    expect(await engine.storage.listWaits(handle.id)).toEqual([]);
  });

  it("starts it again as a further attempt with the same idempotency key and a time limit of its own", async () => {
    const { node, engine, handle } = await parkedPay([broken, { output: "paid", afterMs: 50_000 }]);
    await using _ = engine;
    await engine.advance("1d");
    await engine.resolveUnknown(handle.id, "p", { retry: true });
    await engine.advance("50s");
    expect(await handle.result()).toMatchObject({ status: "completed", nodes: { p: { attempts: 2 } } });
    expect(node.calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(new Set(node.calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(new Set(node.calls.map(({ attemptId }) => attemptId)).size).toBe(2);
  });

  it("may lead to the next unknown outcome, which is a park of its own", async () => {
    const { node, engine, handle } = await parkedPay([broken, broken, { output: 3 }]);
    await using _ = engine;
    await engine.resolveUnknown(handle.id, "p", { retry: true });
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).blocked?.message).toContain("attempt 2");
    await engine.resolveUnknown(handle.id, "p", { retry: true });
    expect((await handle.result()).status).toBe("completed");
    expect(node.calls).toHaveLength(3);
  });

  it("fails it with unknown_outcome and the reason given", async () => {
    const { engine, handle } = await parkedPay([broken]);
    await using _ = engine;
    await engine.resolveUnknown(handle.id, "p", { fail: "the bank says no" });
    const result = await handle.result();
    expect(result.nodes["p"]).toMatchObject({
      status: "failed",
      handled: "error_port",
      error: { code: "unknown_outcome", message: "the bank says no" },
    });
  });

  it("whose output breaks the schema changes nothing: the node waits on", async () => {
    const { engine, handle } = await parkedPay([broken], { output: z.object({ receipt: z.number() }) });
    await using _ = engine;
    await engine.resolveUnknown(handle.id, "p", { output: "text" }).catch(() => {});
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("waiting");
    await engine.resolveUnknown(handle.id, "p", { output: { receipt: 1 } });
    expect((await handle.result()).status).toBe("completed");
  });

  it("about a node that does not wait for one is read and dropped", async () => {
    const { engine, handle } = await parkedPay([broken]);
    await using _ = engine;
    const item = { id: "stray", kind: "resolve_unknown", name: "b", payload: { output: 1 }, key: null, at: 0 } as const;
    await engine.storage.addToInbox(handle.id, item, 10);
    await engine.resolveUnknown(handle.id, "p", { output: 1 });
    expect((await handle.result()).output).toBe(1);
    expect(await engine.storage.listInbox(handle.id)).toEqual([]);
  });

  it("is needed for each of several nodes; the execution names one that is open", async () => {
    await using engine = await engineWith(pay([broken]));
    const handle = await engine.execute(flow("p q", { p: { type: "pay" }, q: { type: "pay" } }));
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).blocked?.nodeId).toBe("p");
    await engine.resolveUnknown(handle.id, "p", { output: 1 });
    await engine.runUntilIdle();
    expect(await engine.getExecution(handle.id)).toMatchObject({ status: "waiting", blocked: { nodeId: "q" } });
    await engine.resolveUnknown(handle.id, "q", { output: 2 });
    expect(await handle.result()).toMatchObject({ status: "completed", output: { p: 1, q: 2 } });
  });
});
