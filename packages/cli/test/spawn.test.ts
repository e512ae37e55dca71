import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./temporary-folder.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TSX = pathToFileURL(createRequire(join(ROOT, "package.json")).resolve("tsx")).href;
const MAIN = join(ROOT, "packages/cli/src/main.ts");
const APPROVAL = join(ROOT, "examples/order-approval");
/** A process starts in seconds on a busy machine, and a dead one is only known after its lease. */
const LONG_TEST_MS = 90_000;

/** Where the commands run, so that the default storage is a file there. */
const folder = temporaryFolder();

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Starts the command as its own process; `onErrors` sees what it has written to stderr so far. */
function automatrix(
  args: readonly string[],
  params: {
    readonly input?: string;
    readonly onErrors?: (errors: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--conditions=@automatrix/source", `--import=${TSX}`, MAIN, ...args], {
      cwd: folder.path(),
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
      params.onErrors?.(errors, (signal) => child.kill(signal));
    });
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, output, errors }));
    child.stdin.end(params.input ?? "");
  });
}

describe("automatrix as a process", () => {
  it("runs the example without arguments", async () => {
    const { exitCode, output } = await automatrix([]);
    expect(output).toContain("What to try next");
    expect(output).toContain(join(folder.path(), "automatrix.db"));
    expect(exitCode).toBe(0);
  });

  it("keeps stdout to one JSON document", async () => {
    const { exitCode, output, errors } = await automatrix([
      "run",
      join(APPROVAL, "workflow.json"),
      "--json",
      "--input",
      '{"customer":"Ann","total":1}',
    ]);
    expect(exitCode).toBe(0);
    expect(output.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(output)).toMatchObject({ status: "completed", output: { status: "shipped" } });
    expect(errors).toContain("✓");
  });

  it("reads a definition from standard input and names the place of a mistake", async () => {
    const { exitCode, output, errors } = await automatrix(["run", "-"], { input: '{ "nodes": [\n  oops\n] }' });
    expect(exitCode).toBe(2);
    expect(output).toBe("");
    expect(errors).toContain("standard input:2:3: not valid JSON");
  });

  it("cancels cleanly at the first Ctrl-C", async () => {
    let interrupted = false;
    const { exitCode, output, errors } = await automatrix(
      [
        ...["run", join(APPROVAL, "workflow.json"), "--json", "--storage", "memory:"],
        ...["--input", `@${join(APPROVAL, "large-order.json")}`],
      ],
      {
        onErrors: (text, kill) => {
          if (interrupted || !text.includes("waits for an approval")) return;
          interrupted = true;
          kill("SIGINT");
        },
      },
    );
    expect(errors).toContain("--decide 'approve_order=approve'");
    expect(exitCode).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ status: "cancelled" });
  });

  it("quits at the second Ctrl-C", async () => {
    const sent = new Set<string>();
    const { exitCode } = await automatrix(["run", "-", "--nodes", join(ROOT, "packages/cli/test/stuck-node.mjs")], {
      input: JSON.stringify({ nodes: [{ id: "stuck", type: "stuck" }], edges: [] }),
      onErrors: (text, kill) => {
        for (const sign of ["node is stuck", "cancelling"]) {
          if (text.includes(sign) && !sent.has(sign)) kill("SIGINT");
          if (text.includes(sign)) sent.add(sign);
        }
      },
    });
    expect(exitCode).toBe(130);
  });

  it("reads a large definition from a pipe", async () => {
    const nodes = Array.from({ length: 5_000 }, (_, index) => ({ id: `n${index}`, type: "end" }));
    const { exitCode, output } = await automatrix(["validate", "-"], { input: JSON.stringify({ nodes, edges: [] }) });
    expect(output).toContain("valid: 0 errors");
    expect(exitCode).toBe(0);
  });

  it(
    "goes on in a second process with what a killed one has left",
    async () => {
      const nap = {
        name: "nap",
        nodes: [
          { id: "start", type: "start" },
          { id: "nap", type: "delay", data: { duration: "4s" } },
          { id: "end", type: "end", data: { output: "rested" } },
        ],
        edges: [
          { source: "start", target: "nap" },
          { source: "nap", target: "end" },
        ],
      };
      const storage = ["--storage", `sqlite:${join(folder.path(), "killed.db")}`];
      const killed = await automatrix(["run", "-", ...storage], {
        input: JSON.stringify(nap),
        onErrors: (text, kill) => {
          if (text.includes("for delay")) kill("SIGKILL");
        },
      });
      expect(killed.exitCode).toBeNull();
      const listed = await automatrix(["executions", "--json", ...storage]);
      const [{ id, status }] = (JSON.parse(listed.output) as { items: [{ id: string; status: string }] }).items;
      expect(status).toBe("waiting");
      const resumed = await automatrix(["resume", id, ...storage]);
      expect(JSON.parse(resumed.output)).toBe("rested");
      expect(resumed.exitCode).toBe(0);
      const journal = await automatrix(["journal", id, ...storage]);
      expect(journal.output.match(/node\.completed +start/g)).toHaveLength(1);
    },
    LONG_TEST_MS,
  );

  it(
    "hands an execution back at the first Ctrl-C of resume",
    async () => {
      const storage = ["--storage", `sqlite:${join(folder.path(), "handed-back.db")}`];
      const order = ["--input", `@${join(APPROVAL, "large-order.json")}`];
      const waiting = await automatrix(["run", join(APPROVAL, "workflow.json"), "--json", ...order, ...storage]);
      const { id } = JSON.parse(waiting.output) as { id: string };
      let interrupted = false;
      const resumed = await automatrix(["resume", id, "--wait", "--json", ...storage], {
        onErrors: (text, kill) => {
          if (!interrupted && text.includes("in another terminal")) {
            interrupted = true;
            kill("SIGINT");
          }
        },
      });
      expect(resumed.exitCode).toBe(1);
      expect(resumed.errors).toContain(`automatrix resume ${id}`);
      expect(JSON.parse(resumed.output)).toMatchObject({ id, status: expect.stringMatching(/waiting|running/) });
      const decided = await automatrix(["resume", id, "--decide", "approve_order=approve", ...storage]);
      expect(JSON.parse(decided.output)).toMatchObject({ status: "shipped" });
    },
    LONG_TEST_MS,
  );
});
