import { createEngine, type Engine } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { silentLogger } from "@automatrix/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { standardNodes } from "../../standard-nodes.js";
import { createTriggers, type TriggersOptions } from "./triggers.js";

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function scene(toOptions: (engine: Engine) => TriggersOptions = () => ({})) {
  const engine = createEngine({ storage: memoryStorage(), nodes: standardNodes(), logger: silentLogger });
  await engine.start();
  opened.push(() => engine.close());
  const triggers = createTriggers(engine, { refreshMs: 0, ...toOptions(engine) });
  opened.push(() => triggers.close());
  const listen = (id: string, filter?: string | boolean) =>
    engine.saveWorkflow({
      id,
      nodes: [{ id: "on", type: "event_trigger", data: { event: "e", ...(filter === undefined ? {} : { filter }) } }],
    });
  /** Emits, and tells which workflows it started for whom. */
  const emit = async (payload: unknown, tenant?: string): Promise<readonly unknown[]> => {
    const started = await triggers.emit({ name: "e", payload, ...(tenant === undefined ? {} : { tenant }) });
    const executions = await Promise.all(started.map(({ id }) => engine.getExecution(id)));
    return executions.map((execution) => [execution.workflowId, execution.tenant]);
  };
  return { engine, triggers, listen, emit };
}

describe("an event of a tenant", () => {
  async function tenants() {
    const of = { a: "A", b: "B", none: null, every: undefined };
    const { listen, emit } = await scene((engine) => ({
      async *workflows() {
        for (const [id, tenant] of Object.entries(of)) yield { ...(await engine.getWorkflow(id)), tenant };
      },
    }));
    for (const id of Object.keys(of)) await listen(id);
    return emit;
  }

  it.each([
    ["A", "a"],
    ["B", "b"],
  ])("starts the workflows of %s and of every tenant, and of no other", async (tenant, own) => {
    const emit = await tenants();
    expect(await emit({}, tenant)).toEqual([
      [own, tenant],
      ["every", tenant],
    ]);
  });

  it("starts those of no tenant and of every tenant when it has none", async () => {
    const emit = await tenants();
    expect(await emit({})).toEqual([
      ["none", null],
      ["every", null],
    ]);
  });

  it("starts every workflow where the source tells no tenants", async () => {
    const { listen, emit } = await scene();
    await listen("one");
    expect(await emit({}, "A")).toEqual([["one", "A"]]);
    expect(await emit({})).toEqual([["one", null]]);
  });
});

describe("a webhook of a tenant", () => {
  const request = { method: "POST", path: "/hook", query: {}, headers: {}, rawBody: new Uint8Array() };

  async function webhooks() {
    const of = { a: "A", none: null, every: undefined };
    const { engine, triggers } = await scene((engine) => ({
      async *workflows() {
        for (const [id, tenant] of Object.entries(of)) yield { ...(await engine.getWorkflow(id)), tenant };
      },
    }));
    for (const id of Object.keys(of)) await engine.saveWorkflow({ id, nodes: [{ id: "on", type: "webhook_trigger" }] });
    return async (workflowId: string, tenant?: string) => {
      await triggers.receive({ workflowId, ...(tenant === undefined ? {} : { tenant }) }, request);
      const { items } = await engine.listExecutions({ workflowId });
      return items.map((execution) => execution.tenant);
    };
  }

  it("starts for whom it was called, or for the tenant of its workflow", async () => {
    const call = await webhooks();
    expect(await call("a", "A")).toEqual(["A"]);
    expect(await call("a")).toEqual(["A", "A"]);
    expect(await call("none")).toEqual([null]);
    expect(await call("every", "B")).toEqual(["B"]);
  });

  it.each([
    ["a", "B"],
    ["none", "B"],
  ])("is not found when %s is called for %s", async (workflowId, tenant) => {
    const call = await webhooks();
    await expect(call(workflowId, tenant)).rejects.toMatchObject({ code: "workflow_not_found" });
  });
});

describe("the filter of an event", () => {
  it.each([
    ["yes", true],
    [1, true],
    [[], true],
    ["", false],
    [0, false],
    [null, false],
    [false, false],
  ])("takes %j as a condition does: %s", async (value, isStarted) => {
    const { listen, emit } = await scene();
    await listen("braced", "{{ input.value }}");
    await listen("bare", "input.value");
    await listen("spaced", " {{ input.value }} ");
    expect(await emit({ value })).toHaveLength(isStarted ? 3 : 0);
  });

  it("lets everything through or nothing when it is true or false", async () => {
    const { listen, emit } = await scene();
    await listen("open", true);
    await listen("shut", false);
    expect(await emit({})).toEqual([["open", null]]);
  });

  it("lets nothing through when it is text around braces, which would always be true", async () => {
    const errors: string[] = [];
    const { engine, emit } = await scene((host) => ({
      onError: (error) => errors.push(String(error)),
      async *workflows() {
        const { id, version } = await host.getWorkflow("a");
        const data = { event: "e", filter: "{{ input.a }} > {{ input.b }}" };
        yield { id, version, definition: { nodes: [{ id: "on", type: "event_trigger", data }] } };
      },
    }));
    await engine.saveWorkflow({ id: "a", nodes: [{ id: "on", type: "event_trigger", data: { event: "e" } }] });
    expect(await emit({ a: 2, b: 1 })).toEqual([]);
    expect(errors).toEqual(['Error: The filter of trigger "on" of workflow "a" cannot be worked out.']);
  });
});
