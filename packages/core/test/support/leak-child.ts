/** Does a lot with an engine, closes it, and prints what is still alive; it must then end by itself. */
import { createEngine, defineNode, RetryableNodeError, type WorkflowDefinition, z } from "../../src/index.js";
import { memoryStorage } from "../../src/memory/index.js";
import { silentLogger } from "../../src/testing/index.js";

const HOUR_MS = 3_600_000;

process.on("unhandledRejection", (reason) => {
  process.stdout.write(`unhandled rejection: ${String(reason)}\n`);
  process.exitCode = 3;
});

/** Things that code throws when nobody looks. */
const THROWN: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => "text",
  () => Object.freeze({ message: "frozen" }),
  () => Object.freeze(new Error("frozen")),
  () => Promise.reject(new Error("a rejected promise")),
  // biome-ignore lint/suspicious/noThenProperty: a thenable that rejects is the point
  () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(new Error("a rejected thenable")) }),
  () => Symbol("thrown"),
  () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error("do not touch");
        },
      },
    ),
  () => Object.create(null),
];

const thrown = (index: number): unknown => THROWN[index]?.();

const nodes = [
  defineNode({ type: "ok", effects: "pure", execute: () => ({}) }),
  defineNode({
    type: "throws",
    parameters: z.object({ index: z.number() }),
    execute: ({ parameters }) => {
      throw thrown(parameters.index);
    },
  }),
  defineNode({
    type: "rejects",
    parameters: z.object({ index: z.number() }),
    execute: async ({ parameters }) => {
      throw thrown(parameters.index);
    },
  }),
  defineNode({
    type: "returns",
    parameters: z.object({ index: z.number() }),
    execute: ({ parameters }) => thrown(parameters.index),
  }),
  defineNode({
    type: "transient",
    execute: () => {
      throw new RetryableNodeError("again");
    },
  }),
  defineNode({
    type: "sleeps",
    execute: ({ signal, clock }) =>
      new Promise((resolve) => {
        const stop = clock.setTimer(clock.now() + HOUR_MS, () => resolve(null));
        signal.addEventListener("abort", () => {
          stop();
          resolve(null);
        });
      }),
  }),
  defineNode({ type: "waits", execute: ({ wait }) => wait.delay(HOUR_MS) }),
  defineNode({ type: "listens", execute: ({ wait }) => wait.signal("never", { timeoutMs: HOUR_MS }) }),
];

const single = (type: string, more: object = {}): WorkflowDefinition => ({
  name: type,
  nodes: [{ id: "a", type, ...more }],
});

const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind === "Immediate").length;
const engine = createEngine({ storage: memoryStorage(), nodes, logger: silentLogger });
await engine.start();
for (const [index] of THROWN.entries()) {
  engine.on("node.completed", () => {
    throw thrown(index);
  });
  engine.on("*", () => thrown(index));
  engine.on("execution.completed", async () => {
    throw thrown(index);
  });
}
for (const [index] of THROWN.entries()) {
  for (const type of ["throws", "rejects", "returns"]) await engine.run(single(type, { data: { index } }));
}
await engine.run(single("ok", { timeoutMs: HOUR_MS, attemptTimeoutMs: HOUR_MS }), { input: {} });
await engine.run({ ...single("ok"), settings: { timeoutMs: HOUR_MS } });
await engine.run(single("sleeps", { attemptTimeoutMs: 5, retry: { maxAttempts: 1 } }));
const open = await Promise.all([
  engine.execute(single("transient", { retry: { delaysMs: [HOUR_MS] } })),
  engine.execute({ ...single("sleeps", { timeoutMs: HOUR_MS }), settings: { timeoutMs: HOUR_MS } }),
  engine.execute(single("waits")),
  engine.execute({ ...single("listens"), settings: { timeoutMs: HOUR_MS } }),
]);
const cancelled = await engine.execute(single("sleeps", { timeoutMs: HOUR_MS }));
await cancelled.cancel("no longer needed");
await cancelled.result();
const events = open[0].events()[Symbol.asyncIterator]();
await events.next();
const outcomes = Promise.allSettled(open.map((handle) => handle.result()));
await engine.close({ deadlineMs: 50 });
const codes = (await outcomes).map((outcome) =>
  outcome.status === "rejected" ? (outcome.reason as { code?: string }).code : outcome.value.status,
);
await new Promise<void>((resolve) => setImmediate(resolve));
const alive = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind === "Immediate").length;
process.stdout.write(`${JSON.stringify({ codes, leakedTimers: alive - before })}\n`);
