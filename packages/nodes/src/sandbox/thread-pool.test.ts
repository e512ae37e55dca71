import { AutomatrixError } from "@automatrix/core";
import { afterEach, describe, expect, it } from "vitest";
import type { GuestRequest, LogLevel } from "./guest-protocol.js";
import { findThreadFile } from "./thread-file.js";
import { type PoolRun, ThreadPool, type ThreadPoolOptions } from "./thread-pool.js";

/** A thread that does what its `code` says. */
const SCRIPTED = `
const { parentPort, workerData } = require("node:worker_threads");
const flag = new Int32Array(workerData.stopFlag);
const answer = (json) => parentPort.postMessage({ type: "answer", answer: { outcome: "result", json }, retire: false });
parentPort.on("message", ({ request: { code } }) => {
  if (code === "unready") return;
  parentPort.postMessage({ type: "started" });
  if (code === "exit") process.exit(3);
  if (code === "throw") throw new Error("broken guest");
  if (code === "spin") for (;;);
  if (code === "obey") { while (Atomics.load(flag, 0) === 0); return parentPort.postMessage({ type: "answer", answer: { outcome: "stopped" }, retire: false }); }
  if (code === "fill") { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); }
  if (code === "retire") return parentPort.postMessage({ type: "answer", answer: { outcome: "result", json: "1" }, retire: true });
  if (code === "log") parentPort.postMessage({ type: "log", level: "info", text: "a line" });
  if (code === "environment") return answer(JSON.stringify([process.env, process.argv.slice(2)]));
  answer(String(require("node:worker_threads").threadId));
});
`;

const pools: ThreadPool[] = [];

afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
});

function createPool(options: Partial<ThreadPoolOptions> = {}): ThreadPool {
  const pool = new ThreadPool({ name: "test", threads: 1, file: SCRIPTED, ...options });
  pools.push(pool);
  return pool;
}

function scripted(code: string, rest: Partial<PoolRun> = {}): PoolRun {
  return {
    request: () => ({ language: "javascript", code }) as GuestRequest,
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    onLog: () => {},
    ...rest,
  };
}

