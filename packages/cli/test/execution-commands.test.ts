import { join } from "node:path";
import { createEngine, defineNode, type WorkflowDefinition } from "@automatrix/core";
import { standardNodes } from "@automatrix/nodes";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { describe, expect, it } from "vitest";
import { automatrix, type Outcome } from "./run-in-process.js";
import { temporaryFolder } from "./temporary-folder.js";

const folder = temporaryFolder();

const PAYMENT: WorkflowDefinition = {
  name: "payment",
  nodes: [
    { id: "start", type: "start" },
    { id: "paid", type: "wait_for_signal", data: { signal: "paid" } },
    { id: "end", type: "end" },
  ],
  edges: [
    { source: "start", target: "paid" },
    { source: "paid", target: "end" },
  ],
};
const APPROVAL: WorkflowDefinition = {
  name: "go-live",
  nodes: [{ id: "ask", type: "approval", data: { message: "Go live?" } }],
  edges: [],
};
const SHOUTING: WorkflowDefinition = {
  name: "shouting",
  nodes: [
    { id: "wait", type: "wait_for_signal", data: { signal: "go" } },
    { id: "shout", type: "shout" },
  ],
  edges: [{ source: "wait", target: "shout" }],
};

/** A module outside the workspace cannot import core; this is what `defineNode` makes. */
const SHOUT_MODULE = `
export const shout = {
  [Symbol.for("automatrix.nodeType")]: true,
  type: "shout", version: 1, label: "Shout", category: "data", effects: "pure", ports: ["default"],
  parameterSchema: undefined, outputSchema: undefined,
  execute: () => "LOUD",
};
`;

let storages = 0;

/** A storage of its own for a test, and commands on it. */
function onFreshStorage() {
  storages += 1;
  const path = join(folder.path(), `${storages}.db`);
  const run = (...args: readonly string[]): Promise<Outcome> => automatrix([...args, "--storage", `sqlite:${path}`]);
  return {
    path,
    run,
    /** Runs a workflow and returns the id of its execution. */
    start: async (definition: WorkflowDefinition, ...args: readonly string[]): Promise<string> => {
      const { output } = await run("run", folder.file(`${definition.name}.json`, definition), "--json", ...args);
      return (JSON.parse(output) as { readonly id: string }).id;
    },
    /** An engine on the same file, as another process would have it. */
    elsewhere: (...nodes: readonly ReturnType<typeof defineNode>[]) =>
      createEngine({ storage: sqliteStorage({ file: path }), nodes: [...standardNodes(), ...nodes] }),
  };
}

