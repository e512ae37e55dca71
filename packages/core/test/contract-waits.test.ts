import { describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { testEngine } from "../src/testing/index.js";
import { flow } from "./support/workflow.js";

const MAX_UNREAD = 1_000;
const waiting = defineNode({ type: "waiting", execute: (ctx) => ctx.wait.signal("go") });
const approving = defineNode({
  type: "approving",
  ports: ["approved", "rejected"],
  execute: (ctx) => ctx.wait.approval({ message: "ok?" }),
});
/** Takes signals until one says so. */
const consuming = defineNode({
  type: "consuming",
  execute: (ctx) => ctx.wait.signal("go"),
  resume: (ctx, outcome) =>
    outcome.kind === "signal" && outcome.payload !== "stop" ? ctx.wait.signal("go") : { stopped: true },
});

describe("an inbox full of what nobody wants", () => {
  it("takes no more of it, and lets through what a node waits for", async () => {
    await using engine = await testEngine({ nodes: [waiting] });
    const handle = await engine.execute(flow("a", { a: { type: "waiting" } }));
    await engine.runUntilIdle();
    for (let count = 0; count < MAX_UNREAD; count++) await engine.signal(handle.id, "other", count);
    await expect(engine.signal(handle.id, "other")).rejects.toMatchObject({ code: "inbox_full" });
    expect(await engine.signal(handle.id, "go", "through")).toEqual({ duplicate: false });
    expect((await handle.result()).output).toBe("through");
  });

  it("keeps no decision away", async () => {
    await using engine = await testEngine({ nodes: [approving] });
    const handle = await engine.execute(flow("a", { a: { type: "approving" } }));
    await engine.runUntilIdle();
    for (let count = 0; count < MAX_UNREAD; count++) await engine.signal(handle.id, "other", count);
    const answer = await engine.decideApproval(handle.id, "a", { decision: "approve", by: "ann" });
    expect(answer).toMatchObject({ status: "approved" });
    expect((await handle.result()).status).toBe("completed");
  });
});

describe("10,000 signals", () => {
  it("sent one after the other reach the node that takes them, each once", async () => {
    await using engine = await testEngine({ nodes: [consuming] });
    const handle = await engine.execute(flow("a", { a: { type: "consuming" } }));
    await engine.runUntilIdle();
    for (let count = 0; count < 10_000; count++) await engine.signal(handle.id, "go", count);
    await engine.signal(handle.id, "go", "stop");
    expect((await handle.result()).output).toEqual({ stopped: true });
    const journal = await engine.getJournal(handle.id);
    const received = journal.filter(({ type }) => type === "signal.received").map(({ data }) => data.payload);
    expect(received).toEqual([...Array(10_000).keys(), "stop"]);
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, index) => index + 1));
  });
});