describe("ThreadPool", () => {
  it("starts no thread before the first run, and keeps one for the next", async () => {
    const pool = createPool();
    expect(pool.size).toBe(0);
    const first = await pool.run(scripted("id"));
    expect(await pool.run(scripted("id"))).toEqual(first);
    expect(pool.size).toBe(1);
  });

  it("starts no more threads than it may", async () => {
    const pool = createPool({ threads: 2 });
    const ids = await Promise.all(Array.from({ length: 20 }, () => pool.run(scripted("id"))));
    expect(pool.size).toBe(2);
    expect(new Set(ids.map((answer) => JSON.stringify(answer))).size).toBeLessThanOrEqual(2);
  });

  it("serves what waits in order", async () => {
    const pool = createPool();
    const served: number[] = [];
    const numbers = Array.from({ length: 10 }, (_, index) => index);
    await Promise.all(numbers.map(async (index) => served.push((await pool.run(scripted("id"))) && index)));
    expect(served).toEqual(numbers);
  });

  it("refuses what its queue cannot hold, in a way that may pass", async () => {
    const pool = createPool({ maxQueued: 1 });
    const running = pool.run(scripted("obey", { timeoutMs: 500 }));
    const waiting = pool.run(scripted("id"));
    const refused = await pool.run(scripted("id")).catch((error: unknown) => error);
    expect(AutomatrixError.is(refused) && [refused.name, refused.code]).toEqual(["RetryableNodeError", "sandbox_busy"]);
    expect((await running).outcome).toBe("timed_out");
    expect((await waiting).outcome).toBe("result");
  });

  it("does not count the time in the queue", async () => {
    const pool = createPool();
    const running = pool.run(scripted("obey", { timeoutMs: 400 }));
    const waiting = pool.run(scripted("id", { timeoutMs: 300 }));
    expect((await running).outcome).toBe("timed_out");
    expect((await waiting).outcome).toBe("result");
  });

  it("keeps a thread that stops in time, and replaces one that does not", async () => {
    const pool = createPool();
    const first = await pool.run(scripted("id"));
    expect(await pool.run(scripted("obey", { timeoutMs: 50 }))).toEqual({ outcome: "timed_out" });
    expect(await pool.run(scripted("id"))).toEqual(first);
    expect(await pool.run(scripted("spin", { timeoutMs: 50 }))).toEqual({ outcome: "timed_out" });
    const next = await pool.run(scripted("id"));
    expect(next.outcome).toBe("result");
    expect(next).not.toEqual(first);
  });

  it.each(["exit", "throw"])("says that the thread broke down (%s), and goes on with a new one", async (code) => {
    const pool = createPool();
    expect(await pool.run(scripted(code))).toMatchObject({ outcome: "crashed" });
    expect((await pool.run(scripted("id"))).outcome).toBe("result");
    expect(pool.size).toBe(1);
  });

  it("outlives a thread that fills its heap", async () => {
    const pool = createPool();
    expect(await pool.run(scripted("fill"))).toEqual({ outcome: "out_of_memory" });
    expect((await pool.run(scripted("id"))).outcome).toBe("result");
  });

  it("drops a thread that says so", async () => {
    const pool = createPool();
    expect((await pool.run(scripted("retire"))).outcome).toBe("result");
    expect(pool.size).toBe(0);
  });

  it("says so when the thread's program cannot be loaded", async () => {
    const pool = createPool({ file: new URL("./missing.js", import.meta.url) });
    expect(await pool.run(scripted("id"))).toMatchObject({ outcome: "crashed" });
    expect(pool.size).toBe(0);
  });

  it("leaves the queue, or stops, when the signal aborts", async () => {
    const pool = createPool();
    const running = new AbortController();
    const waiting = new AbortController();
    const first = pool.run(scripted("spin", { signal: running.signal }));
    const second = pool.run(scripted("id", { signal: waiting.signal }));
    const third = pool.run(scripted("id"));
    waiting.abort(new Error("second"));
    await expect(second).rejects.toThrow("second");
    running.abort(new Error("first"));
    await expect(first).rejects.toThrow("first");
    expect((await third).outcome).toBe("result");
    const aborted = pool.run(scripted("id", { signal: AbortSignal.abort(new Error("before")) }));
    await expect(aborted).rejects.toThrow("before");
  });

  it("keeps its thread when a request cannot be made", async () => {
    const pool = createPool();
    const broken = scripted("id", {
      request: () => {
        throw new Error("too large");
      },
    });
    await expect(pool.run(broken)).rejects.toThrow("too large");
    expect((await pool.run(scripted("id"))).outcome).toBe("result");
    expect(pool.size).toBe(1);
  });

  it("ends idle threads", async () => {
    const pool = createPool({ idleMs: 20 });
    await pool.run(scripted("id"));
    await expect.poll(() => pool.size, { timeout: 5_000 }).toBe(0);
  });

  it("gives threads nothing of the host's environment", async () => {
    process.env["SANDBOX_TEST_SECRET"] = "secret";
    const answer = await createPool().run(scripted("environment"));
    delete process.env["SANDBOX_TEST_SECRET"];
    expect(answer).toEqual({ outcome: "result", json: "[{},[]]" });
  });

  it("passes on what is logged", async () => {
    const lines: [LogLevel, string][] = [];
    await createPool().run(scripted("log", { onLog: (level, text) => lines.push([level, text]) }));
    expect(lines).toEqual([["info", "a line"]]);
  });

  it("answers runs that it takes along when it closes", async () => {
    const pool = createPool();
    const running = pool.run(scripted("spin"));
    pool.close();
    expect(await running).toMatchObject({ outcome: "crashed" });
  });
});

describe("findThreadFile", () => {
  it("names the compiled module beside the package's own", () => {
    expect(findThreadFile("file:///app/dist/index.js")).toEqual(new URL("file:///app/dist/sandbox-thread.js"));
    expect(findThreadFile("file:///app/dist/index.cjs")).toEqual(new URL("file:///app/dist/sandbox-thread.js"));
  });
});
