import { describe, expect, it } from "vitest";
import { defineNode, type WorkflowSettings } from "../src/index.js";
import { type TestEngineOptions, testEngine } from "../src/testing/index.js";
import { flow } from "./support/workflow.js";

/** Runs for as long as its input says, counting how many run at once. */
function meter() {
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  const order: unknown[] = [];
  const node = defineNode({
    type: "work",
    async execute(ctx) {
      const { key = "", ms = 1_000, name } = ctx.input as { key?: string; ms?: number; name?: unknown };
      order.push(name);
      running.set(key, (running.get(key) ?? 0) + 1);
      most.set(key, Math.max(most.get(key) ?? 0, running.get(key) as number));
      await new Promise<void>((resolve) => ctx.clock.setTimer(ctx.clock.now() + ms, resolve));
      running.set(key, (running.get(key) as number) - 1);
      return name ?? null;
    },
  });
  return { node, most, order };
}

const limited = (settings: WorkflowSettings) => flow("a", { a: { type: "work" } }, settings);

async function start(node: ReturnType<typeof meter>["node"], options: TestEngineOptions = {}) {
  return testEngine({ ...options, nodes: [node, ...(options.nodes ?? [])] });
}

describe("settings.concurrency", () => {
  it("lets only so many executions of a workflow run at once", async () => {
    const { node, most } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 2 } });
    const runs = Array.from({ length: 7 }, () => engine.run(definition, { input: {} }));
    await engine.advance(10_000);
    expect((await Promise.all(runs)).map(({ status }) => status)).toEqual(Array(7).fill("completed"));
    expect(most.get("")).toBe(2);
  });

  it("counts each value of its key apart", async () => {
    const { node, most } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 1, key: "{{key}}" } });
    const runs = ["x", "y", "x", "y", "x"].map((key) => engine.run(definition, { input: { key } }));
    await engine.advance(5_000);
    await Promise.all(runs);
    expect([most.get("x"), most.get("y")]).toEqual([1, 1]);
  });

  it("takes a key given at the start", async () => {
    const { node, most } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 1 } });
    const runs = ["x", "y"].map((key) => engine.run(definition, { input: { key }, concurrencyKey: key }));
    await engine.advance(1_000);
    await Promise.all(runs);
    expect([most.get("x"), most.get("y")]).toEqual([1, 1]);
  });

  it("does not count those that wait", async () => {
    const { node } = meter();
    const asking = defineNode({ type: "asking", execute: (ctx) => ctx.wait.signal("go") });
    await using engine = await start(node, { nodes: [asking] });
    const definition = flow("a", { a: { type: "asking" } }, { concurrency: { limit: 1 } });
    const handles = [
      await engine.execute(definition),
      await engine.execute(definition),
      await engine.execute(definition),
    ];
    await engine.advance(2_000);
    for (const { id } of handles) expect((await engine.getExecution(id)).status).toBe("waiting");
    for (const { id } of handles) await engine.signal(id, "go");
    await engine.advance(5_000);
    for (const handle of handles) expect((await handle.result()).status).toBe("completed");
  });

  it("refuses at once with onLimit reject", async () => {
    const { node } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 1, onLimit: "reject" } });
    const first = await engine.execute(definition, { input: {} });
    await expect(engine.execute(definition, { input: {} })).rejects.toMatchObject({ code: "limit_reached" });
    await engine.advance(2_000);
    expect((await first.result()).status).toBe("completed");
    const second = await engine.execute(definition, { input: {} });
    await engine.advance(2_000);
    expect((await second.result()).status).toBe("completed");
  });

  it("names the workflow that has reached its limit by its name, else by its id, else not at all", async () => {
    const { node } = meter();
    await using engine = await start(node);
    const { name: _, ...definition } = limited({ concurrency: { limit: 1, onLimit: "reject" } });
    const { id } = await engine.saveWorkflow(definition);
    for (const [target, subject] of [
      [{ ...definition, name: "bills" }, 'Workflow "bills" has'],
      [id, `Workflow "${id}" has`],
      [definition, "This workflow has"],
    ] as const) {
      await engine.execute(target, { input: {} });
      const refused = engine.execute(target, { input: {} });
      await expect(refused).rejects.toThrow(`${subject} 1 executions of this concurrency key already`);
    }
    await engine.advance(2_000);
  });

  it("cancels the oldest with onLimit cancel_oldest", async () => {
    const { node } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 1, onLimit: "cancel_oldest" } });
    const first = await engine.execute(definition, { input: {} });
    await engine.runUntilIdle();
    const second = await engine.execute(definition, { input: {} });
    await engine.advance(10_000);
    expect((await first.result()).status).toBe("cancelled");
    expect((await second.result()).status).toBe("completed");
  });

  it("refuses an input from which its key cannot be worked out, and nothing is started", async () => {
    const { node } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 1, key: "{{customer}}" } });
    await expect(engine.execute(definition, { input: {} })).rejects.toMatchObject({ code: "invalid_input" });
    expect((await engine.listExecutions()).items).toEqual([]);
  });

  it("says what a queued execution waits for", async () => {
    const { node } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 1 } });
    const first = await engine.execute(definition, { input: {} });
    const second = await engine.execute(definition, { input: {} });
    await engine.runUntilIdle();
    const why = await engine.explain(second.id);
    expect(why).toContain("limit");
    expect(why).toContain(first.id);
    await engine.advance(3_000);
  });

  it("names the limit of an execution whose rival is still queued", async () => {
    const { node } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 1 } });
    await engine.execute(definition, { input: {} });
    const second = await engine.execute(definition, { input: {} });
    const why = await engine.explain(second.id);
    expect(why).toContain("queued");
    expect(why).toContain("at most 1 execution with its concurrency key");
    await engine.advance(3_000);
  });

  it("ends a queued execution at once when it is cancelled", async () => {
    const { node, order } = meter();
    await using engine = await start(node);
    const definition = limited({ concurrency: { limit: 1 } });
    const first = await engine.execute(definition, { input: { name: 1 } });
    const second = await engine.execute(definition, { input: { name: 2 } });
    await engine.runUntilIdle();
    await second.cancel();
    expect((await second.result()).status).toBe("cancelled");
    await engine.advance(2_000);
    expect((await first.result()).status).toBe("completed");
    expect(order).toEqual([1]);
  });
});

