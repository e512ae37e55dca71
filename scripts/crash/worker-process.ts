import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ClusterOrders } from "./cluster-worker.js";
import type { WorkerOrders, WorkerReport } from "./worker.js";

/** Resolves `@automatrix/*` to the sources. */
const SOURCE_CONDITION = "@automatrix/source";
const MAX_STDERR_CHARACTERS = 4_000;

/** A worker's process, from the parent's side. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #reports: WorkerReport[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #exited: Promise<unknown>;
  #stderr = "";

  /** @param script what the process runs */
  constructor(script = "worker.ts") {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
    this.#child = spawn(
      process.execPath,
      [`--conditions=${SOURCE_CONDITION}`, `--import=${tsx}`, fileURLToPath(new URL(script, import.meta.url))],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    this.#exited = once(this.#child, "exit").then(() => this.#wake());
    // A killed worker's pipe breaks; that is the point of the exercise.
    this.#child.stdin?.on("error", () => {});
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on("line", (line) => {
        this.#reports.push(JSON.parse(line) as WorkerReport);
        this.#wake();
      });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-MAX_STDERR_CHARACTERS);
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Ids of executions whose start it has acknowledged. */
  get accepted(): readonly string[] {
    return this.acceptedByKey.map(([, id]) => id);
  }

  /** The same with the idempotency key of each. */
  get acceptedByKey(): readonly (readonly [key: string, id: string])[] {
    return this.#reports.flatMap((report) => (report.is === "accepted" ? [[report.key, report.id] as const] : []));
  }

  /** The end of what it wrote on standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  order(orders: WorkerOrders | ClusterOrders): void {
    this.#child.stdin?.write(`${JSON.stringify(orders)}\n`);
  }

  /** Waits for a report. Rejects when the process ends or the time is over without it. */
  async reported(is: WorkerReport["is"], withinMs: number): Promise<void> {
    const endsAt = Date.now() + withinMs;
    while (!this.#reports.some((report) => report.is === is)) {
      const leftMs = endsAt - Date.now();
      if (this.hasEnded || leftMs <= 0)
        throw new Error(
          `Worker ${this.pid} did not report "${is}" ${leftMs <= 0 ? `within ${withinMs} ms` : "before it ended"}.\n${this.#stderr}`,
        );
      await this.#nextReport(leftMs);
    }
  }

  #nextReport(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Lets it close its engine; kills it when that takes too long. */
  async end(withinMs = 5_000): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), withinMs);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** Hands out workers that have loaded everything before they are asked for. */
export class WorkerPool {
  readonly #script: string | undefined;
  #standby: WorkerProcess | undefined;

  /** @param script what the processes run */
  constructor(script?: string) {
    this.#script = script;
  }

  /** A worker that is ready for its orders; the next one starts to load. */
  async take(): Promise<WorkerProcess> {
    const worker = this.#standby ?? new WorkerProcess(this.#script);
    this.#standby = new WorkerProcess(this.#script);
    await worker.reported("ready", 30_000);
    return worker;
  }

  async close(): Promise<void> {
    await this.#standby?.kill();
    this.#standby = undefined;
  }
}
