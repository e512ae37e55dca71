import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, defineNode, type Engine, type WorkflowDefinition } from "@automatrix/core";
import { silentLogger } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { standardNodes } from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "automatrix-distribute-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** Engines on one file, each with a node `where` that tells which of them ran it. */
async function fleet(names: readonly string[], executions = 10) {
  const file = join(folder, `${files++}.db`);
  const ran: string[] = [];
  const engines: Engine[] = [];
  for (const name of names) {
    const where = defineNode({
      type: "where",
      async execute({ parameters }) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        if ((parameters as { fails?: boolean }).fails === true) throw new Error(`no ${name}`);
        ran.push(name);
        return { seen: (parameters as { seen?: unknown }).seen };
      },
    });
    const engine = createEngine({
      storage: sqliteStorage({ file, synchronous: "normal" }),
      nodes: [...standardNodes(), where],
      concurrency: { executions },
      lease: { sweepMs: 20 },
      logger: silentLogger,
    });
    await engine.start();
    engines.push(engine);
  }
  return { engines, ran, close: () => Promise.all(engines.map((engine) => engine.close())) };
}

function loop(data: Readonly<Record<string, unknown>>, body: WorkflowDefinition = SEEING): WorkflowDefinition {
  return {
    nodes: [
      { id: "set", type: "set_variables", data: { variables: { shop: "north" } } },
      { id: "loop", type: "for_each", data: { items: [1, 2, 3, 4, 5, 6, 7, 8], distribute: true, body, ...data } },
    ],
    edges: [{ source: "set", target: "loop" }],
  };
}

const SEEING = {
  nodes: [{ id: "w", type: "where", data: { seen: "{{ [input, item, index, shop] }}" } }],
};

describe("for_each with distribute", () => {
  it("runs items on any worker, with the input, variables and order that they would have here", async () => {
    const { engines, ran, close } = await fleet(["one", "two"], 3);
    const result = await (engines[0] as Engine).run(loop({}));
    expect(result.status).toBe("completed");
    expect(result.output).toEqual({
      results: Array.from({ length: 8 }, (_, index) => ({ seen: [index + 1, index + 1, index, "north"] })),
      errors: [],
    });
    expect(new Set(ran)).toEqual(new Set(["one", "two"]));
    expect(ran).toHaveLength(8);
    const { items } = await (engines[0] as Engine).listExecutions({ parentId: result.id });
    expect(items).toHaveLength(8);
    await close();
  });

  it.each([
    ["nodes upstream", "{{nodes.upstream.output.tag}}", "T"],
    ["nodes upstream in a nested list", "{{[trigger.xs, nodes.upstream.output.tag, item, index]}}", [[5], "T", 1, 0]],
    ["nodes by an id in brackets", `{{nodes["items"].output}}`, [7]],
    ["nodes by a computed id", "{{ nodes[trigger.id].output.tag }}", "T"],
    ["nodes that were skipped", "{{nodes.skipped.output}}", null],
    ["its own nodes first", "{{nodes.own.output}}", "own"],
    ["the input of the execution", "{{trigger}}", { xs: [5], id: "upstream" }],
    ["bare names of it", "{{xs}}", [5]],
  ])("shows the body %s as it would here", async (_what, output, expected) => {
    const { engines, close } = await fleet(["one"]);
    const end = (id: string, given: unknown) => ({ id, type: "end", data: { output: given } });
    const seeing = (data: object): WorkflowDefinition => ({
      nodes: [
        end("upstream", { tag: "T" }),
        end("items", [7]),
        { id: "never", type: "condition", data: { condition: "1 == 2" } },
        end("skipped", 1),
        end("own", "outer"),
        {
          id: "loop",
          type: "for_each",
          joinMode: "all_settled",
          data: {
            items: [1],
            body: { nodes: [end("own", "own"), end("out", output)], edges: [{ source: "own", target: "out" }] },
            ...data,
          },
        },
      ],
      edges: [
        { source: "never", sourceHandle: "true", target: "skipped" },
        ...["upstream", "items", "skipped", "own"].map((source) => ({ source, target: "loop" })),
      ],
    });
    const loops = { id: "inner", type: "for_each" };
    const bodyOf = (definition: WorkflowDefinition) => definition.nodes.at(-1)?.data as { body: WorkflowDefinition };
    const nested = seeing({ distribute: true });
    const inner = { ...loops, data: { items: [1], distribute: true, body: bodyOf(nested).body } };
    const twice = seeing({ distribute: true, body: { nodes: [inner] } });
    const input = { xs: [5], id: "upstream" };
    const results: unknown[] = [];
    for (const definition of [seeing({}), nested, twice]) {
      const { nodes } = await (engines[0] as Engine).run(definition, { input });
      results.push((nodes["loop"]?.output as { results: unknown[] } | undefined)?.results[0]);
    }
    const here = { own: "own", out: expected };
    expect(results).toEqual([here, here, { results: [here], errors: [] }]);
    await close();
  });

  it("sends nothing along that the body does not name", async () => {
    const { engines, close } = await fleet(["one"]);
    const engine = engines[0] as Engine;
    const definition = loop({ items: "{{trigger.rows}}", concurrency: 1 });
    const { id } = await engine.run(definition, { input: { rows: [1], shape: "x" } });
    const { items } = await engine.listExecutions({ parentId: id });
    const { input } = await engine.getExecution(items[0]?.id as string);
    expect(input).toEqual({
      items: [1],
      part: { firstIndex: 0, variables: { shop: "north" }, trigger: {} },
      outputs: [],
    });
    await close();
  });

  it("ends on one worker with one place, since a loop that only waits takes none", async () => {
    const { engines, close } = await fleet(["one"], 1);
    const { status, output } = await (engines[0] as Engine).run(loop({ concurrency: 2 }));
    expect([status, (output as { results: unknown[] }).results.length]).toEqual(["completed", 8]);
    await close();
  });

  it("collects failures, or fails with the first", async () => {
    const { engines, close } = await fleet(["one"]);
    const body = { nodes: [{ id: "w", type: "where", data: { fails: "{{ item == 3 }}" } }] };
    const collected = await (engines[0] as Engine).run(loop({ onItemError: "collect" }, body));
    const { results, errors } = collected.output as { results: unknown[]; errors: { index: number }[] };
    expect(results.map((one) => one === null)).toEqual([false, false, true, false, false, false, false, false]);
    expect(errors.map(({ index }) => index)).toEqual([2]);
    const failed = await (engines[0] as Engine).run(loop({ concurrency: 1 }, body));
    expect(failed).toMatchObject({ status: "failed", error: { code: "item_failed" } });
    await close();
  });

  it("cancels its items", async () => {
    const { engines, close } = await fleet(["one"]);
    const engine = engines[0] as Engine;
    const body = { nodes: [{ id: "w", type: "wait_for_signal", data: { signal: "never" } }] };
    const handle = await engine.execute(loop({}, body));
    for (;;) {
      const { items } = await engine.listExecutions({ parentId: handle.id, status: "waiting" });
      if (items.length === 8) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await engine.cancel(handle.id);
    expect((await handle.result()).status).toBe("cancelled");
    for (;;) {
      const { items } = await engine.listExecutions({ parentId: handle.id });
      if (items.every(({ status }) => status === "cancelled")) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await close();
  });
});
