import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordedStreams } from "../test/recorded-streams.js";
import { automatrix } from "../test/run-in-process.js";
import { temporaryFolder } from "../test/temporary-folder.js";
import { createProgram } from "./program.js";

const EXAMPLES = fileURLToPath(new URL("../../../examples/", import.meta.url));
const ORDER = join(EXAMPLES, "order-approval/workflow.json");

const folder = temporaryFolder();
const { file } = folder;

// The default storage is a file in the current folder.
const startedIn = process.cwd();
beforeAll(() => process.chdir(folder.path()));
afterAll(() => process.chdir(startedIn));

const HELLO = {
  name: "hello",
  nodes: [
    { id: "start", type: "start" },
    { id: "end", type: "end", data: { output: "Hello {{input.name}}" } },
  ],
  edges: [{ source: "start", target: "end" }],
};
const FAILING = {
  nodes: [{ id: "stop", type: "fail", data: { message: "out of stock", code: "no_stock" } }],
  edges: [],
};
const INVALID = { nodes: [{ id: "a", type: "no_such_type" }], edges: [{ source: "a", target: "gone" }] };

/** Every command with the arguments that it takes. */
const COMPLETE: readonly (readonly string[])[] = [
  ["run", "a.json"],
  ["validate", "a.json"],
  ["graph", "a.json"],
  ["resume", "ID"],
  ["retry", "ID"],
  ["signal", "ID", "go"],
  ["cancel", "ID", "why"],
  ["explain", "ID"],
  ["executions"],
  ["journal", "ID"],
  ["worker"],
  ["doctor"],
  ["bench"],
  ["node", "new", "send-fax"],
  ["credentials", "set", "mailer"],
  ["credentials", "list"],
  ["credentials", "delete", "mailer"],
  ["credentials", "rotate"],
  ["credentials", "generate-key"],
];

describe("an argument too many", () => {
  it("is tried with every command there is", () => {
    const commandsOf = ({ commands }: Command, ...names: string[]): string[] =>
      commands.flatMap((one) =>
        one.commands.length > 0 ? commandsOf(one, one.name()) : [...names, one.name()].join(" "),
      );
    const program = createProgram({ streams: recordedStreams(), onExitCode: () => {} });
    const tried = COMPLETE.map(([first = "", second = ""]) =>
      ["node", "credentials"].includes(first) ? `${first} ${second}` : first,
    );
    expect(tried.sort()).toEqual(commandsOf(program).sort());
  });

  it.each(COMPLETE.map((args) => [args]))("is refused by %j, which does nothing then", async (args) => {
    const { exitCode, output, errors } = await automatrix([...args, "surplus"]);
    expect(exitCode).toBe(2);
    expect(output).toBe("");
    expect(errors).toMatch(/^error: .* does not take the argument/);
    if (args[1] !== "set") expect(errors).toContain("'surplus'");
  });

  it("is named together with the option it belongs into", async () => {
    const { exitCode, errors } = await automatrix(["signal", "ID", "go", '{"x":1}']);
    expect(exitCode).toBe(2);
    expect(errors).toContain(`signal does not take the argument '{"x":1}'; the data of the signal belongs into --data`);
    expect((await automatrix(["run", ORDER, "{}"])).errors).toContain("--input");
  });

  it("is not shown where it may be a secret", async () => {
    const worker = await automatrix(["worker", "postgres://ada:hidden@db/app?password=hidden"]);
    expect(worker.errors).toContain("'postgres://…'; the storage belongs into --storage");
    const credentials = await automatrix(["credentials", "set", "mailer", '{"token":"hidden"}']);
    expect(credentials.errors).toContain("--value-file");
    for (const { exitCode, errors } of [worker, credentials]) {
      expect(exitCode).toBe(2);
      expect(errors).not.toContain("hidden");
    }
  });
});

