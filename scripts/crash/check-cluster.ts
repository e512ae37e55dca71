import type { ExecutionSummary, FireRecord } from "@automatrix/core";
import { CUSTOMER_LIMIT, SCHEDULE_ID } from "./cluster-workflows.js";
import { openCrashStorage, type StoragePlace } from "./crash-storage.js";
import { type LedgerLine, readLedger } from "./ledger.js";
import { listExecutions } from "./list-executions.js";

const SECOND_MS = 1_000;
const MAX_FIRES = 1_000;

export interface ClusterCheck {
  readonly violations: readonly string[];
  /** Slots of the schedule that were fired. */
  readonly fires: number;
  /** The most executions of one customer with a call under way at once. */
  readonly mostAtOnce: number;
  /** Executions that several processes worked on, one after the other. */
  readonly takenOver: number;
}

/** What several processes may get wrong together: limits of flow control, and slots of a schedule. */
export async function checkCluster(params: {
  readonly place: StoragePlace;
  readonly ledger: string;
  /** When each killed process was gone, in milliseconds since the epoch. */
  readonly deathOf: ReadonlyMap<number, number>;
  /** Executions whose start was acknowledged. */
  readonly accepted: number;
}): Promise<ClusterCheck> {
  const { place, ledger, deathOf, accepted } = params;
  const storage = await openCrashStorage(place);
  try {
    const executions = await listExecutions(storage);
    const fires = await storage.listFires({ scheduleId: SCHEDULE_ID, limit: MAX_FIRES });
    const scheduled = executions.filter(({ metadata }) => metadata["trigger"] !== undefined);
    const violations = [...checkFires(fires), ...checkScheduled(scheduled, fires)];
    if (executions.length !== accepted + scheduled.length)
      violations.push(
        `${executions.length} executions exist; ${accepted} were accepted, ${scheduled.length} scheduled`,
      );
    const lines = readLedger(ledger);
    const mostAtOnce = countMostAtOnce({ executions, lines, deathOf });
    if (mostAtOnce > CUSTOMER_LIMIT)
      violations.push(`${mostAtOnce} executions of one customer ran at once; the limit is ${CUSTOMER_LIMIT}`);
    return { violations, fires: fires.length, mostAtOnce, takenOver: countTakenOver(lines) };
  } finally {
    await storage.close();
  }
}

/** Every second was fired, once. */
function checkFires(fires: readonly FireRecord[]): readonly string[] {
  const violations = fires
    .filter(({ status }) => status !== "started")
    .map(({ fireAt, status, reason }) => `slot ${fireAt} is ${status}${reason === null ? "" : `: ${reason}`}`);
  const slots = fires.map(({ fireAt }) => fireAt).sort((a, b) => a - b);
  for (const [index, slot] of slots.entries()) {
    const before = slots[index - 1];
    if (before !== undefined && slot !== before + SECOND_MS)
      violations.push(`after slot ${before} of the schedule came ${slot}`);
  }
  return violations;
}

/** Each slot has the one execution that its row names. */
function checkScheduled(scheduled: readonly ExecutionSummary[], fires: readonly FireRecord[]): readonly string[] {
  const named = new Set(fires.map(({ executionId }) => executionId));
  const violations = scheduled.filter(({ id }) => !named.has(id)).map(({ id }) => `no slot names ${id}`);
  if (scheduled.length !== fires.length)
    violations.push(`${fires.length} slots were fired, ${scheduled.length} executions were started for them`);
  return violations;
}

function countTakenOver(lines: readonly LedgerLine[]): number {
  const firstPid = new Map<string, number>();
  const takenOver = new Set<string>();
  for (const { executionId, pid } of lines) {
    const first = firstPid.get(executionId) ?? pid;
    firstPid.set(executionId, first);
    if (pid !== first) takenOver.add(executionId);
  }
  return takenOver.size;
}

/** A call ends with its line in the ledger, or with its process. */
function countMostAtOnce(params: {
  readonly executions: readonly ExecutionSummary[];
  readonly lines: readonly LedgerLine[];
  readonly deathOf: ReadonlyMap<number, number>;
}): number {
  const { executions, lines, deathOf } = params;
  const keyOf = new Map(executions.map(({ id, limits }) => [id, limits?.concurrency?.key]));
  const open = new Map<string, Map<string, LedgerLine>>();
  let most = 0;
  for (const line of lines) {
    const key = keyOf.get(line.executionId);
    if (key === undefined) continue;
    const calls = open.get(key) ?? new Map<string, LedgerLine>();
    open.set(key, calls);
    if (line.what === "end") {
      calls.delete(line.attemptId);
      continue;
    }
    for (const [attemptId, { pid }] of calls)
      if ((deathOf.get(pid) ?? Number.POSITIVE_INFINITY) <= line.at) calls.delete(attemptId);
    calls.set(line.attemptId, line);
    most = Math.max(most, new Set([...calls.values()].map(({ executionId }) => executionId)).size);
  }
  return most;
}