describe("an execution that waits", () => {
  it("is kept by run, which says why it waits and how to go on, and exits 1", async () => {
    const { run } = onFreshStorage();
    const { exitCode, output, errors } = await run("run", folder.file("payment.json", PAYMENT));
    expect(exitCode).toBe(1);
    expect(output).toBe("");
    expect(errors).toContain('node paid waits for the signal "paid"');
    expect(errors).toMatch(/go on with: automatrix signal \S+ paid --data JSON --follow --storage sqlite:\S+/);
  });

  it("has its status and what it waits for in the document of --json", async () => {
    const { run } = onFreshStorage();
    const { output } = await run("run", folder.file("payment.json", PAYMENT), "--json", "--quiet");
    expect(JSON.parse(output)).toMatchObject({
      status: "waiting",
      output: null,
      waits: [{ nodePath: "paid", kind: "signal", signal: "paid" }],
    });
  });

  it("goes on with signal, then resume", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT);
    const sent = await run("signal", id, "paid", "--data", '{"euro":5}');
    expect(sent.exitCode).toBe(0);
    expect(sent.output).toContain(`automatrix resume ${id}`);
    const explained = (await run("explain", id)).output;
    expect(explained).toContain("what it waits for has come");
    expect(explained).not.toContain("engine.");
    const resumed = await run("resume", id);
    expect(JSON.parse(resumed.output)).toEqual({ euro: 5 });
    expect(resumed.exitCode).toBe(0);
    // What finished before is known, and is no news.
    expect(resumed.errors).not.toContain("start");
    expect(resumed.errors).toContain("✓ end");
  });

  it("goes on at once with signal --follow, its data from a file", async () => {
    const { run, start } = onFreshStorage();
    const data = folder.file("payment-data.json", { euro: 7 });
    const id = await start(PAYMENT);
    const { exitCode, output } = await run("signal", id, "paid", "--data", `@${data}`, "--follow", "--json");
    expect(JSON.parse(output)).toMatchObject({ id, status: "completed", output: { euro: 7 } });
    expect(exitCode).toBe(0);
  });

  it("takes a signal with the same key once", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT);
    const send = async () => JSON.parse((await run("signal", id, "paid", "--key", "7", "--json")).output) as unknown;
    expect(await send()).toMatchObject({ duplicate: false, status: "waiting", woken: false });
    expect(await send()).toMatchObject({ duplicate: true });
  });

  it("still waits after a resume that brought nothing", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT);
    const { exitCode, errors } = await run("resume", id);
    expect(exitCode).toBe(1);
    expect(errors).toContain('waits for the signal "paid"');
  });

  it("for an approval goes on with resume --decide", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(APPROVAL);
    expect((await run("explain", id)).output).toContain(`automatrix resume ${id} --decide ask=approve`);
    const { output } = await run("resume", id, "--decide", "ask=approve:ann");
    expect(JSON.parse(output)).toMatchObject({ decision: "approved", by: "ann" });
  });

  it("because its child waits goes on once the child has what it waits for", async () => {
    const { run, start } = onFreshStorage();
    const id = await start({
      name: "parent",
      nodes: [{ id: "child", type: "sub_workflow", data: { definition: PAYMENT } }],
      edges: [],
    });
    const { output } = await run("explain", id);
    const [, childId = ""] = /automatrix signal (\S+) paid/.exec(output) ?? [];
    expect(childId).not.toBe(id);
    expect(output).toContain(`then automatrix resume ${id}`);
    await run("signal", childId, "paid", "--data", "9");
    const resumed = await run("resume", id);
    expect(JSON.parse(resumed.output)).toBe(9);
  });

  it("for days is left to later, and one for a moment is waited for", async () => {
    const { run } = onFreshStorage();
    const napping = (duration: string) =>
      folder.file("nap.json", { name: "nap", nodes: [{ id: "nap", type: "delay", data: { duration } }], edges: [] });
    const long = await run("run", napping("3d"));
    expect(long.exitCode).toBe(1);
    expect(long.errors).toContain("node nap waits until");
    expect((await run("run", napping("20ms"))).exitCode).toBe(0);
  });

  it("is followed by a second run with the same idempotency key", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT, "--idempotency-key", "order-1");
    await run("signal", id, "paid", "--data", "1");
    expect(await start(PAYMENT, "--idempotency-key", "order-1")).toBe(id);
    expect((await run("executions", "--json", "--status", "completed")).output).toContain(id);
  });
});

