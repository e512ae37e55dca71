import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** From start to exit, compiling TypeScript included. A child that is still there then has leaked something. */
const DEADLINE_MS = 25_000;
/** Resolves `@automatrix/*` to the sources, as the tests do. */
const SOURCE_CONDITION = "@automatrix/source";

export interface ChildResult {
  /** Null when the child had to be killed because it did not end by itself. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a TypeScript module in a process of its own and waits until that ends by itself. */
export function runInChild(
  module: URL,
  args: readonly string[] = [],
  deadlineMs: number = DEADLINE_MS,
): Promise<ChildResult> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
  const child = spawn(
    process.execPath,
    [`--conditions=${SOURCE_CONDITION}`, `--import=${tsx}`, module.pathname, ...args],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH },
      timeout: deadlineMs,
      killSignal: "SIGKILL",
    },
  );
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
