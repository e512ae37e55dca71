import { describe, expect, it } from "vitest";
import { createEngine, defineNode, type NodeType } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { silentLogger, testClock } from "../src/testing/index.js";
import { flow } from "./support/workflow.js";

const first = defineNode({ type: "asking", version: 1, execute: (ctx) => ctx.wait.signal("go") });
const calling = defineNode({
  type: "calling",
  execute: (ctx) => ctx.wait.execution({ nodes: [{ id: "k", type: "asking" }] }),
});

/** An execution that waits for a signal, in a store that is opened again without its node type. */
async function setAside(definition = flow("a", { a: { type: "asking", version: 1 } })) {
  const clock = testClock();
  const storage = memoryStorage({ clock });
  const open = async (nodes: readonly NodeType[]) => {
    const engine = createEngine({ storage, clock, nodes, logger: silentLogger });
    await engine.start();
    return engine;
  };
  const before = await open([first, calling]);
  const { id } = await before.execute(definition);
  await clock.settle();
  const { items } = await before.listExecutions({ parentId: id });
  await before.close();
  const engine = await open([calling]);
  const waitingId = items[0]?.id ?? id;
  await engine.signal(waitingId, "go", "answer");
  await clock.settle();
  return { clock, engine, id, waitingId, open };
}

describe("an execution whose node type is gone", () => {
  it("waits, blocked, and says what would move it", async () => {
    const { engine, id } = await setAside();
    expect(await engine.getExecution(id)).toMatchObject({
      status: "waiting",
      blocked: { code: "node_type_missing", message: "node type asking@1 is not registered" },
    });
    expect(await engine.explain(id)).toContain("blocked: node type asking@1 is not registered");
    await engine.close();
  });

  it("is cancelled all the same", async () => {
    const { clock, engine, id } = await setAside();
    const handle = await engine.resume(id);
    const result = handle.result();
    await clock.settle();
    await engine.cancel(id, "not needed");
    await clock.settle();
    expect(await result).toMatchObject({
      status: "cancelled",
      output: null,
      error: { code: "execution_cancelled", message: "not needed" },
      nodes: { a: { status: "cancelled", attempts: 1 } },
    });
    expect(await engine.getExecution(id)).toMatchObject({ status: "cancelled", blocked: null });
    const journal = await engine.getJournal(id);
    expect(journal.at(-1)).toMatchObject({ type: "execution.cancelled", seq: journal.length });
    await engine.close();
  });

  it("tells its parent that it was cancelled, and is cancelled with it", async () => {
    const parent = flow("p", { p: { type: "calling" } });
    const one = await setAside(parent);
    await one.engine.cancel(one.waitingId, "stop");
    await one.clock.settle();
    expect(await one.engine.getExecution(one.id)).toMatchObject({ status: "failed", error: { code: "child_failed" } });
    await one.engine.close();
    const two = await setAside(parent);
    await two.engine.cancel(two.id);
    await two.clock.advance("10s");
    for (const id of [two.id, two.waitingId]) expect((await two.engine.getExecution(id)).status).toBe("cancelled");
    await two.engine.close();
  });

  it("goes on where it stood once the type is back and somebody resumes it", async () => {
    const { clock, engine, id, open } = await setAside();
    await engine.close();
    const mended = await open([first]);
    expect((await mended.getExecution(id)).blocked?.code).toBe("node_type_missing");
    const handle = await mended.resume(id);
    await clock.settle();
    expect(await handle.result()).toMatchObject({ status: "completed", output: "answer" });
    await mended.close();
  });
});