describe("commands keep to their own execution", () => {
  it("and leave alone what else is due in the storage", async () => {
    const { run, path, start } = onFreshStorage();
    const id = await start(SHOUTING, "--nodes", folder.file("shout.mjs", SHOUT_MODULE));
    await run("signal", id, "go");
    const hello = folder.file("hello.json", { name: "hello", nodes: [{ id: "end", type: "end" }], edges: [] });
    expect((await run("run", hello)).exitCode).toBe(0);
    const storage = sqliteStorage({ file: path });
    await storage.open();
    expect(await storage.getExecution(id)).toMatchObject({ status: "waiting", blocked: null, owner: null });
    await storage.close();
  });

  it("and say which node types are missing before they touch an execution", async () => {
    const { run, start } = onFreshStorage();
    const nodes = folder.file("shout.mjs", SHOUT_MODULE);
    const id = await start(SHOUTING, "--nodes", nodes);
    const without = await run("resume", id, "--signal", "go");
    expect(without.exitCode).toBe(2);
    expect(without.errors).toContain("shout@1");
    expect(without.errors).toContain("--nodes");
    const resumed = await run("resume", id, "--signal", "go", "--nodes", nodes);
    expect(JSON.parse(resumed.output)).toBe("LOUD");
  });

  it("and follow one that another process runs, until that one ends it", async () => {
    const { run, elsewhere } = onFreshStorage();
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const hold = defineNode({ type: "shout", execute: () => released.then(() => "from elsewhere") });
    await using engine = elsewhere(hold);
    await engine.start();
    const { id } = await engine.execute({ name: "held", nodes: [{ id: "hold", type: "shout" }], edges: [] });
    const resuming = run("resume", id, "--nodes", folder.file("shout.mjs", SHOUT_MODULE));
    setTimeout(release, 300);
    const { exitCode, output, errors } = await resuming;
    expect(errors).toContain("Another process runs this execution");
    expect(JSON.parse(output)).toBe("from elsewhere");
    expect(exitCode).toBe(0);
  });
});

describe("retry", () => {
  const FAILING: WorkflowDefinition = {
    name: "failing",
    nodes: [
      { id: "start", type: "start" },
      { id: "stop", type: "fail", data: { message: "out of stock", code: "no_stock" } },
    ],
    edges: [{ source: "start", target: "stop" }],
  };

  it("starts a new execution that keeps what finished", async () => {
    const { run } = onFreshStorage();
    const failed = await run("run", folder.file("failing.json", FAILING));
    const [, id = ""] = /automatrix retry (\S+)/.exec(failed.errors) ?? [];
    expect(failed.errors).toContain(`execution ${id}`);
    const { exitCode, output, errors } = await run("retry", id, "--json");
    const document = JSON.parse(output) as { readonly id: string };
    expect(exitCode).toBe(1);
    expect(document.id).not.toBe(id);
    expect(document).toMatchObject({ status: "failed", nodes: { start: { reused: true }, stop: { attempts: 1 } } });
    expect(errors).toContain(`tries ${id} again`);
  });

  it("runs everything again from a node or from the start", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(FAILING);
    for (const args of [
      ["--from", "start"],
      ["--mode", "restart"],
    ]) {
      const { nodes } = JSON.parse((await run("retry", id, "--json", ...args)).output) as {
        readonly nodes: { readonly start: object };
      };
      expect(nodes.start).not.toHaveProperty("reused");
    }
  });

  it("exits 2 for a node that is not there, and for an execution that completed", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(FAILING);
    expect((await run("retry", id, "--from", "nowhere")).exitCode).toBe(2);
    const completed = await start({ name: "one", nodes: [{ id: "end", type: "end" }], edges: [] });
    expect((await run("retry", completed)).exitCode).toBe(2);
  });
});

describe("cancel", () => {
  it("cancels what waits, with the reason, for good", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT);
    const { exitCode, output } = await run("cancel", id, "ordered twice", "--json");
    expect(JSON.parse(output)).toEqual({ id, status: "cancelled" });
    expect(exitCode).toBe(0);
    expect((await run("executions")).output).toContain("ordered twice");
    expect((await run("cancel", id)).exitCode).toBe(0);
    expect((await run("signal", id, "paid")).exitCode).toBe(2);
  });

  it("notes the cancel of one whose node types are not here, and does not block it", async () => {
    const { run, start } = onFreshStorage();
    const nodes = folder.file("shout.mjs", SHOUT_MODULE);
    const id = await start(SHOUTING, "--nodes", nodes);
    expect((await run("cancel", id)).output).toContain("shout@1");
    expect((await run("executions")).output).toContain("to be cancelled");
    const { exitCode, errors } = await run("resume", id, "--nodes", nodes);
    expect(errors).toContain("cancelled after");
    expect(exitCode).toBe(1);
  });

  it("stops one that another process runs", async () => {
    const { run, elsewhere } = onFreshStorage();
    const hold = defineNode({
      type: "shout",
      execute: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    await using engine = elsewhere(hold);
    await engine.start();
    const handle = await engine.execute({ name: "held", nodes: [{ id: "hold", type: "shout" }], edges: [] });
    expect((await run("cancel", handle.id)).output).toContain("is cancelled");
    expect(await handle.result()).toMatchObject({ status: "cancelled" });
  });
});

