/** Starts an engine on a file of sleepers, stays idle, and prints what that cost; started by sleepers.ts. */
import { performance } from "node:perf_hooks";
import { createEngine } from "@automatrix/core";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { sleep } from "./fill-with-sleepers.js";

/** So that what only starting needed has been given back. */
const SETTLE_MS = 1_500;
const MICROSECONDS_PER_MILLISECOND = 1_000;

const [file, idleMs] = [process.argv[2] as string, Number(process.argv[3])];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const startedAt = performance.now();
const engine = createEngine({ storage: sqliteStorage({ file }), nodes: [sleep] });
await engine.start();
const startMs = performance.now() - startedAt;
const timers = process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
await pause(SETTLE_MS);
globalThis.gc?.();
const cpuBefore = process.cpuUsage();
await pause(idleMs);
const { user, system } = process.cpuUsage(cpuBefore);
globalThis.gc?.();
const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage();
await engine.close();
process.stdout.write(
  `${JSON.stringify({
    startMs,
    timers,
    cpuShare: (user + system) / (idleMs * MICROSECONDS_PER_MILLISECOND),
    rssBytes,
    heapBytes,
  })}\n`,
);
