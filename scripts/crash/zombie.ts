import { setTimeout as sleep } from "node:timers/promises";
import { checkExecutions } from "./check-executions.js";
import { type CrashReport, type CrashRunOptions, inScratch } from "./crash-run.js";
import { openCrashStorage, type StoragePlace } from "./crash-storage.js";
import { type LedgerLine, readLedger } from "./ledger.js";
import type { WorkerOrders } from "./worker.js";
import { WorkerProcess } from "./worker-process.js";

const LEASE = { durationMs: 2_000, heartbeatMs: 500, sweepMs: 200 } as const;
/** A takeover may last as long as the lease and this. */
const DEFAULT_TAKEOVER_ALLOWANCE_MS = 1_000;
const EXECUTIONS = 20;
const POLL_MS = 10;
const FINISH_WITHIN_MS = 30_000;
/** How long the woken worker is watched. */
const AFTERLIFE_MS = 1_500;

/** Stops a worker for longer than its lease, lets another take over, and wakes the first. */
export function runZombie(options: CrashRunOptions & { readonly takeoverAllowanceMs?: number }): Promise<CrashReport> {
  const { say, takeoverAllowanceMs = DEFAULT_TAKEOVER_ALLOWANCE_MS } = options;
  return inScratch(options, async ({ place, ledger }) => {
    const [sleeper, other] = [new WorkerProcess(), new WorkerProcess()];
    const orders: WorkerOrders = {
      storage: place,
      ledger,
      lease: LEASE,
      workflow: "slow",
      starts: EXECUTIONS,
      open: EXECUTIONS,
      keyPrefix: "zombie-",
      reportIdle: false,
    };
    try {
      await Promise.all([sleeper.reported("ready", FINISH_WITHIN_MS), other.reported("ready", FINISH_WITHIN_MS)]);
      other.order({ ...orders, starts: 0, reportIdle: false });
      await other.reported("started", FINISH_WITHIN_MS);
      sleeper.order(orders);
      await until(() => inFlight(ledger, sleeper.pid).length === EXECUTIONS);
      const stopped = inFlight(ledger, sleeper.pid);
      sleeper.signal("SIGSTOP");
      const stoppedAt = Date.now();
      say(`zombie: stopped a worker with ${stopped.length} calls in flight`);
      await until(() => readLedger(ledger).some(({ pid }) => pid === other.pid));
      await until(() => takenOver(ledger, stopped, other.pid) === stopped.length);
      const takeoverMs = lastStart(ledger, stopped, other.pid) - stoppedAt;
      say(`zombie: the last of them went on elsewhere after ${takeoverMs} ms`);
      // In the middle of the repeated calls: both workers have the same nodes in flight now.
      await sleep(100);
      const linesBefore = readLedger(ledger).length;
      sleeper.signal("SIGCONT");
      await untilNothingIsOpen(place);
      await sleep(AFTERLIFE_MS);
      const late = readLedger(ledger).slice(linesBefore);
      await Promise.all([sleeper.end(), other.end()]);
      const found = await checkExecutions({ place, ledger, accepted: sleeper.accepted });
      const lateStarts = late.filter(({ what, pid }) => what === "start" && pid === sleeper.pid);
      const limitMs = LEASE.durationMs + takeoverAllowanceMs;
      return {
        name: "zombie",
        summary:
          `a lease of ${LEASE.durationMs} ms, ${stopped.length} executions taken over within ${takeoverMs} ms ` +
          `(at most ${limitMs}), ${found.repeats} calls repeated`,
        violations: [
          ...found.violations,
          ...(takeoverMs > limitMs ? [`the takeover lasted ${takeoverMs} ms, more than ${limitMs}`] : []),
          ...(stopped.length === 0 ? ["no call was in flight when the worker was stopped"] : []),
          ...lateStarts.map(({ path, executionId }) => `the woken worker started ${path} of ${executionId}`),
          ...checkRepeats(ledger, stopped),
        ],
      };
    } finally {
      sleeper.signal("SIGCONT");
      await Promise.all([sleeper.kill(), other.kill()]);
    }
  });
}

/** Calls of a process that have begun and not ended. */
function inFlight(ledger: string, pid: number): readonly LedgerLine[] {
  const open = new Map<string, LedgerLine>();
  for (const line of readLedger(ledger)) {
    if (line.pid !== pid || line.path !== "slow") continue;
    if (line.what === "start") open.set(line.attemptId, line);
    else open.delete(line.attemptId);
  }
  return [...open.values()];
}

function restarts(ledger: string, stopped: readonly LedgerLine[], pid: number): readonly LedgerLine[] {
  const ids = new Set(stopped.map(({ executionId }) => executionId));
  return readLedger(ledger).filter(
    (line) => line.what === "start" && line.pid === pid && line.path === "slow" && ids.has(line.executionId),
  );
}

function takenOver(ledger: string, stopped: readonly LedgerLine[], pid: number): number {
  return new Set(restarts(ledger, stopped, pid).map(({ executionId }) => executionId)).size;
}

function lastStart(ledger: string, stopped: readonly LedgerLine[], pid: number): number {
  return Math.max(...restarts(ledger, stopped, pid).map(({ at }) => at));
}

/** Each stopped call ran once more: the same attempt and idempotency key, another attempt id. */
function checkRepeats(ledger: string, stopped: readonly LedgerLine[]): readonly string[] {
  const starts = readLedger(ledger).filter(({ what, path }) => what === "start" && path === "slow");
  return stopped.flatMap((call) => {
    const repeats = starts.filter(
      ({ executionId, attemptId }) => executionId === call.executionId && attemptId !== call.attemptId,
    );
    const [repeat] = repeats;
    return repeats.length === 1 && repeat?.attempt === call.attempt && repeat.idempotencyKey === call.idempotencyKey
      ? []
      : [
          `the call in flight of ${call.executionId} was repeated ${repeats.length} times, or with another key or attempt`,
        ];
  });
}

async function untilNothingIsOpen(place: StoragePlace): Promise<void> {
  const storage = await openCrashStorage(place);
  try {
    await until(async () => {
      const { items } = await storage.listExecutions({ status: ["queued", "running", "waiting"], limit: 1 });
      return items.length === 0;
    });
  } finally {
    await storage.close();
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = Date.now() + FINISH_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > endsAt) throw new Error(`It did not come about within ${FINISH_WITHIN_MS} ms.`);
    await sleep(POLL_MS);
  }
}
