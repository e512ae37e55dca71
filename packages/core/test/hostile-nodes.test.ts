import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow, run } from "./support/workflow.js";

const throwing = () => {
  throw new Error("trap");
};
const hostileProxy = () =>
  new Proxy(
    {},
    { get: throwing, has: throwing, ownKeys: throwing, getPrototypeOf: throwing, getOwnPropertyDescriptor: throwing },
  );
function withThen(property: PropertyDescriptor): unknown {
  // biome-ignore lint/suspicious/noThenProperty: hostile thenables are the point
  return Object.defineProperty({}, "then", { ...property, enumerable: true });
}
type Settle = (value: unknown) => void;
function thenable(then: (resolve: Settle, reject: Settle) => void): unknown {
  return withThen({ value: then });
}
const THROWN: [string, () => unknown][] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["a text", () => "text"],
  ["a number", () => 42],
  ["a symbol", () => Symbol("s")],
  ["a BigInt", () => 1n],
  ["a function", () => () => {}],
  ["a frozen object", () => Object.freeze({ message: "frozen" })],
  ["a frozen error", () => Object.freeze(new Error("frozen"))],
  ["an object without a prototype", () => Object.create(null)],
  ["a rejected promise", () => Promise.reject(new Error("rejected")).catch((error: unknown) => error)],
  ["a proxy that throws", hostileProxy],
  ["an error whose message throws", () => Object.defineProperty(new Error("x"), "message", { get: throwing })],
  [
    "an error that is its own cause",
    () =>
      Object.assign(new Error("x"), { cause: undefined as unknown }) &&
      ((error) => Object.assign(error, { cause: error }))(new Error("x")),
  ],
  ["an error whose cause is a proxy that throws", () => new Error("x", { cause: hostileProxy() })],
  ["an error with a text that throws", () => ({ toString: throwing, message: 5, name: { toString: throwing } })],
  ["an error with huge text", () => new Error("x".repeat(1_000_000))],
];

const rejections: unknown[] = [];
const keep = (reason: unknown) => rejections.push(reason);
beforeEach(() => {
  rejections.length = 0;
  process.on("unhandledRejection", keep);
});
afterEach(async () => {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", keep);
  expect(rejections).toEqual([]);
});

describe("a node that throws", () => {
  it.each(THROWN)("%s fails, synchronously and later, and harms nobody else", async (_name, make) => {
    const sync = defineNode({
      type: "sync",
      execute() {
        throw make();
      },
    });
    const later = defineNode({
      type: "later",
      async execute() {
        throw make();
      },
    });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, sync, later] });
    for (const type of ["sync", "later"]) {
      const result = await engine.run(flow("a:error>b c", { a: { type }, b: { type: "pass" } }));
      expect(result.status).toBe("completed");
      expect(result.nodes["b"]?.output).toMatchObject({
        error: { code: expect.any(String), message: expect.any(String), nodeId: "a", attempt: 1 },
      });
      JSON.stringify(await engine.getJournal(result.id));
    }
  });
});

describe("a node that returns", () => {
  it.each<[string, () => unknown]>([
    ["a proxy that throws", hostileProxy],
    ["an object whose then throws", () => withThen({ get: throwing })],
    ["a thenable that throws when it is followed", () => thenable(throwing)],
    [
      "a thenable that rejects with undefined",
      () => thenable((_resolve: unknown, reject: (reason: unknown) => void) => reject(undefined)),
    ],
    [
      "an object whose toJSON throws",
      () =>
        new (class Bad {
          toJSON = throwing;
        })(),
    ],
    [
      "a revoked proxy",
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
  ])("%s fails", async (_name, make) => {
    const node = defineNode({ type: "odd", execute: () => make() });
    const result = await run(flow("a b", { a: { type: "odd" } }), { nodes: [node] });
    expect(result).toMatchObject({ status: "failed", error: { nodeId: "a" } });
  });

  it("a thenable that answers twice completes once", async () => {
    const node = defineNode({
      type: "odd",
      execute: () =>
        thenable((resolve, reject) => {
          resolve(1);
          resolve(2);
          reject(new Error("three"));
          throw new Error("four");
        }),
    });
    expect(await run(flow("a", { a: { type: "odd" } }), { nodes: [node] })).toMatchObject({
      status: "completed",
      output: 1,
    });
  });

  it("a thenable that throws when it is told to stop is stopped all the same", async () => {
    let follows = 0;
    const node = defineNode({
      type: "odd",
      execute: () =>
        thenable(() => {
          if (++follows > 1) throw new Error("not again");
        }),
    });
    const result = await run(flow("a", { a: { type: "odd", attemptTimeoutMs: 10, retry: { maxAttempts: 1 } } }), {
      nodes: [node],
      advance: "1m",
    });
    expect(result.error?.code).toBe("attempt_timed_out");
  });

  it("late, after it was abandoned, with a rejection", async () => {
    const node = scriptedNode({
      type: "late",
      script: [
        (ctx) =>
          new Promise(
            (_resolve, reject) => void ctx.clock.setTimer(ctx.clock.now() + 50, () => reject(new Error("late"))),
          ),
      ],
    });
    const result = await run(flow("a", { a: { type: "late", attemptTimeoutMs: 10, retry: { maxAttempts: 1 } } }), {
      nodes: [node],
      advance: "1s",
    });
    expect(result.error?.code).toBe("attempt_timed_out");
  });

  it("and goes on using its context does nothing any more", async () => {
    let escaped:
      | {
          emit(port: string, value: unknown): void;
          setVariables(values: object): void;
          progress(fraction: number): void;
          step(name: string, run: () => unknown): Promise<unknown>;
        }
      | undefined;
    const node = scriptedNode({
      type: "escaping",
      script: [
        (ctx) => {
          escaped = ctx as never;
          return "done";
        },
      ],
    });
    await using engine = await testEngine({ nodes: [node] });
    const heard: string[] = [];
    engine.on("progress", ({ type }) => heard.push(type));
    const result = await engine.run(flow("a", { a: { type: "escaping" } }));
    escaped?.emit("none", 1);
    escaped?.setVariables({ late: 1 });
    escaped?.progress(1);
    await expect(escaped?.step("late", () => 1)).rejects.toMatchObject({ code: "node_cancelled" });
    expect(result.output).toBe("done");
    expect(heard).toEqual([]);
  });
});

describe("a listener that throws", () => {
  it.each(THROWN)("%s harms neither the execution nor other listeners", async (_name, make) => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const heard: string[] = [];
    engine.on("*", () => {
      throw make();
    });
    engine.on("node.completed", async () => {
      throw make();
    });
    engine.on("*", ({ type }) => heard.push(type));
    expect((await engine.run(flow("a"))).status).toBe("completed");
    expect(heard).toContain("execution.completed");
  });

  it.each<[string, () => unknown]>([
    [
      "a rejected thenable",
      () => thenable((_resolve: unknown, reject: (reason: unknown) => void) => reject(new Error("no"))),
    ],
    ["a thenable that throws", () => thenable(throwing)],
    ["a proxy that throws", hostileProxy],
  ])("and one that returns %s neither", async (_name, make) => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    engine.on("*", () => make());
    expect((await engine.run(flow("a"))).status).toBe("completed");
  });

  it("and a logger that throws about it neither", async () => {
    await using engine = await testEngine({
      nodes: BASIC_NODES,
      logger: { debug: throwing, info: throwing, warn: throwing, error: throwing },
    });
    engine.on("*", throwing);
    expect((await engine.run(flow("a"))).status).toBe("completed");
  });
});
