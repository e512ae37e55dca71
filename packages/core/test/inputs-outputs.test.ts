import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { defineNode, type NodeContext, z } from "../src/index.js";
import { memoryBlobStore } from "../src/memory/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow, run } from "./support/workflow.js";

const giving = (output: unknown) => scriptedNode({ type: "giving", script: [() => output] });
const outputOf = async (output: unknown) => run(flow("a", { a: { type: "giving" } }), { nodes: [giving(output)] });

/** Emits each value on its port, in order. */
function emitAll(...emissions: readonly (readonly [string, unknown])[]) {
  return (ctx: NodeContext) => {
    for (const [port, emitted] of emissions) ctx.emit(port, emitted);
  };
}

describe("input", () => {
  it("is the one live output, unchanged", async () => {
    const last = scriptedNode({ type: "last" });
    await run(flow("a>b", { a: { type: "value", data: { value: [1, { x: 2 }] } }, b: { type: "last" } }), {
      nodes: [last],
    });
    expect(last.calls[0]?.input).toEqual([1, { x: 2 }]);
  });

  it("is the shallow merge of several plain objects in edge order, the later winning", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: { k: "slow", deep: { s: 1 } }, afterMs: 10 }] });
    const definition = flow("a>c b>c", {
      a: { type: "slow" },
      b: { type: "value", data: { value: { k: "fast", deep: { f: 1 } } } },
      c: { type: "pass" },
    });
    expect((await run(definition, { nodes: [slow], advance: 10 })).output).toEqual({ k: "fast", deep: { f: 1 } });
    const reversed = { ...definition, edges: [...(definition.edges ?? [])].reverse() };
    expect(
      (
        await run(reversed, {
          nodes: [scriptedNode({ type: "slow", script: [{ output: { k: "slow", deep: { s: 1 } }, afterMs: 10 }] })],
          advance: 10,
        })
      ).output,
    ).toEqual({ k: "slow", deep: { s: 1 } });
  });

  it("is the same object as inputs when not all outputs are plain objects", async () => {
    const look = defineNode({ type: "look", execute: (ctx) => [ctx.input === ctx.inputs, ctx.input] });
    const result = await run(flow("a>c b>c", { a: { type: "value", data: { value: [1] } }, c: { type: "look" } }), {
      nodes: [look],
    });
    expect(result.output).toEqual([true, { a: [1], b: { b: true } }]);
  });

  it("has each live output apart under the target handle or the source id, later edges winning", async () => {
    const last = scriptedNode({ type: "last" });
    const definition = {
      ...flow("a b c", { c: { type: "last" } }),
      edges: [
        { source: "a", target: "c", targetHandle: "main" },
        { source: "b", target: "c" },
      ],
    };
    await run(definition, { nodes: [last] });
    expect(last.calls[0]?.inputs).toEqual({ main: { a: true }, b: { b: true } });
  });

  it("is a list of all outputs too, those of several sources with one target handle among them", async () => {
    const look = defineNode({ type: "look", execute: ({ inputList, inputs }) => ({ inputList, inputs }) });
    const definition = {
      ...flow("a>c b>c", {
        a: { type: "value", data: { value: 1 } },
        b: { type: "value", data: { value: 2 } },
        c: { type: "look" },
      }),
      edges: ["a", "b"].map((source) => ({ source, target: "c", targetHandle: "in" })),
    };
    const { output } = await run(definition, { nodes: [look] });
    expect(output).toEqual({
      inputList: [
        ["in", 1],
        ["in", 2],
      ],
      inputs: { in: 2 },
    });
  });

  it("of two edges from one source, the later in edge order counts in inputs", async () => {
    const two = defineNode({ type: "two", ports: ["x", "y"], execute: emitAll(["x", 1], ["y", 2]) });
    const last = scriptedNode({ type: "last" });
    await run(flow("a:y>b a:x>b", { a: { type: "two" }, b: { type: "last" } }), { nodes: [two, last] });
    expect(last.calls[0]?.inputs).toEqual({ a: 1 });
  });

  it("of the execution is copied and frozen", async () => {
    const input = { list: [1], at: new Date(0), gone: undefined };
    const seenBy: NodeContext[] = [];
    const look = defineNode({ type: "look", execute: (ctx) => void seenBy.push(ctx) });
    await run(flow("a", { a: { type: "look" } }), { nodes: [look], input });
    input.list.push(2);
    const seen = seenBy[0]?.trigger;
    expect(seen).toEqual({ list: [1], at: "1970-01-01T00:00:00.000Z" });
    expect(Object.isFrozen(seen) && Object.isFrozen((seen as { list: unknown }).list)).toBe(true);
  });

  it("that is not JSON is refused", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    await expect(engine.execute(flow("a"), { input: { f: () => {} } })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });
});

