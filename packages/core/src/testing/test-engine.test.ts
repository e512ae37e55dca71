import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { defineNode } from "../definition/define-node.js";
import { FatalNodeError, RetryableNodeError } from "../errors/errors.js";
import { memoryStorage } from "../memory/memory-storage.js";
import type { ExecutionCommit } from "../ports/execution-commit.js";
import { faultyStorage } from "./faulty-storage.js";
import { executionRecord } from "./sample-rows.js";
import { scriptedNode } from "./scripted-node.js";
import { seededRandom } from "./seeded-random.js";
import { DEFAULT_START_AT, testClock } from "./test-clock.js";
import { testEngine } from "./test-engine.js";
import { testNode } from "./test-node.js";

describe("testClock", () => {
  it("starts at a fixed instant and stands still", async () => {
    const clock = testClock();
    await clock.settle();
    expect(clock.now()).toBe(DEFAULT_START_AT);
  });

  it("fires timers in the order of their instants, showing each one's instant", async () => {
    const clock = testClock({ now: 0 });
    const fired: [string, number][] = [];
    clock.setTimer(200, () => fired.push(["b", clock.now()]));
    clock.setTimer(100, () => fired.push(["a", clock.now()]));
    clock.setTimer(100, () => fired.push(["a2", clock.now()]));
    await clock.advance("1s");
    expect(fired).toEqual([
      ["a", 100],
      ["a2", 100],
      ["b", 200],
    ]);
    expect(clock.now()).toBe(1_000);
  });

  it("fires timers that woken code sets within the span", async () => {
    const clock = testClock({ now: 0 });
    const at: number[] = [];
    const tick = () => {
      at.push(clock.now());
      void Promise.resolve().then(() => setImmediate(() => clock.setTimer(clock.now() + 30, tick)));
    };
    clock.setTimer(30, tick);
    await clock.advance(100);
    expect(at).toEqual([30, 60, 90]);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerAt).toBe(120);
  });

  it("fires an overdue timer soon, never synchronously, without time passing", async () => {
    const clock = testClock();
    let fired = false;
    clock.setTimer(clock.now() - 5, () => {
      fired = true;
    });
    expect(fired).toBe(false);
    await clock.settle();
    expect(fired).toBe(true);
  });

  it("forgets a cancelled timer", async () => {
    const clock = testClock();
    let fired = false;
    const cancel = clock.setTimer(clock.now() + 10, () => {
      fired = true;
    });
    cancel();
    cancel();
    await clock.advance("1m");
    expect(fired).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("seededRandom", () => {
  it("repeats for a seed and stays within [0, 1)", () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 1_000 }, () => random.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7).every((value) => value >= 0 && value < 1)).toBe(true);
  });
});

describe("testEngine", () => {
  it("runs through three days of delay in no time", async () => {
    const sleepy = scriptedNode({ script: [{ wait: (wait) => wait.delay(3 * 86_400_000) }] });
    await using engine = await testEngine({ nodes: [sleepy] });
    const running = engine.run({ nodes: [{ id: "a", type: "scripted" }] });
    await engine.advance("3d");
    expect((await running).durationMs).toBe(3 * 86_400_000);
  });

  it("is idle once nothing moves without time passing", async () => {
    const slow = scriptedNode({ script: [{ output: 1, afterMs: 60_000 }] });
    await using engine = await testEngine({ nodes: [slow] });
    const handle = await engine.execute({ nodes: [{ id: "a", type: "scripted" }] });
    await engine.runUntilIdle();
    expect((await engine.getExecution(handle.id)).status).toBe("running");
    await engine.advance("1m");
    expect((await handle.result()).output).toBe(1);
  });

  it("gives the same ids in every run", async () => {
    const idOf = async () => {
      await using engine = await testEngine({ nodes: [scriptedNode()] });
      return (await engine.run({ nodes: [{ id: "a", type: "scripted" }] })).id;
    };
    expect(await idOf()).toBe(await idOf());
  });

  it("waits for a slow storage before time moves on", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    setImmediate(() => setImmediate(() => setImmediate(release)));
    await using engine = await testEngine({
      nodes: [scriptedNode()],
      storage: (clock) => faultyStorage(memoryStorage({ clock }), { commits: { 1: { delayUntil: gate } } }),
    });
    const running = engine.run({ nodes: [{ id: "a", type: "scripted" }] });
    await engine.runUntilIdle();
    expect((await running).status).toBe("completed");
  });
});

