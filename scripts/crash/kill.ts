import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@automatrix/core/testing";
import { checkExecutions } from "./check-executions.js";
import { type CrashReport, type CrashRunOptions, inScratch } from "./crash-run.js";
import type { WorkerOrders } from "./worker.js";
import { WorkerPool } from "./worker-process.js";

/** Short, so that a round need not wait long for what the last one left. */
const LEASE = { durationMs: 300, heartbeatMs: 100, sweepMs: 50 } as const;
/** Of the last worker: a busy machine must not take it for dead. */
const LAST_LEASE = { durationMs: 10_000, heartbeatMs: 500, sweepMs: 50 } as const;
const EXECUTIONS_A_ROUND = 4;
const SHORTEST_LIFE_MS = 5;
const LONGEST_LIFE_MS = 900;
const STARTING_SHARE = 0.25;
const START_WITHIN_MS = 30_000;
const FINISH_WITHIN_MS = 120_000;
const ROUNDS_BETWEEN_LINES = 10;

/** Kills a worker at random moments, again and again, and looks at what is left in the end. */
export function runKill(options: CrashRunOptions & { readonly rounds: number }): Promise<CrashReport> {
  const { rounds, seed, say } = options;
  return inScratch(options, async ({ place, ledger }) => {
    const random = seededRandom(seed);
    const pool = new WorkerPool();
    const accepted: string[] = [];
    const violations: string[] = [];
    const orders = (round: number): WorkerOrders => ({
      storage: place,
      ledger,
      lease: round > rounds ? LAST_LEASE : LEASE,
      workflow: "mixed",
      starts: EXECUTIONS_A_ROUND,
      open: EXECUTIONS_A_ROUND,
      keyPrefix: `round-${round}-`,
      reportIdle: round > rounds,
    });
    try {
      for (let round = 1; round <= rounds; round++) {
        const worker = await pool.take();
        worker.order(orders(round));
        // One in four is killed while it starts.
        if (random.next() > STARTING_SHARE) await worker.reported("started", START_WITHIN_MS).catch(() => {});
        await sleep(SHORTEST_LIFE_MS + random.next() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS));
        if (worker.hasEnded) violations.push(`the worker of round ${round} ended by itself: ${worker.stderr}`);
        await worker.kill();
        accepted.push(...worker.accepted);
        if (round % ROUNDS_BETWEEN_LINES === 0)
          say(`kill: ${round} of ${rounds} workers killed, ${accepted.length} executions accepted`);
      }
      const last = await pool.take();
      last.order(orders(rounds + 1));
      await last.reported("idle", FINISH_WITHIN_MS).catch((error: unknown) => violations.push(String(error)));
      accepted.push(...last.accepted);
      await last.end();
    } finally {
      await pool.close();
    }
    const found = await checkExecutions({ place, ledger, accepted });
    return {
      name: "kill",
      summary:
        `${rounds} workers killed; ${accepted.length} executions accepted, ${found.executions} with children; ` +
        `${found.calls} calls, ${found.repeats} of them repeated`,
      violations: [...violations, ...found.violations],
    };
  });
}