describe("emit", () => {
  const emitting = (execute: (ctx: NodeContext) => unknown) =>
    defineNode({ type: "emitting", ports: ["default", "x", "y"], execute });
  const definition = flow("a:x>b a:y>c a>d", {
    a: { type: "emitting" },
    b: { type: "pass" },
    c: { type: "pass" },
    d: { type: "pass" },
  });

  it("takes effect on the ports named; a return value beside it is ignored", async () => {
    const result = await run(definition, {
      nodes: [
        emitting((ctx) => {
          ctx.emit("x", 1);
          return "ignored";
        }),
      ],
    });
    expect(result.nodes["b"]?.output).toBe(1);
    expect([result.nodes["c"]?.status, result.nodes["d"]?.status]).toEqual(["skipped", "skipped"]);
    expect(result.nodes["a"]?.output).toBe(1);
  });

  it("twice on one port: the last counts", async () => {
    const result = await run(definition, { nodes: [emitting(emitAll(["x", 1], ["x", 2]))] });
    expect(result.nodes["b"]?.output).toBe(2);
  });

  it("on several ports gives an object by port", async () => {
    const result = await run(definition, { nodes: [emitting(emitAll(["x", 1], ["y", 2]))] });
    expect([result.nodes["a"]?.output, result.nodes["b"]?.output, result.nodes["c"]?.output]).toEqual([
      { x: 1, y: 2 },
      1,
      2,
    ]);
  });

  it("on no port emits the return value on default", async () => {
    const result = await run(definition, { nodes: [emitting(() => 5)] });
    expect([result.nodes["d"]?.output, result.nodes["b"]?.status]).toEqual([5, "skipped"]);
  });

  it("on a port that the type does not have fails the node with unknown_port, never retried", async () => {
    const result = await run(definition, { nodes: [emitting((ctx) => ctx.emit("z", 1))] });
    expect(result).toMatchObject({ status: "failed", error: { code: "unknown_port", nodeId: "a", attempt: 1 } });
  });
});

