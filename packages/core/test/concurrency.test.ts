import { describe, expect, it } from "vitest";
import type { WorkflowSettings } from "../src/index.js";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

/** Counts how many of it run at once. */
function counted(afterMs = 10) {
  let running = 0;
  let most = 0;
  const order: string[] = [];
  const node = scriptedNode({
    type: "counted",
    script: [
      (ctx) => {
        most = Math.max(most, ++running);
        order.push(`${ctx.nodePath}`);
        return new Promise(
          (resolve) => void ctx.clock.setTimer(ctx.clock.now() + afterMs, () => resolve(void running--)),
        );
      },
    ],
  });
  return { node, order, most: () => most };
}

const wide = (count: number, settings?: WorkflowSettings) =>
  flow(
    Array.from({ length: count }, (_, index) => `n${index}`).join(" "),
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, { type: "counted" }])),
    settings,
  );

describe("nodes", () => {
  it("of one execution never run more at once than maxConcurrency", async () => {
    const { node, most } = counted();
    await using engine = await testEngine({ nodes: [node] });
    const running = engine.run(wide(10, { maxConcurrency: 3 }));
    await engine.advance("1s");
    expect(await running).toMatchObject({ status: "completed", durationMs: 40 });
    expect(most()).toBe(3);
  });

  it("of all executions together never run more at once than concurrency.nodes", async () => {
    const { node, most } = counted();
    await using engine = await testEngine({ nodes: [node], concurrency: { nodes: 4 } });
    const running = Promise.all([engine.run(wide(5)), engine.run(wide(5)), engine.run(wide(5, { maxConcurrency: 2 }))]);
    await engine.advance("1s");
    expect((await running).map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
    expect(most()).toBe(4);
  });

  it("on the longest remaining path go first, then in definition order", async () => {
    const { node, order } = counted();
    await using engine = await testEngine({ nodes: [node] });
    const type = { type: "counted" };
    const running = engine.run(
      flow(
        "short other long>l2 l2>l3",
        { short: type, other: type, long: type, l2: type, l3: type },
        { maxConcurrency: 1 },
      ),
    );
    await engine.advance("1s");
    await running;
    expect(order).toEqual(["long", "l2", "short", "other", "l3"].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
    expect(order[0]).toBe("long");
    expect(order.indexOf("short")).toBeLessThan(order.indexOf("other"));
  });

  it("give their slot back when they fail, are cancelled, time out or wait", async () => {
    const nodes = [
      scriptedNode({ type: "hang", script: [{ hang: true }] }),
      scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.delay(5) }] }),
    ];
    await using engine = await testEngine({ nodes: [...BASIC_NODES, ...nodes], concurrency: { nodes: 1 } });
    const failed = engine.run(flow("f", { f: { type: "fail" } }));
    const timedOut = engine.run(flow("h", { h: { type: "hang", attemptTimeoutMs: 5, retry: { maxAttempts: 1 } } }));
    await engine.advance(5);
    const cancelled = await engine.execute(flow("h", { h: { type: "hang" } }));
    await engine.runUntilIdle();
    await cancelled.cancel();
    const waited = engine.run(flow("w>a", { w: { type: "waiting" } }));
    await engine.advance(5);
    expect([
      (await failed).status,
      (await timedOut).status,
      (await cancelled.result()).status,
      (await waited).status,
    ]).toEqual(["failed", "failed", "cancelled", "completed"]);
    expect((await engine.run(flow("a>b b>c"))).status).toBe("completed");
  });
});

describe("executions", () => {
  it("beyond concurrency.executions are queued and start in order of priority, then of arrival", async () => {
    const { node } = counted();
    await using engine = await testEngine({ nodes: [node], concurrency: { executions: 1 } });
    const started: string[] = [];
    engine.on("execution.started", ({ executionId }) => started.push(executionId));
    const handles = [];
    for (const priority of [0, 0, 5, -1, 5]) handles.push(await engine.execute(wide(1), { priority }));
    const ids = handles.map(({ id }) => id);
    expect((await engine.getExecution(ids[1] as string)).status).toBe("queued");
    expect(await engine.explain(ids[1] as string)).toContain("queued");
    await engine.advance("1s");
    expect(started).toEqual([ids[0], ids[2], ids[4], ids[1], ids[3]]);
    for (const handle of handles) expect((await handle.result()).durationMs).toBe(10);
  });

  it("give their slot back while they wait", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.signal("go") }] });
    await using engine = await testEngine({ nodes: [...BASIC_NODES, waiting], concurrency: { executions: 1 } });
    const parked = await engine.execute(flow("w>a", { w: { type: "waiting" } }));
    await engine.runUntilIdle();
    expect((await engine.run(flow("a"))).status).toBe("completed");
    await engine.signal(parked.id, "go");
    expect((await parked.result()).status).toBe("completed");
    expect((await engine.run(flow("a"))).status).toBe("completed");
  });

  it("take their priority from the settings unless told otherwise, and only integers", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const priorityOf = async (options: object) =>
      (await engine.getExecution((await engine.run(flow("a", {}, { priority: 7 }), options)).id)).priority;
    expect([await priorityOf({}), await priorityOf({ priority: -2 })]).toEqual([7, -2]);
    await expect(engine.run(flow("a"), { priority: 1.5 })).rejects.toMatchObject({ code: "invalid_input" });
  });
});
