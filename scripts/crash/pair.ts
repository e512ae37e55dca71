import { checkExecutions } from "./check-executions.js";
import { type CrashReport, type CrashRunOptions, inScratch } from "./crash-run.js";
import { readLedger } from "./ledger.js";
import type { WorkerOrders } from "./worker.js";
import { WorkerProcess } from "./worker-process.js";

/** Long enough that a busy process never loses it. */
const LEASE = { durationMs: 15_000, heartbeatMs: 1_000, sweepMs: 100 } as const;
const OPEN_AT_ONCE = 50;
const READY_WITHIN_MS = 30_000;
const FINISH_WITHIN_MS = 180_000;

/** Lets two processes work on one storage and looks whether any execution ran in both at once. */
export function runPair(options: CrashRunOptions & { readonly executions: number }): Promise<CrashReport> {
  const { executions, say } = options;
  return inScratch(options, async ({ place, ledger }) => {
    const workers = [new WorkerProcess(), new WorkerProcess()];
    const orders = (index: number): WorkerOrders => ({
      storage: place,
      ledger,
      lease: LEASE,
      workflow: "short",
      starts: Math.ceil(executions / workers.length),
      open: OPEN_AT_ONCE,
      keyPrefix: `worker-${index + 1}-`,
      reportIdle: true,
    });
    try {
      await Promise.all(workers.map((worker) => worker.reported("ready", READY_WITHIN_MS)));
      const startedAt = Date.now();
      for (const [index, worker] of workers.entries()) worker.order(orders(index));
      await Promise.all(workers.map((worker) => worker.reported("idle", FINISH_WITHIN_MS)));
      const durationMs = Date.now() - startedAt;
      say(`pair: everything has ended after ${durationMs} ms`);
      await Promise.all(workers.map((worker) => worker.end()));
      const accepted = workers.flatMap((worker) => worker.accepted);
      const found = await checkExecutions({ place, ledger, accepted, allLived: true });
      const byWorker = workers.map(({ pid }) => new Set(idsOf(ledger, pid)).size);
      return {
        name: "pair",
        summary: `${found.executions} executions in ${durationMs} ms, ${byWorker.join(" and ")} by each process, ${found.calls} calls`,
        violations: [
          ...found.violations,
          ...(found.executions === accepted.length
            ? []
            : [`${found.executions} exist, ${accepted.length} were accepted`]),
        ],
      };
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
    }
  });
}

function idsOf(ledger: string, pid: number): readonly string[] {
  return readLedger(ledger).flatMap((line) => (line.pid === pid ? [line.executionId] : []));
}
