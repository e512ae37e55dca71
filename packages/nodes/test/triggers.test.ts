import { createEngine, defineNode, type Engine, type WorkflowDefinition } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { silentLogger } from "@automatrix/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createTriggers, signWebhook, standardNodes, type Triggers, type TriggersOptions } from "../src/index.js";

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const boom = defineNode({
  type: "boom",
  execute: () => {
    throw new Error("boom");
  },
});

async function scene(options: TriggersOptions = {}): Promise<{ engine: Engine; triggers: Triggers }> {
  const engine = createEngine({ storage: memoryStorage(), nodes: [...standardNodes(), boom], logger: silentLogger });
  await engine.start();
  opened.push(() => engine.close());
  const triggers = createTriggers(engine, { refreshMs: 0, ...options });
  opened.push(() => triggers.close());
  return { engine, triggers };
}

function workflow(id: string, nodes: WorkflowDefinition["nodes"], links = ""): WorkflowDefinition & { id: string } {
  const edges = links === "" ? [] : links.split(" ").map((link) => link.split(">") as [string, string]);
  return { id, nodes, edges: edges.map(([source, target]) => ({ source, target })) };
}

const listener = (id: string, data: Readonly<Record<string, unknown>>) =>
  workflow(id, [{ id: "on", type: "event_trigger", data }]);

describe("event triggers", () => {
  it("start what listens to the name, with the payload as input, and once a key", async () => {
    const { engine, triggers } = await scene();
    await engine.saveWorkflow(listener("a", { event: "order.paid" }));
    await engine.saveWorkflow(listener("b", { event: "order.paid", filter: "{{ input.amount > 100 }}" }));
    await engine.saveWorkflow(listener("c", { event: "order.sent" }));
    const event = { name: "order.paid", payload: { amount: 50 }, idempotencyKey: "o1" };
    const [first, ...others] = await triggers.emit(event);
    expect(others).toEqual([]);
    expect((await first?.result())?.output).toEqual({ amount: 50 });
    expect((await triggers.emit(event)).map(({ id }) => id)).toEqual([first?.id]);
    const large = await triggers.emit({ name: "order.paid", payload: { amount: 101 } });
    expect(await workflowsOf(engine, large)).toEqual(["a", "b"]);
    expect((await engine.getExecution(large[0]?.id as string)).metadata).toEqual({
      trigger: { type: "event", event: "order.paid" },
    });
  });

  it("let nothing through when their filter cannot be worked out, and say so", async () => {
    const errors: string[] = [];
    const { engine, triggers } = await scene({ onError: (error) => errors.push(String(error)) });
    await engine.saveWorkflow(listener("a", { event: "e", filter: "input.amount > 1" }));
    expect(await triggers.emit({ name: "e", payload: { amount: "many" } })).toEqual([]);
    expect(errors).toEqual(['Error: The filter of trigger "on" of workflow "a" cannot be worked out.']);
    expect(await triggers.emit({ name: "e", payload: { amount: 2 } })).toHaveLength(1);
  });

  it("are not fired when disabled", async () => {
    const { engine, triggers } = await scene();
    const definition = workflow("a", [
      { id: "on", type: "event_trigger", data: { event: "e" }, disabled: true },
      { id: "start", type: "start" },
    ]);
    await engine.saveWorkflow(definition);
    expect(await triggers.emit({ name: "e", payload: {} })).toEqual([]);
  });
});

const request = (body: unknown, parts: Readonly<Record<string, unknown>> = {}) => ({
  method: "POST",
  path: "/hooks/t",
  headers: { "Content-Type": "application/json" },
  query: { q: "1" },
  rawBody: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
  ...parts,
});

async function hook(data: Readonly<Record<string, unknown>>, options: TriggersOptions = {}, more = "") {
  const { engine, triggers } = await scene(options);
  const nodes = [
    { id: "hook", type: "webhook_trigger", data },
    { id: "answer", type: "respond_to_webhook", data: { status: 201, body: { got: "{{ trigger.body }}" } } },
    { id: "slow", type: "delay", data: { durationMs: 50 } },
    { id: "end", type: "end", data: { output: { done: true } } },
    { id: "boom", type: "boom" },
  ].filter(({ id }) => id === "hook" || more.includes(id));
  await engine.saveWorkflow(workflow("w", nodes, more));
  return (given: ReturnType<typeof request>) => triggers.receive({ workflowId: "w" }, given);
}