describe("usage", () => {
  it.each([
    [["--help"]],
    [["run", "--help"]],
    [["validate", "--help"]],
    [["graph", "--help"]],
    [["doctor", "--help"]],
    [["bench", "--help"]],
    [["resume", "--help"]],
    [["retry", "--help"]],
    [["signal", "--help"]],
    [["cancel", "--help"]],
    [["explain", "--help"]],
    [["executions", "--help"]],
    [["journal", "--help"]],
  ])("%j prints help with examples and exits 0", async (args) => {
    const { exitCode, output } = await automatrix(args);
    expect(exitCode).toBe(0);
    expect(output).toContain("Examples:");
  });

  it("says that a command is unknown", async () => {
    expect((await automatrix(["runn"])).errors).toContain("unknown command 'runn'");
  });

  it("prints its version", async () => {
    expect((await automatrix(["--version"])).output).toMatch(/^\d+\.\d+\.\d+/);
  });

  it.each([
    [["nonsense"]],
    [["--nonsense"]],
    [["run"]],
    [["run", "a.json", "--nonsense"]],
    [["run", "a.json", "b.json"]],
    [["run", "a.json", "--concurrency", "0"]],
    [["run", "a.json", "--concurrency", "many"]],
    [["graph", "a.json", "--format", "png"]],
    [["bench", "--seconds", "-1"]],
    [["run", "/does/not/exist.json"]],
    [["run", ORDER, "--input", "{"]],
    [["run", ORDER, "--input", "@/does/not/exist.json"]],
    [["run", ORDER, "--storage", "mysql://x"]],
    [["run", ORDER, "--decide", "maybe"]],
    [["run", ORDER, "--nodes", "/does/not/exist.mjs"]],
    [["graph"]],
    [["resume"]],
    [["retry", "x", "--mode", "again"]],
    [["signal", "x"]],
    [["signal", "x", "paid", "--data", "{"]],
    [["executions", "--status", "asleep"]],
    [["executions", "--limit", "0"]],
    [["journal", "x", "--after", "-1"]],
  ])("%j exits 2 and leaves stdout empty", async (args) => {
    const { exitCode, output, errors } = await automatrix(args);
    expect(exitCode).toBe(2);
    expect(output).toBe("");
    expect(errors).not.toBe("");
  });
});

describe("validate", () => {
  it("exits 0 for a valid definition", async () => {
    const { exitCode, output } = await automatrix(["validate", ORDER]);
    expect(output).toContain("valid: 0 errors");
    expect(exitCode).toBe(0);
  });

  it("prints every issue with code, place and node, and exits 2", async () => {
    const { exitCode, output } = await automatrix(["validate", file("invalid.json", INVALID)]);
    expect(exitCode).toBe(2);
    expect(output).toMatch(/^error unknown_node_type \/nodes\/0\/type a /m);
    expect(output).toMatch(/^error unknown_node \/edges\/0\/target /m);
  });

  it("prints one JSON document with --json", async () => {
    const { output } = await automatrix(["validate", file("invalid.json", INVALID), "--json"]);
    const document = JSON.parse(output) as { valid: boolean; issues: { code: string }[] };
    expect(document.valid).toBe(false);
    expect(document.issues.map(({ code }) => code)).toEqual(
      expect.arrayContaining(["unknown_node_type", "unknown_node"]),
    );
  });

  it.each([["null"], ["[]"], ['"text"'], ["{}"], [`{"nodes":${"[".repeat(10_000)}${"]".repeat(10_000)}}`]])(
    "refuses %.20s",
    async (text) => {
      expect((await automatrix(["validate", file("odd.json", text)])).exitCode).toBe(2);
    },
  );
});

describe("graph", () => {
  it("draws text, SVG and Mermaid", async () => {
    expect((await automatrix(["graph", ORDER])).output).toContain("Manager approves");
    expect((await automatrix(["graph", ORDER, "--format", "svg"])).output).toMatch(/^<svg/);
    expect((await automatrix(["graph", ORDER, "--format", "mermaid"])).output).toMatch(/^flowchart TD\n/);
  });

  it("says that memory holds no execution of another process", async () => {
    const { exitCode, errors } = await automatrix(["graph", ORDER, "--execution", "none", "--storage", "memory:"]);
    expect(exitCode).toBe(2);
    expect(errors).toContain("memory: holds nothing");
  });
});

