import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createEngine, defineNode, type Storage, type WorkflowDefinition } from "@automatrix/core";
import { standardNodes } from "@automatrix/nodes";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { describe, expect, it } from "vitest";
import { automatrix } from "./run-in-process.js";
import { temporaryFolder } from "./temporary-folder.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TSX = pathToFileURL(createRequire(join(ROOT, "package.json")).resolve("tsx")).href;
const MAIN = join(ROOT, "packages/cli/src/main.ts");
const NODES = join(ROOT, "packages/cli/test/worker-nodes.mjs");
/** A process starts in seconds on a busy machine. */
const LONG_TEST_MS = 60_000;

const folder = temporaryFolder();

/** `automatrix worker` as its own process. */
class WorkerCommand {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  lines = "";

  constructor(storageUrl: string, ...args: readonly string[]) {
    this.#child = spawn(
      process.execPath,
      ["--conditions=@automatrix/source", `--import=${TSX}`, MAIN, "worker", "--storage", storageUrl, ...args],
      { stdio: ["ignore", "inherit", "pipe"] },
    );
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.lines += text;
      this.#child.emit("line");
    });
    this.#ended = once(this.#child, "exit");
  }

  /** Resolves when it has written this; rejects when it ends before. */
  async said(text: string): Promise<void> {
    while (!this.lines.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`The worker ended without "${text}":\n${this.lines}`);
      await Promise.race([once(this.#child, "line"), this.#ended]);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async exitCode(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** Puts an execution into the storage as a server would that has handed it to workers. */
async function leaveToWorkers(file: string, definition: WorkflowDefinition): Promise<string> {
  const nap = defineNode({ type: "nap", execute: () => new Promise(() => {}) });
  const stuck = defineNode({ type: "stuck", execute: () => new Promise(() => {}) });
  await using engine = createEngine({ storage: sqliteStorage({ file }), nodes: [...standardNodes(), nap, stuck] });
  await engine.start();
  const { id } = await engine.execute(definition);
  await engine.close({ deadlineMs: 0 });
  return id;
}

async function read<Answer>(file: string, ask: (storage: Storage) => Promise<Answer>): Promise<Answer> {
  const storage = sqliteStorage({ file });
  await storage.open();
  try {
    return await ask(storage);
  } finally {
    await storage.close();
  }
}

const NAP: WorkflowDefinition = {
  name: "nap",
  nodes: [
    { id: "nap", type: "nap" },
    { id: "end", type: "end", data: { output: "rested" } },
  ],
  edges: [{ source: "nap", target: "end" }],
};

describe("automatrix worker", () => {
  it(
    "runs what others have started, says so, and drains at SIGTERM",
    async () => {
      const file = join(folder.path(), "drain.db");
      const id = await leaveToWorkers(file, NAP);
      await using worker = new WorkerCommand(`sqlite:${file}`, "--nodes", NODES, "--offers", "eu,gpu");
      await worker.said("napping");
      worker.signal("SIGTERM");
      expect(await worker.exitCode()).toBe(0);
      expect(worker.lines).toMatch(/^\S+Z worker \d+ claims from sqlite:.*offers eu, gpu$/m);
      expect(worker.lines).toContain(`${id} goes on`);
      expect(worker.lines).toMatch(/SIGTERM: claims nothing new; 1 executions run, their nodes have 10\.0 s to end/);
      expect(worker.lines).toContain("worker stopped");
      // The node that ran could end; what comes after it is for others.
      expect(await read(file, (storage) => storage.getExecution(id))).toMatchObject({ owner: null, crashes: 0 });
      expect(await read(file, (storage) => storage.listNodes(id))).toMatchObject([
        { path: "nap", status: "completed" },
      ]);
    },
    LONG_TEST_MS,
  );

  it(
    "hands a node that does not end back when the time is up, and exits all the same",
    async () => {
      const file = join(folder.path(), "stuck.db");
      const id = await leaveToWorkers(file, { name: "stuck", nodes: [{ id: "a", type: "stuck" }], edges: [] });
      await using worker = new WorkerCommand(`sqlite:${file}`, "--nodes", NODES, "--drain-ms", "100");
      await worker.said("stuck for good");
      worker.signal("SIGINT");
      expect(await worker.exitCode()).toBe(0);
      expect(await read(file, (storage) => storage.getExecution(id))).toMatchObject({ owner: null, crashes: 0 });
    },
    LONG_TEST_MS,
  );

  it(
    "quits at the second signal",
    async () => {
      const file = join(folder.path(), "quit.db");
      await leaveToWorkers(file, { name: "stuck", nodes: [{ id: "a", type: "stuck" }], edges: [] });
      await using worker = new WorkerCommand(`sqlite:${file}`, "--nodes", NODES);
      await worker.said("stuck for good");
      worker.signal("SIGTERM");
      await worker.said("claims nothing new");
      worker.signal("SIGTERM");
      expect(await worker.exitCode()).toBe(143);
    },
    LONG_TEST_MS,
  );

  it.each([
    [["--storage", "memory:"], "finds nothing there"],
    [["--storage", "sqlite::memory:", "--redis", "localhost"], "--redis takes a URL"],
    [["--storage", "sqlite::memory:", "--redis", "redis://:hidden@localhost:port"], "--redis takes a URL"],
    [["--storage", "sqlite::memory:", "--redis", "redis://localhost/name"], "connection is no URL of Redis"],
    [["--offers", "gpu,,eu"], "must be a list of tags"],
    [["--drain-ms", "soon"], "whole number"],
    [["--concurrency", "0"], "whole number"],
  ])("refuses %j and says why", async (args, message) => {
    const { exitCode, errors } = await automatrix(["worker", ...args]);
    expect(exitCode).toBe(2);
    expect(errors).toContain(message);
  });
});
