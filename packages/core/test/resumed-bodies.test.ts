import { describe, expect, it } from "vitest";
import { defineNode, type WorkflowDefinition } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow } from "./support/workflow.js";

/** Waits, outside memory, for the signal `go`. */
const asking = defineNode({ type: "asking", execute: (ctx) => ctx.wait.signal("go") });
/** Runs one body after the other. */
const container = defineNode({
  type: "container",
  container: true,
  bodies: ["first", "second"],
  async execute(ctx) {
    await ctx.runBody(ctx.parameters["first"] as WorkflowDefinition, {}, "[0]");
    return ctx.runBody(ctx.parameters["second"] as WorkflowDefinition, {}, "[1]");
  },
});

const DEFINITION = flow("c", {
  c: { type: "container", data: { first: flow("p"), second: flow("q", { q: { type: "asking" } }) } },
});

/** Paths and statuses in the result of the process that ended the execution, and in the storage. */
async function endOutOfMemory(how: "cancel" | "signal") {
  await using engine = await testEngine({ nodes: [...BASIC_NODES, asking, container] });
  const handle = await engine.execute(DEFINITION);
  await engine.advance(1_000);
  expect(await engine.storage.getExecution(handle.id)).toMatchObject({ isParked: true });
  // Watched from here on: the result comes from the runner, not from the rows.
  const ended = handle.result();
  if (how === "cancel") await handle.cancel();
  else await engine.signal(handle.id, "go");
  const { nodes } = await ended;
  const stored = await engine.getNodeExecutions(handle.id);
  return {
    inResult: Object.fromEntries(Object.entries(nodes).map(([path, { status }]) => [path, status])),
    inStorage: Object.fromEntries(stored.map(({ path, status }) => [path, status])),
  };
}

describe("the result of an execution that was out of memory", () => {
  it("shows bodies that a cancel found waiting", async () => {
    const { inResult, inStorage } = await endOutOfMemory("cancel");
    expect(inResult).toEqual({ c: "cancelled", "c[0]/p": "completed", "c[1]/q": "cancelled" });
    expect(inResult).toEqual(inStorage);
  });

  it("shows bodies that had ended before", async () => {
    const { inResult, inStorage } = await endOutOfMemory("signal");
    expect(inResult).toEqual({ c: "completed", "c[0]/p": "completed", "c[1]/q": "completed" });
    expect(inResult).toEqual(inStorage);
  });
});

describe("a container that is retried after its execution was out of memory", () => {
  it("runs again what failed or was cancelled in its body, and nothing else", async () => {
    const flaky = scriptedNode({
      type: "flaky",
      script: [{ error: new Error("first"), afterMs: 10 }, { error: new Error("second"), afterMs: 10 }, { output: 1 }],
    });
    const other = scriptedNode({ type: "other", script: [{ wait: (wait) => wait.delay(20) }] });
    const counted = scriptedNode({ type: "counted" });
    const types = { p: { type: "counted" }, f: { type: "flaky" }, o: { type: "other" } };
    const data = { first: flow("p>f o", types), second: flow("q") };
    const retry = { delaysMs: [100], maxAttempts: 3, on: "any" as const };
    const nodes = [...BASIC_NODES, asking, container, flaky, other, counted];
    await using engine = await testEngine({ nodes });
    const handle = await engine.execute(flow("w>c", { w: { type: "asking" }, c: { type: "container", data, retry } }));
    await engine.advance(1_000);
    await engine.signal(handle.id, "go");
    await engine.advance(1_000);
    const result = await handle.result();
    expect(fates(result)).toMatchObject({ c: "completed", "c[0]/f": "completed", "c[0]/o": "completed" });
    expect([counted, flaky, other].map(({ calls }) => calls.length)).toEqual([1, 3, 3]);
  });
});
