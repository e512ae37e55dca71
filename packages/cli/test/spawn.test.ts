import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TSX = pathToFileURL(createRequire(join(ROOT, "package.json")).resolve("tsx")).href;
const MAIN = join(ROOT, "packages/cli/src/main.ts");
const APPROVAL = join(ROOT, "examples/order-approval");

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
      cwd: ROOT,
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
      ["run", join(APPROVAL, "workflow.json"), "--json", "--input", `@${join(APPROVAL, "large-order.json")}`],
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
});