describe("an output", () => {
  it("turns undefined into null, and drops it in objects", async () => {
    expect((await outputOf(undefined)).output).toBeNull();
    expect((await outputOf({ a: undefined, b: [undefined] })).output).toEqual({ b: [null] });
    expect(Object.keys((await outputOf({ a: undefined })).output as object)).toEqual([]);
  });

  it("turns a Date into ISO text", async () => {
    expect((await outputOf({ at: new Date(0) })).output).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });

  it.each([
    ["a Buffer", () => Buffer.from("hello")],
    ["a Uint8Array", () => new TextEncoder().encode("hello")],
    ["a web stream", () => new Blob(["hello"]).stream()],
    ["a node stream", () => Readable.from([Buffer.from("hel"), Buffer.from("lo")])],
  ])("turns %s into a blob reference", async (_name, content) => {
    const blobs = memoryBlobStore();
    const result = await run(flow("a", { a: { type: "giving" } }), { nodes: [giving({ file: content() })], blobs });
    const { file } = result.output as { file: { $blob: string; bytes: number; contentType: string } };
    expect(file).toMatchObject({ $blob: expect.any(String), bytes: 5 });
    expect(Buffer.from(await blobs.get(file)).toString()).toBe("hello");
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  it.each<[string, unknown]>([
    ["a cycle", cyclic],
    ["a function", { f: () => 1 }],
    ["a symbol", { s: Symbol("s") }],
    ["a BigInt", { n: 1n }],
    ["NaN", Number.NaN],
    ["an infinity", { n: Number.NEGATIVE_INFINITY }],
    ["a Map", new Map()],
    ["an invalid Date", new Date(Number.NaN)],
    [
      "an object whose getter throws",
      {
        get boom() {
          throw new Error("no");
        },
      },
    ],
  ])("with %s fails the node with output_not_serializable, without a retry", async (_name, output) => {
    const node = giving(output);
    const result = await run(
      flow("a", { a: { type: "giving", retry: { maxAttempts: 3, delaysMs: [1], on: "any" } } }),
      { nodes: [node] },
    );
    expect(result).toMatchObject({
      status: "failed",
      error: { code: "output_not_serializable", nodeId: "a", attempt: 1 },
    });
    expect(node.calls).toHaveLength(1);
  });

  it("that breaks its schema fails with output_invalid, without a retry", async () => {
    const typed = defineNode({
      type: "typed",
      output: z.object({ n: z.number() }),
      execute: () => ({ n: "x" }) as unknown as { n: number },
    });
    const result = await run(flow("a", { a: { type: "typed", retry: { maxAttempts: 3, on: "any" } } }), {
      nodes: [typed],
    });
    expect(result.error).toMatchObject({ code: "output_invalid", attempt: 1 });
  });

  it("beyond maxOutputBytes fails with output_too_large, without a retry", async () => {
    const node = giving("x".repeat(2_000));
    const result = await run(flow("a", { a: { type: "giving", retry: { maxAttempts: 3, on: "any" } } }), {
      nodes: [node],
      limits: { maxOutputBytes: 1_000 },
    });
    expect(result.error).toMatchObject({ code: "output_too_large", attempt: 1 });
  });

  it("is copied: later changes do not show, and nobody downstream can change it", async () => {
    const output = { list: [1] };
    const late = scriptedNode({
      type: "late",
      script: [
        (ctx) => {
          output.list.push(2);
          expect(() => (ctx.input as { list: number[] }).list.push(3)).toThrow(TypeError);
          return ctx.input;
        },
      ],
    });
    expect(
      (await run(flow("a>b", { a: { type: "giving" }, b: { type: "late" } }), { nodes: [giving(output), late] }))
        .output,
    ).toEqual({ list: [1] });
  });

  it("keeps own properties named __proto__ without polluting anything", async () => {
    const result = await outputOf(JSON.parse('{"__proto__":{"polluted":1}}'));
    expect(JSON.stringify(result.output)).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("of a skipped node is null for expressions", async () => {
    const definition = flow("a:left>b a:right>c b>d c>d", {
      a: { type: "route", data: { port: "left" } },
      d: { type: "value", data: { value: "{{ nodes.c.output }}" } },
    });
    expect((await run(definition)).output).toBeNull();
  });
});

describe("the output of an execution", () => {
  it("is what its one completed end emits", async () => {
    expect((await run(flow("a>e a>b", { e: { type: "end" } }))).output).toEqual({ a: true });
  });

  it("of several completed ends is an object by node id", async () => {
    expect((await run(flow("a>e1 b>e2", { e1: { type: "end" }, e2: { type: "end" } }))).output).toEqual({
      e1: { a: true },
      e2: { b: true },
    });
  });

  it("comes from the one of several ends that completed", async () => {
    const definition = flow("a:left>e1 a:right>e2", {
      a: { type: "route", data: { port: "right" } },
      e1: { type: "end" },
      e2: { type: "end" },
    });
    expect((await run(definition, { input: { x: 1 } })).output).toEqual({ x: 1 });
  });

  it("without an end is that of the completed nodes none of whose edges was live", async () => {
    expect((await run(flow("a>b"))).output).toEqual({ b: true });
    expect((await run(flow("a>b c"))).output).toEqual({ b: { b: true }, c: { c: true } });
    expect((await run(flow("a:right>b", { a: { type: "route", data: { port: "left" } } }), { input: 7 })).output).toBe(
      7,
    );
  });

  it("is null when nothing completed, and when the execution failed", async () => {
    expect((await run(flow("a", { a: { disabled: true } }))).output).toBeNull();
    const failed = await run(flow("a b>e", { a: { type: "fail" }, e: { type: "end" } }));
    expect(failed).toMatchObject({ status: "failed", output: null });
  });

  it("waits until every node is settled: end ends nothing", async () => {
    const slow = scriptedNode({ type: "slow", script: [{ output: 1, afterMs: 50 }] });
    const result = await run(flow("a>e b", { b: { type: "slow" }, e: { type: "end" } }), {
      nodes: [slow],
      advance: 50,
    });
    expect(result.nodes["b"]?.status).toBe("completed");
    expect(result.durationMs).toBe(50);
  });
});