describe("scriptedNode", () => {
  it("follows its script, repeats the last outcome and remembers its calls", async () => {
    const node = scriptedNode({ type: "flaky", script: [{ error: new RetryableNodeError("busy") }, { output: 42 }] });
    await using engine = await testEngine({ nodes: [node] });
    const running = engine.run({ nodes: [{ id: "a", type: "flaky" }] }, { input: { x: 1 } });
    await engine.advance("5s");
    expect((await running).output).toBe(42);
    expect(node.calls.map(({ attempt, input }) => ({ attempt, input }))).toEqual([
      { attempt: 1, input: { x: 1 } },
      { attempt: 2, input: { x: 1 } },
    ]);
    expect(new Set(node.calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(new Set(node.calls.map(({ attemptId }) => attemptId)).size).toBe(2);
    expect((await engine.run({ nodes: [{ id: "a", type: "flaky" }] })).output).toBe(42);
  });

  it("ends a hanging call when it is aborted", async () => {
    const node = scriptedNode({ script: [{ hang: true }] });
    await using engine = await testEngine({ nodes: [node] });
    const running = engine.run({
      nodes: [{ id: "a", type: "scripted", attemptTimeoutMs: 1_000, retry: { maxAttempts: 1 } }],
    });
    await engine.advance("1s");
    expect((await running).error?.code).toBe("attempt_timed_out");
    expect(node.calls[0]?.signal.aborted).toBe(true);
  });
});

function start(id: string): ExecutionCommit {
  return { executionId: id, epoch: 1, create: executionRecord(id) };
}

describe("faultyStorage", () => {
  it("writes nothing when a commit fails before it", async () => {
    const storage = faultyStorage(memoryStorage(), { commits: { 1: "fail_before" } });
    await expect(storage.commit([start("e1")])).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(await storage.getExecution("e1")).toBeUndefined();
    expect(storage.commitCount).toBe(1);
  });

  it("has written when only the answer is lost", async () => {
    const storage = faultyStorage(memoryStorage(), { commits: { 1: "fail_after" } });
    await expect(storage.commit([start("e1")])).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(await storage.getExecution("e1")).toBeDefined();
  });

  it("fails other calls by their number", async () => {
    const storage = faultyStorage(memoryStorage(), {
      calls: { getExecution: (call) => (call === 2 ? "fail_before" : undefined) },
    });
    expect(await storage.getExecution("x")).toBeUndefined();
    await expect(storage.getExecution("x")).rejects.toMatchObject({ code: "storage_unavailable" });
  });
});

describe("testNode", () => {
  const shout = defineNode({
    type: "shout",
    ports: ["default", "empty"],
    credentials: ["voice"],
    async execute(ctx) {
      const { token } = (await ctx.credentials("voice")) as { token: string };
      ctx.logger.info("shouting", { token: token.length });
      ctx.setVariables({ loud: true });
      if (ctx.parameters["text"] === "") return ctx.emit("empty", null);
      return String(ctx.parameters["text"]).toUpperCase();
    },
  });

  it("gives output, port, logs, events and variables", async () => {
    const result = await testNode(shout)
      .parameters({ text: "{{ input.word }}" })
      .input({ word: "hey" })
      .credentials({ voice: { token: "abc" } })
      .run();
    expect(result).toMatchObject({
      status: "completed",
      output: "HEY",
      port: "default",
      attempts: 1,
      variables: { loud: true },
    });
    expect(result.logs).toEqual([{ level: "info", message: "shouting", fields: { token: 3 } }]);
    expect(result.events.map(({ type }) => type)).toContain("node.completed");
  });

  it("names the port emitted", async () => {
    expect(
      await testNode(shout)
        .parameters({ text: "" })
        .credentials({ voice: { token: "" } })
        .run(),
    ).toMatchObject({ port: "empty", output: null });
  });

  it("gives the error of a node that fails", async () => {
    expect(await testNode(shout).parameters({ text: "x" }).run()).toMatchObject({
      status: "failed",
      output: null,
      error: { code: "credential_not_found" },
    });
    const fatal = scriptedNode({ script: [{ error: new FatalNodeError("no") }] });
    expect(await testNode(fatal).run()).toMatchObject({ error: { code: "fatal", message: "no" } });
  });

  it("answers for a node that waits, and lets time pass on request", async () => {
    const waiting = scriptedNode({ script: [{ wait: (wait) => wait.delay(1_000) }] });
    expect(await testNode(waiting).run()).toMatchObject({ status: "waiting" });
    expect(await testNode(waiting).advance("1s").run()).toMatchObject({ status: "completed" });
  });

  const failingOnce = () => scriptedNode({ script: [{ error: new RetryableNodeError("busy") }, { output: "second" }] });

  it("makes one attempt whatever other settings are given", async () => {
    for (const settings of [{ timeoutMs: 60_000 }, { onError: "continue" as const }, { retry: undefined }, {}]) {
      expect(
        await testNode(failingOnce())
          .settings(settings as object)
          .run(),
      ).toMatchObject({ attempts: 1 });
    }
  });

  it("lets the delays of retries pass, with the time given and without", async () => {
    for (const retry of [{ delaysMs: [10] }, { maxAttempts: 2, delaysMs: [3_600_000] }]) {
      for (const duration of [undefined, 1, "2h"]) {
        const node = testNode(failingOnce()).settings({ retry });
        const result = await (duration === undefined ? node : node.advance(duration)).run();
        expect(result).toMatchObject({ status: "completed", output: "second", attempts: 2 });
      }
    }
  });

  it("ends when every retry has failed", async () => {
    const failing = scriptedNode({ script: [{ error: new RetryableNodeError("busy") }] });
    const result = await testNode(failing)
      .settings({ retry: { maxAttempts: 4, delaysMs: [10, 20_000] } })
      .run();
    expect(result).toMatchObject({ status: "failed", attempts: 4, error: { message: "busy" } });
  });

  it("tries again when a server answers late, after the time given has passed", async () => {
    let calls = 0;
    const server = createServer((_, answer) => {
      const status = ++calls < 3 ? 503 : 200;
      setTimeout(() => answer.writeHead(status).end(), 20);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const calling = defineNode({
      type: "calling",
      async execute({ http, signal }) {
        const { status } = await http(`http://127.0.0.1:${port}/`, { signal });
        if (status !== 200) throw new RetryableNodeError("busy");
        return status;
      },
    });
    try {
      const result = await testNode(calling)
        .settings({ retry: { maxAttempts: 3 } })
        .engine({ network: { allow: ["loopback"] } })
        .advance("1s")
        .run();
      expect(result).toMatchObject({ status: "completed", output: 200, attempts: 3 });
    } finally {
      server.close();
    }
  });

  it("answers for a node that waits only once the time given has passed", async () => {
    const late = defineNode({
      type: "late",
      async execute(ctx) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return ctx.wait.delay(60_000);
      },
    });
    expect(await testNode(late).advance("1s").run()).toMatchObject({ status: "waiting" });
  });
});