describe("settings.rateLimit", () => {
  it("starts only so many in a window", async () => {
    const { node, order } = meter();
    await using engine = await start(node);
    const definition = limited({ rateLimit: { count: 2, perMs: 60_000 } });
    const runs = [1, 2, 3, 4, 5].map((name) => engine.run(definition, { input: { name, ms: 1 } }));
    await engine.advance(30_000);
    expect(order).toHaveLength(2);
    await engine.advance(35_000);
    expect(order).toHaveLength(4);
    await engine.advance(70_000);
    await Promise.all(runs);
    expect(order).toHaveLength(5);
  });
});

describe("what is queued", () => {
  it("starts by priority, then first come", async () => {
    const { node, order } = meter();
    await using engine = await start(node, { concurrency: { executions: 1 } });
    const priorities = [0, 0, 5, 1, 5];
    const runs = priorities.map((priority, name) => engine.run(limited({}), { input: { name }, priority }));
    await engine.advance(20_000);
    await Promise.all(runs);
    expect(order).toEqual([0, 2, 4, 3, 1]);
  });

  it("shares the places fairly among tenants", async () => {
    const { node, order } = meter();
    await using engine = await start(node, { concurrency: { executions: 2 } });
    const tenants = [..."aaaaaaaabb"];
    const runs = tenants.map((tenant, index) =>
      engine.run(limited({}), { input: { name: `${tenant}${index}` }, tenant }),
    );
    await engine.advance(20_000);
    await Promise.all(runs);
    const firstOfB = order.findIndex((name) => String(name).startsWith("b"));
    expect(firstOfB).toBeLessThanOrEqual(3);
  });
});