describe("run", () => {
  it("prints the output on stdout and progress on stderr", async () => {
    const { exitCode, output, errors } = await automatrix([
      "run",
      file("hello.json", HELLO),
      "--input",
      '{"name":"Ann"}',
    ]);
    expect(errors).toContain("✓ end");
    expect(JSON.parse(output)).toBe("Hello Ann");
    expect(exitCode).toBe(0);
  });

  it("reads the definition from standard input and the input from a file", async () => {
    const input = file("input.json", { name: "Bob" });
    const streams = recordedStreams({ input: JSON.stringify(HELLO) });
    const { output, errors } = await automatrix(["run", "-", "--input", `@${input}`, "--quiet"], streams);
    expect(JSON.parse(output)).toBe("Hello Bob");
    expect(errors).toBe("");
  });

  it("prints one JSON document with --json", async () => {
    const { output } = await automatrix(["run", file("hello.json", HELLO), "--input", '{"name":"Ann"}', "--json"]);
    const document = JSON.parse(output) as Record<string, unknown>;
    expect(Object.keys(document)).toEqual(["id", "status", "output", "error", "duration_ms", "nodes"]);
    expect(document).toMatchObject({ status: "completed", output: "Hello Ann", error: null });
    expect(document["nodes"]).toMatchObject({ end: { status: "completed" } });
  });

  it("exits 1 when the execution failed and says why on stderr", async () => {
    const { exitCode, output, errors } = await automatrix(["run", file("failing.json", FAILING)]);
    expect(exitCode).toBe(1);
    expect(output).toBe("");
    expect(errors).toMatch(/failed after .*no_stock: out of stock \(node stop\)/);
  });

  it("exits 1 with the document of a failed execution under --json", async () => {
    const { exitCode, output } = await automatrix(["run", file("failing.json", FAILING), "--json", "--quiet"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(output)).toMatchObject({
      status: "failed",
      output: null,
      error: { code: "no_stock", nodeId: "stop" },
    });
  });

  it("starts nothing for an invalid definition", async () => {
    const { exitCode, output, errors } = await automatrix(["run", file("invalid.json", INVALID)]);
    expect(exitCode).toBe(2);
    expect(output).toBe("");
    expect(errors).toMatch(/^error unknown_node_type \/nodes\/0\/type a /m);
  });

  it("prints a JSON document for an invalid definition too", async () => {
    const { exitCode, output } = await automatrix(["run", file("invalid.json", INVALID), "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(output)).toMatchObject({ id: null, status: null, error: { code: "invalid_definition" } });
  });

  it("answers approvals and signals given beforehand", async () => {
    const large = join(EXAMPLES, "order-approval/large-order.json");
    const rejected = await automatrix(["run", ORDER, "--input", `@${large}`, "--decide", "approve_order=reject"]);
    expect(JSON.parse(rejected.output)).toMatchObject({ status: "declined" });
    const waiting = {
      nodes: [{ id: "paid", type: "wait_for_signal", data: { signal: "paid" } }],
      edges: [],
    };
    const signalled = await automatrix(["run", file("signal.json", waiting), "--signal", 'paid={"euro":5}']);
    expect(signalled.exitCode).toBe(0);
    expect(signalled.output).toContain('"euro": 5');
  });

  it("ends at once when the person who decides is not among the approvers", async () => {
    const definition = {
      nodes: [{ id: "ask", type: "approval", data: { message: "Go?", approvers: ["ada"] } }],
      edges: [],
    };
    const { exitCode, errors } = await automatrix(["run", file("ask.json", definition), "--decide", "ask=approve:bob"]);
    expect(exitCode).toBe(1);
    expect(errors).toContain("bob");
    const decided = await automatrix(["run", file("ask.json", definition), "--decide", "ask=approve:ada"]);
    expect(JSON.parse(decided.output)).toMatchObject({ decision: "approved", by: "ada" });
  });

  it("loads node types of one's own", async () => {
    const nodes = file("shout.mjs", SHOUT_MODULE);
    const definition = file("shout.json", { nodes: [{ id: "shout", type: "shout" }], edges: [] });
    const { exitCode, errors } = await automatrix(["run", definition, "--nodes", nodes]);
    expect(errors).toContain("✓ shout");
    expect(exitCode).toBe(0);
  });

  it("says so when a module exports no node type", async () => {
    const { exitCode, errors } = await automatrix([
      "validate",
      ORDER,
      "--nodes",
      file("none.mjs", "export const x = 1;"),
    ]);
    expect(exitCode).toBe(2);
    expect(errors).toContain("exports no node type");
  });
});

describe("the example without arguments", () => {
  it("runs, shows its picture and says what to try next", async () => {
    const { exitCode, output } = await automatrix([]);
    expect(exitCode).toBe(0);
    for (const shown of ["scripted", "✓ AI Process", "ai_response", "What to try next", "sqlite:automatrix.db"])
      expect(output).toContain(shown);
  });

  it("runs again in the same folder, and what it says to try next works", async () => {
    const { output } = await automatrix([]);
    const [, id = ""] = /automatrix journal (\S+)/.exec(output) ?? [];
    expect((await automatrix(["journal", id])).output).toContain("execution.completed");
    expect((await automatrix(["explain", id])).output).toContain("completed");
    expect((await automatrix(["executions", "--workflow", "lead-intake"])).output.match(/lead-intake/g)).toHaveLength(
      2,
    );
  });
});

describe("doctor", () => {
  it("finds this machine fit", async () => {
    const { exitCode, output } = await automatrix(["doctor", "--json"]);
    const document = JSON.parse(output) as { ok: boolean; checks: { name: string; ok: boolean }[] };
    expect(document.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it("exits 1 when a check fails", async () => {
    const { exitCode, output } = await automatrix(["doctor", "--storage", "sqlite:/not/there/x.db"]);
    expect(exitCode).toBe(1);
    expect(output).toContain("✗ storage");
    expect(output).toContain("✓ node");
  });

  it("tries out where a new SQLite file would be, and leaves nothing there", async () => {
    const place = join(folder.path(), "new.db");
    const { exitCode, output } = await automatrix(["doctor", "--storage", `sqlite:${place}`]);
    expect(output).toContain("can be created");
    expect(exitCode).toBe(0);
    expect(existsSync(place)).toBe(false);
  });

  it("tells the size of a SQLite file that is there, and that its write-ahead log is on", async () => {
    const url = `sqlite:${join(folder.path(), "there.db")}`;
    await automatrix(["run", file("hello.json", HELLO), "--storage", url]);
    expect((await automatrix(["doctor", "--storage", url])).output).toMatch(
      /✓ storage .*write-ahead log on, \d+ KiB in/,
    );
  });

  it("says that a file is no database", async () => {
    const url = `sqlite:${file("text.db", "no database, but long enough to be looked at ".repeat(200))}`;
    const { exitCode, output } = await automatrix(["doctor", "--storage", url]);
    expect(exitCode).toBe(1);
    expect(output).toContain("✗ storage");
  });
});

describe("bench", () => {
  it("measures every scenario", async () => {
    const { exitCode, output } = await automatrix(["bench", "--seconds", "0.05"]);
    expect(exitCode).toBe(0);
    expect(output.match(/steps\/s/g)).toHaveLength(3);
  });
});

/** A module outside the workspace cannot import core; this is what `defineNode` makes. */
const SHOUT_MODULE = `
export const shout = {
  [Symbol.for("automatrix.nodeType")]: true,
  type: "shout", version: 1, label: "Shout", category: "data", effects: "pure", ports: ["default"],
  parameterSchema: undefined, outputSchema: undefined,
  execute: () => "LOUD",
};
`;
