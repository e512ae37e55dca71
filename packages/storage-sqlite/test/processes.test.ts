import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { describe, expect, it } from "vitest";
import { runInChild } from "../../core/test/support/run-in-child.js";
import { temporaryFolder } from "./support/temporary-folder.js";

const PROCESSES = 3;
const EXECUTIONS = 40;
const KILL_AFTER_COMMITS = 45;

describe("several processes on one file", () => {
  const folder = temporaryFolder();

  it("make it together, start each key once, and end each execution once", { timeout: 60_000 }, async () => {
    const file = join(folder.path, "shared.db");
    const results = await Promise.all(
      Array.from({ length: PROCESSES }, (_, index) =>
        runInChild(new URL("./support/sharing-child.ts", import.meta.url), [
          file,
          `worker-${index}`,
          String(EXECUTIONS),
          String(EXECUTIONS),
        ]),
      ),
    );
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      Array.from({ length: PROCESSES }, () => ({ exitCode: 0, stderr: "" })),
    );
    const ended = results.flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
    expect(new Set(ended).size).toBe(EXECUTIONS);
    expect(ended).toHaveLength(EXECUTIONS);
    const storage = sqliteStorage({ file });
    await storage.open();
    for (const id of ended) {
      const record = await storage.getExecution(id);
      expect(record).toMatchObject({ status: "completed", epoch: 2, crashes: 0, lastSeq: 4 });
      const nodes = await storage.listNodes(id);
      expect(nodes.map(({ path, output }) => [path, output])).toEqual(
        ["n0", "n1", "n2"].map((path) => [path, { by: record?.output }]),
      );
    }
    await storage.close();
  });
});

describe("a process that is killed while it writes", () => {
  const folder = temporaryFolder();

  it("leaves whole commits, among them every acknowledged one", { timeout: 60_000 }, async () => {
    const file = join(folder.path, "killed.db");
    const acknowledged = await writeUntilKilled(file);
    expect(acknowledged).toBeGreaterThanOrEqual(KILL_AFTER_COMMITS);
    const storage = sqliteStorage({ file });
    await storage.open();
    const lengths = new Set<number>();
    for (const id of ["e0", "e1", "e2", "e3", "e4"]) {
      const nodes = await storage.listNodes(id);
      const events = await storage.listEvents(id, { after: 1, limit: 100_000 });
      expect(events.map(({ data }) => data)).toEqual(nodes);
      expect(events.map(({ seq }) => seq)).toEqual(nodes.map((_, index) => index + 2));
      lengths.add(nodes.length);
    }
    // A batch is one transaction: all five stand at the same commit.
    expect(lengths.size).toBe(1);
    const [length = 0] = lengths;
    expect(length).toBeGreaterThanOrEqual(acknowledged);
    expect(length).toBeLessThanOrEqual(acknowledged + 1);
    await storage.close();
  });
});

/** The number of the last commit that the child saw acknowledged. */
function writeUntilKilled(file: string): Promise<number> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
  const module = new URL("./support/writing-child.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--conditions=@automatrix/source", `--import=${tsx}`, module, file], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] },
  });
  let acknowledged = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.split("\n")) if (line !== "") acknowledged = Number(line);
    if (acknowledged >= KILL_AFTER_COMMITS) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve(acknowledged));
  });
}
