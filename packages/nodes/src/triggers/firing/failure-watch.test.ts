import { createEngine, defineNode, type Engine, type WorkflowDefinition } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { silentLogger, testClock } from "@automatrix/core/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { standardNodes } from "../../standard-nodes.js";
import { FailureWatch, type FailureWatchParams } from "./failure-watch.js";
import { TriggerIndex } from "./trigger-index.js";

const LOOK_BACK_MS = 600_000;
const LOOK_EVERY_MS = 60_000;

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  vi.useRealTimers();
});

const boom = defineNode({
  type: "boom",
  execute: () => {
    throw new Error("boom");
  },
});

const failing: WorkflowDefinition & { readonly id: string } = { id: "failing", nodes: [{ id: "b", type: "boom" }] };

/** Error workflows by id, each with the tenant that its source names. */
type ErrorWorkflows = Readonly<Record<string, string | null | undefined>>;

async function scene(errorWorkflows: ErrorWorkflows, { isTenantNamed = true } = {}) {
  const clock = testClock();
  const nodes = [...standardNodes(), boom];
  const engine = createEngine({ storage: memoryStorage(), nodes, clock, logger: silentLogger });
  await engine.start();
  opened.push(() => engine.close());
  await engine.saveWorkflow(failing);
  for (const id of Object.keys(errorWorkflows))
    await engine.saveWorkflow({ id, nodes: [{ id: "on", type: "error_trigger" }] });
  async function* source() {
    for (const [id, tenant] of Object.entries(errorWorkflows)) {
      const workflow = await engine.getWorkflow(id);
      yield isTenantNamed ? { ...workflow, tenant } : workflow;
    }
  }
  const index = new TriggerIndex({ source, refreshMs: 0, now: () => clock.now() });
  const onError = vi.fn<(error: unknown) => void>();
  const watch = (params: Partial<FailureWatchParams> = {}) => {
    const watching = new FailureWatch({
      engine,
      index,
      lookBackMs: LOOK_BACK_MS,
      lookEveryMs: LOOK_EVERY_MS,
      now: () => clock.now(),
      onError,
      ...params,
    });
    opened.push(() => watching.close());
    return watching;
  };
  return { engine, clock, watch, onError };
}

async function fail(engine: Engine, tenant?: string): Promise<void> {
  await engine.run("failing", tenant === undefined ? {} : { tenant });
}

/** The tenants of the executions of a workflow, the oldest first. */
async function tenantsOf(engine: Engine, workflowId: string): Promise<readonly (string | null)[]> {
  const { items } = await engine.listExecutions({ workflowId, limit: 1_000 });
  return items.map(({ tenant }) => tenant).reverse();
}

describe("a failure of a tenant", () => {
  it("starts the error workflows of that tenant and of every tenant, and of no other", async () => {
    const { engine, watch } = await scene({ a: "A", b: "B", none: null, every: undefined });
    await fail(engine, "A");
    await watch().close();
    expect(await tenantsOf(engine, "a")).toEqual(["A"]);
    expect(await tenantsOf(engine, "b")).toEqual([]);
    expect(await tenantsOf(engine, "none")).toEqual([]);
    expect(await tenantsOf(engine, "every")).toEqual(["A"]);
  });

  it("starts nothing of the first tenant when it is the second that fails", async () => {
    const { engine, watch } = await scene({ a: "A", b: "B" });
    await fail(engine, "B");
    await watch().close();
    expect(await tenantsOf(engine, "a")).toEqual([]);
    expect(await tenantsOf(engine, "b")).toEqual(["B"]);
  });

  it("starts those of no tenant when the execution has none", async () => {
    const { engine, watch } = await scene({ a: "A", none: null, every: undefined });
    await fail(engine);
    await watch().close();
    expect(await tenantsOf(engine, "a")).toEqual([]);
    expect(await tenantsOf(engine, "none")).toEqual([null]);
    expect(await tenantsOf(engine, "every")).toEqual([null]);
  });

  it("starts all of them where the source tells no tenants", async () => {
    const { engine, watch } = await scene({ one: undefined, two: undefined }, { isTenantNamed: false });
    await fail(engine, "A");
    await fail(engine);
    await watch().close();
    // The newest failure is caught up with first.
    expect(await tenantsOf(engine, "one")).toEqual([null, "A"]);
    expect(await tenantsOf(engine, "two")).toEqual([null, "A"]);
  });

  it("stays with its tenant also when it is heard of as it happens", async () => {
    const { engine, watch } = await scene({ a: "A", b: "B" });
    watch();
    const ended = new Promise<void>((resolve) => {
      engine.on("execution.completed", async () => {
        const counts = [await tenantsOf(engine, "a"), await tenantsOf(engine, "b")].map(({ length }) => length);
        if (counts.every((count) => count > 0)) resolve();
      });
    });
    await fail(engine, "A");
    await fail(engine, "B");
    await ended;
    expect(await tenantsOf(engine, "a")).toEqual(["A"]);
    expect(await tenantsOf(engine, "b")).toEqual(["B"]);
  });
});

describe("catching up", () => {
  const BURST = 250;

  it("reads on after the first page of failures", async () => {
    const { engine, watch, onError } = await scene({ all: undefined });
    for (let count = 0; count < BURST; count += 1) await fail(engine);
    const lastStarted = new Promise<void>((resolve) => {
      let started = 0;
      engine.on("execution.completed", () => {
        started += 1;
        if (started === BURST) resolve();
      });
    });
    watch();
    await lastStarted;
    expect(await tenantsOf(engine, "all")).toHaveLength(BURST);
    expect(onError).not.toHaveBeenCalled();
  });

  it("leaves out what failed long ago, and none that ran for long", async () => {
    const { engine, clock, watch } = await scene({ all: undefined });
    await engine.saveWorkflow({
      id: "slow",
      nodes: [
        { id: "wait", type: "delay", data: { durationMs: 2 * LOOK_BACK_MS } },
        { id: "b", type: "boom" },
      ],
      edges: [{ source: "wait", target: "b" }],
    });
    const slow = await engine.execute("slow");
    for (let count = 0; count < BURST; count += 1) await fail(engine);
    await clock.advance(2 * LOOK_BACK_MS);
    expect((await slow.result()).status).toBe("failed");
    const list = vi.spyOn(engine, "listExecutions");
    watch();
    await clock.settle();
    expect(list).toHaveBeenCalledTimes(1);
    const { items } = await engine.listExecutions({ workflowId: "all" });
    expect(items.map(({ metadata }) => metadata["trigger"])).toEqual([{ type: "error", executionId: slow.id }]);
  });

  it("ends at its bound and says so", async () => {
    const { engine, watch, onError } = await scene({ all: undefined });
    await fail(engine);
    const { items } = await engine.listExecutions({ status: "failed" });
    const told = new Promise<unknown>((resolve) => onError.mockImplementation(resolve));
    const list = vi.spyOn(engine, "listExecutions").mockResolvedValue({ items, nextCursor: "next" });
    watch();
    expect(String(await told)).toContain("newest 10000 failures");
    expect(list).toHaveBeenCalledTimes(100);
  });

  it("does not ask again for what it has started", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { engine, watch } = await scene({ all: undefined });
    await fail(engine);
    const execute = vi.spyOn(engine, "execute");
    const list = vi.spyOn(engine, "listExecutions");
    const watching = watch();
    vi.advanceTimersByTime(2 * LOOK_EVERY_MS);
    await watching.close();
    expect(list).toHaveBeenCalledTimes(3);
    expect(execute).toHaveBeenCalledTimes(1);
  });
});