describe("webhook triggers", () => {
  it("answer at once with the execution", async () => {
    const receive = await hook({});
    const answer = await receive(request({ lead: 7 }));
    expect(answer).toMatchObject({ status: 202, body: { execution_id: answer.executionId } });
  });

  it("answer with the output, which is the request where nothing else follows", async () => {
    const receive = await hook({ respond: "last_node" });
    expect((await receive(request({ lead: 7 }))).body).toEqual({
      method: "POST",
      path: "/hooks/t",
      headers: { "content-type": "application/json" },
      query: { q: "1" },
      body: { lead: 7 },
    });
  });

  it("answer with what a node says, before the execution ends", async () => {
    const receive = await hook({ respond: "respond_node" }, {}, "hook>answer answer>slow slow>end");
    expect(await receive(request({ lead: 7 }))).toMatchObject({ status: 201, body: { got: { lead: 7 } } });
  });

  it("answer with the output when no node answers, and with 500 when the execution fails", async () => {
    const without = await hook({ respond: "respond_node" }, {}, "hook>end");
    expect(await without(request({}))).toMatchObject({ status: 200, body: { done: true } });
    const failing = await hook({ respond: "respond_node" }, {}, "hook>boom boom>answer");
    expect(await failing(request({}))).toMatchObject({ status: 500, body: { error: { code: "node_failed" } } });
  });

  it("answer with 504 when it takes too long, and the execution goes on", async () => {
    const receive = await hook({ respond: "last_node" }, { answerWithinMs: 5 }, "hook>slow slow>end");
    expect((await receive(request({}))).status).toBe(504);
  });

  it("refuse other methods, naming those they take", async () => {
    const receive = await hook({ methods: ["post", "PUT"] });
    expect(await receive(request({}, { method: "GET" }))).toMatchObject({
      status: 405,
      headers: { allow: "POST, PUT" },
    });
    expect((await receive(request({}, { method: "put" }))).status).toBe(202);
  });

  it.each([
    ["json that is broken", "{", "application/json", 400],
    ["text", "hello", "text/plain", 202],
    ["a form", "a=1&b=2", "application/x-www-form-urlencoded", 202],
    ["nothing", "", "application/json", 202],
  ])("take %s", async (_, body, type, status) => {
    const receive = await hook({});
    expect((await receive(request(body, { headers: { "content-type": type } }))).status).toBe(status);
  });

  it("want a signature where there is a secret: of the body, with a timestamp that is recent", async () => {
    const now = Date.UTC(2026, 0, 1);
    const receive = await hook({ secret: "s3cret" }, { now: () => now });
    const body = JSON.stringify({ a: 1 });
    const send = async (headers: Readonly<Record<string, string>>, sent = body) =>
      (await receive(request(sent, { headers: { "content-type": "application/json", ...headers } }))).status;
    expect(await send({})).toBe(401);
    expect(await send({ "X-Signature-256": "sha256=00" })).toBe(401);
    expect(await send({ "X-Signature-256": signWebhook(body, "other") })).toBe(401);
    expect(await send({ "X-Signature-256": signWebhook(body, "s3cret") })).toBe(202);
    expect(await send({ "X-Signature-256": signWebhook(body, "s3cret") }, `${body} `)).toBe(401);
    const stamped = (at: number) => ({
      "X-Timestamp": String(at),
      "X-Signature-256": signWebhook(body, "s3cret", String(at)),
    });
    expect(await send(stamped(now / 1_000 - 60))).toBe(202);
    expect(await send(stamped(now - 60_000))).toBe(202);
    expect(await send(stamped(now / 1_000 - 301))).toBe(401);
    expect(await send({ ...stamped(now / 1_000), "X-Timestamp": String(now / 1_000 - 1) })).toBe(401);
  });

  it("find the secret under the name of a credential", async () => {
    const secrets = { get: async (name: string) => (name === "shop" ? { value: "k3y" } : undefined) };
    const receive = await hook({ secret: "shop" }, { secrets });
    const body = "{}";
    const send = async (secret: string) =>
      (await receive(request(body, { headers: { "X-Signature-256": signWebhook(body, secret) } }))).status;
    expect([await send("shop"), await send("k3y")]).toEqual([401, 202]);
  });

  it("reject for a workflow that is not there or has no webhook", async () => {
    const { engine, triggers } = await scene();
    await engine.saveWorkflow(listener("w", { event: "e" }));
    await expect(triggers.receive({ workflowId: "none" }, request({}))).rejects.toMatchObject({
      code: "workflow_not_found",
    });
    await expect(triggers.receive({ workflowId: "w" }, request({}))).rejects.toMatchObject({ code: "node_not_found" });
  });
});

