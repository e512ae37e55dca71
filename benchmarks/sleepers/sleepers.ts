import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { fillWithSleepers } from "./fill-with-sleepers.js";

export const SLEEPERS = 100_000;
const IDLE_MS = 10_000;
const DEADLINE_MS = 60_000;

/** What an engine costs that has started and has nothing to do. */
export interface IdleEngine {
  readonly startMs: number;
  /** Pending timers of the process. */
  readonly timers: number;
  /** Processor time ÷ time, over 10 s. */
  readonly cpuShare: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

export interface Sleepers {
  readonly sleepers: number;
  /** How long it took to create them. */
  readonly fillMs: number;
  readonly withSleepers: IdleEngine;
  /** The same process on an empty file. */
  readonly withNone: IdleEngine;
}

/** Parks executions in a SQLite file, then starts a process on it, and one on an empty file. */
export async function measureSleepers(): Promise<Sleepers> {
  const folder = await mkdtemp(join(tmpdir(), "automatrix-bench-"));
  try {
    const file = join(folder, "sleepers.db");
    const startedAt = performance.now();
    // Nothing of this file is to survive a loss of power, and only reading it is measured.
    await fillWithSleepers(() => sqliteStorage({ file, synchronous: "normal" }), SLEEPERS);
    const fillMs = performance.now() - startedAt;
    const withNone = await measureIdle(join(folder, "empty.db"));
    return { sleepers: SLEEPERS, fillMs, withNone, withSleepers: await measureIdle(file) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureIdle(file: string): Promise<IdleEngine> {
  const child = fileURLToPath(new URL("./sleepers-child.ts", import.meta.url));
  const args = [...process.execArgv, child, file, String(IDLE_MS)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: DEADLINE_MS });
  return JSON.parse(stdout) as IdleEngine;
}
