import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import type { WorkerNote, WorkerOrders } from "./worker-child.js";

const SCRIPT = fileURLToPath(new URL("./worker-child.ts", import.meta.url));
const DEADLINE_MS = 60_000;

/** Processes that do the same work side by side. */
export class WorkerProcesses {
  readonly #children: ChildProcess[] = [];
  #ended = 0;
  #onEnded: (() => void) | undefined;

  /** Resolves when all of them are ready for work. */
  static async start(count: number, orders: WorkerOrders): Promise<WorkerProcesses> {
    const workers = new WorkerProcesses();
    for (let index = 0; index < count; index++) workers.#children.push(fork(SCRIPT, [JSON.stringify(orders)]));
    for (const child of workers.#children) await once(child, "message");
    for (const child of workers.#children) child.on("message", (note) => workers.#hear(note as WorkerNote));
    return workers;
  }

  #hear(note: WorkerNote): void {
    if ("ended" in note) this.#ended += note.ended;
    this.#onEnded?.();
  }

  /**
   * Milliseconds from the begin of `start` until this many have ended.
   * @throws Error when that takes longer than a minute
   */
  async timeUntilEnded(count: number, start: () => Promise<unknown>): Promise<number> {
    this.#ended = 0;
    const startedAt = performance.now();
    const allEnded = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`only ${this.#ended} of ${count} ended`)), DEADLINE_MS);
      this.#onEnded = () => {
        if (this.#ended < count) return;
        clearTimeout(timer);
        resolve();
      };
    });
    await Promise.all([start(), allEnded]);
    return performance.now() - startedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        const exited = once(child, "exit");
        child.send("close");
        await exited;
      }),
    );
  }
}