describe("error triggers", () => {
  const failing = workflow("failing", [{ id: "b", type: "boom" }]);
  const handler = (id: string, data = {}) =>
    workflow(
      id,
      [
        { id: "on", type: "error_trigger", data },
        { id: "end", type: "end", data: { output: "{{ input }}" } },
      ],
      "on>end",
    );

  it("start once for each failure of a workflow they are meant for", async () => {
    const { engine, triggers } = await scene();
    await engine.saveWorkflow(failing);
    await engine.saveWorkflow(handler("all"));
    await engine.saveWorkflow(handler("some", { workflowIds: ["other"] }));
    triggers.watchFailures();
    const failed = await engine.run("failing");
    const started = await startedBy(engine, "all", 1);
    expect(started[0]).toMatchObject({ metadata: { trigger: { type: "error", executionId: failed.id } } });
    const { output } = await engine.getExecution(started[0]?.id as string);
    expect(output).toMatchObject({
      execution: { id: failed.id, workflowId: "failing", status: "failed" },
      error: { code: "node_failed", nodeId: "b" },
    });
    expect(await engine.listExecutions({ workflowId: "some" })).toMatchObject({ items: [] });
  });

  it("start for failures that nobody heard of, and not twice", async () => {
    const { engine, triggers } = await scene();
    await engine.saveWorkflow(failing);
    await engine.saveWorkflow(handler("all"));
    await engine.run("failing");
    triggers.watchFailures();
    await startedBy(engine, "all", 1);
    await triggers.close();
    const again = createTriggers(engine, { refreshMs: 0 });
    again.watchFailures();
    await engine.run("failing");
    await startedBy(engine, "all", 2);
    await again.close();
    expect((await engine.listExecutions({ workflowId: "all" })).items).toHaveLength(2);
  });

  it("start nothing when a workflow that they started fails", async () => {
    const { engine, triggers } = await scene();
    await engine.saveWorkflow(failing);
    const nodes = [
      { id: "on", type: "error_trigger" },
      { id: "b", type: "boom" },
    ];
    await engine.saveWorkflow(workflow("one", nodes, "on>b"));
    await engine.saveWorkflow(workflow("two", nodes, "on>b"));
    triggers.watchFailures();
    await engine.run("failing");
    await startedBy(engine, "one", 1);
    await startedBy(engine, "two", 1);
    await triggers.close();
    expect((await engine.listExecutions({ limit: 100 })).items).toHaveLength(3);
  });

  it("start nothing when one of them fails, whoever started it", async () => {
    const { engine, triggers } = await scene();
    const nodes = [
      { id: "on", type: "error_trigger" },
      { id: "b", type: "boom" },
    ];
    await engine.saveWorkflow(workflow("one", nodes, "on>b"));
    await engine.saveWorkflow(handler("two"));
    await engine.saveWorkflow(failing);
    triggers.watchFailures();
    await engine.run("one");
    await engine.run("failing");
    await startedBy(engine, "two", 1);
    await triggers.close();
    expect((await engine.listExecutions({ workflowId: "two" })).items).toHaveLength(1);
  });
});

describe("schedule triggers", () => {
  it("become schedules that fire their node, follow changes, and go with the workflow", async () => {
    const { engine, triggers } = await scene();
    const withCron = (crons: readonly string[]) =>
      workflow("w", [
        ...crons.map((cron, index) => ({
          id: `s${index}`,
          type: "schedule_trigger",
          data: { cron, timezone: "Europe/Berlin" },
        })),
        { id: "start", type: "start" },
      ]);
    await engine.saveWorkflow(withCron(["0 9 * * *", "0 18 * * *"]));
    const [morning, evening] = await triggers.sync("w");
    expect(morning).toMatchObject({ id: "trigger:w:s0", cron: "0 9 * * *", timeZone: "Europe/Berlin", trigger: "s0" });
    const { executionId } = await engine.schedules.trigger(evening?.id as string);
    const handle = await engine.getNodeExecutions(executionId as string);
    expect(handle.find(({ status }) => status === "completed")?.path).toBe("s1");
    await engine.saveWorkflow(withCron(["30 9 * * *"]));
    expect((await triggers.sync("w")).map(({ id, cron }) => [id, cron])).toEqual([["trigger:w:s0", "30 9 * * *"]]);
    expect((await engine.schedules.list({})).items).toHaveLength(1);
    await engine.deleteWorkflow("w");
    expect(await triggers.sync("w")).toEqual([]);
    expect((await engine.schedules.list({})).items).toEqual([]);
  });

  it("say what is wrong with them", async () => {
    const { engine, triggers } = await scene();
    const data = { cron: "61 * * * *", timezone: "Mars/Olympus" };
    await expect(
      engine.saveWorkflow(workflow("w", [{ id: "s", type: "schedule_trigger", data }])),
    ).rejects.toMatchObject({ issues: [{ path: "/nodes/0/data/cron" }, { path: "/nodes/0/data/timezone" }] });
    await engine.saveWorkflow(
      workflow("w", [{ id: "s", type: "schedule_trigger", data: { cron: "{{ vars.cron }}" } }]),
    );
    await expect(triggers.sync("w")).rejects.toMatchObject({ code: "invalid_schedule" });
  });
});

async function workflowsOf(engine: Engine, handles: readonly { readonly id: string }[]): Promise<readonly unknown[]> {
  const records = await Promise.all(handles.map(({ id }) => engine.getExecution(id)));
  return records.map(({ workflowId }) => workflowId).sort();
}

async function startedBy(engine: Engine, workflowId: string, count: number) {
  for (;;) {
    const { items } = await engine.listExecutions({ workflowId });
    if (items.length >= count && items.every(({ endedAt }) => endedAt !== null)) return items;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