describe("looking back", () => {
  it("lists executions by status and by the name of their workflow, in pages", async () => {
    const { run, start } = onFreshStorage();
    const one: WorkflowDefinition = { name: "one", nodes: [{ id: "end", type: "end" }], edges: [] };
    for (const definition of [one, PAYMENT, one]) await start(definition);
    const { output } = await run("executions");
    expect(output).toMatch(/^ID +STATUS +WORKFLOW +STARTED +DURATION +REMARK\n/);
    expect(output).toMatch(/waiting +payment .*node paid waits for the signal "paid"/);
    expect((await run("executions", "--status", "completed", "--workflow", "payment")).errors).toContain(
      "No executions",
    );
    const page = JSON.parse((await run("executions", "--workflow", "one", "--limit", "1", "--json")).output) as {
      readonly items: readonly unknown[];
      readonly nextCursor: string;
    };
    expect(page.items).toHaveLength(1);
    const rest = await run("executions", "--workflow", "one", "--cursor", page.nextCursor);
    expect(rest.output.match(/completed/g)).toHaveLength(1);
  });

  it("prints the journal, all of it or after a number, as text or as lines of JSON", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT);
    expect((await run("journal", id)).output).toMatch(/^ +1 {2}\S+Z {2}execution\.created/);
    const lines = (await run("journal", id, "--after", "3", "--json")).output.trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line) as { readonly seq: number; readonly type: string });
    expect(events[0]?.seq).toBe(4);
    expect(events.at(-1)?.type).toBe("execution.waiting");
  });

  it("follows the journal to the end of the execution", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT);
    const following = run("journal", id, "--follow");
    await run("signal", id, "paid", "--follow");
    expect((await following).output).toContain("execution.completed");
  });

  it("draws an execution, from the storage alone or on a file", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT);
    for (const args of [
      ["--execution", id],
      [folder.file("payment.json", PAYMENT), "--execution", id],
    ]) {
      const { output } = await run("graph", ...args);
      expect(output).toContain("✓ start");
      expect(output).toContain("⏸ paid");
    }
    expect((await run("graph", "--execution", id, "--format", "svg")).output).toMatch(/^<svg/);
  });

  it("is not run again by retry when it completed, which says what runs the workflow anew", async () => {
    const { run, start } = onFreshStorage();
    const id = await start(PAYMENT, "--signal", "paid=1");
    const { exitCode, output, errors } = await run("retry", id);
    expect(exitCode).toBe(2);
    expect(output).toBe("");
    expect(errors).toContain(`Execution ${id} completed`);
    expect(errors).toContain("automatrix run FILE");
    expect(errors).not.toContain("engine.");
  });

  it.each(["explain", "journal", "resume", "retry", "cancel"])(
    "%s says where it looked for an unknown execution, and what lists those that are there",
    async (command) => {
      const { run, start, path } = onFreshStorage();
      await start(APPROVAL);
      const { exitCode, output, errors } = await run(command, "nobody");
      expect(exitCode).toBe(2);
      expect(output).toBe("");
      expect(errors).toContain(`There is no execution "nobody" in sqlite:${path}`);
      expect(errors).toContain("automatrix executions");
    },
  );
});
