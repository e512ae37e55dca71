import type { ExecutionSummary, Storage } from "@automatrix/core";
import Database from "better-sqlite3";
import { openCrashStorage, type StoragePlace } from "./crash-storage.js";
import { type LedgerLine, readLedger } from "./ledger.js";
import { listExecutions } from "./list-executions.js";

const PAGE_SIZE = 1_000;

/** What was found when everything had ended. */
export interface CheckResult {
  readonly violations: readonly string[];
  readonly executions: number;
  /** Starts in the ledger. */
  readonly calls: number;
  /** Calls that were made again since their worker died before the result was durable. */
  readonly repeats: number;
}

/** Compares storage and ledger once all workers have ended. */
export async function checkExecutions(params: {
  readonly place: StoragePlace;
  readonly ledger: string;
  /** Ids whose start was acknowledged. */
  readonly accepted: readonly string[];
  /** True when no worker died: then nothing may have run twice, nor in two processes at once. */
  readonly allLived?: boolean;
}): Promise<CheckResult> {
  const { place, ledger, accepted, allLived = false } = params;
  const violations: string[] = place.kind === "sqlite" ? [...checkIntegrity(place.file)] : [];
  const lines = readLedger(ledger);
  const linesOf = groupBy(lines, ({ executionId }) => executionId);
  const storage = await openCrashStorage(place);
  try {
    const executions = await listExecutions(storage);
    const known = new Set(executions.map(({ id }) => id));
    for (const id of accepted) if (!known.has(id)) violations.push(`${id} was accepted and is gone`);
    for (const execution of executions)
      violations.push(...(await checkExecution(storage, execution, linesOf.get(execution.id) ?? [])));
    const repeats = countRepeats(lines);
    if (allLived) {
      if (repeats > 0) violations.push(`${repeats} calls were made again, though no worker died`);
      for (const [id, own] of linesOf) violations.push(...findOverlaps(id, own));
    }
    const calls = lines.filter(({ what }) => what === "start").length;
    return { violations, executions: executions.length, calls, repeats };
  } finally {
    await storage.close();
  }
}

function checkIntegrity(file: string): readonly string[] {
  const database = new Database(file);
  try {
    const answer: unknown = database.pragma("integrity_check", { simple: true });
    return answer === "ok" ? [] : [`integrity_check: ${String(answer)}`];
  } finally {
    database.close();
  }
}

async function checkExecution(
  storage: Storage,
  { id, status, blocked, error, lastSeq }: ExecutionSummary,
  lines: readonly LedgerLine[],
): Promise<readonly string[]> {
  const violations: string[] = [];
  if (status !== "completed")
    violations.push(
      `${id} is ${status}${blocked ? `, blocked: ${blocked.message}` : ""}${error ? `: ${error.message}` : ""}`,
    );
  violations.push(...(await checkJournal(storage, id, lastSeq)));
  const winners = await winnersOf(storage, id);
  for (const [path, calls] of groupBy(lines, (line) => line.path))
    violations.push(...checkCalls(`${path} of ${id}`, calls, winners.get(path)));
  return violations;
}

async function checkJournal(storage: Storage, id: string, lastSeq: number): Promise<readonly string[]> {
  const violations: string[] = [];
  const completed = new Set<string>();
  let seq = 0;
  for (;;) {
    const events = await storage.listEvents(id, { after: seq, limit: PAGE_SIZE });
    for (const event of events) {
      if (event.seq !== seq + 1) violations.push(`the journal of ${id} goes from ${seq} to ${event.seq}`);
      seq = event.seq;
      if (event.type !== "node.completed" || event.nodeId === undefined) continue;
      if (completed.has(event.nodeId)) violations.push(`${event.nodeId} of ${id} has two node.completed`);
      completed.add(event.nodeId);
    }
    if (events.length < PAGE_SIZE) break;
  }
  if (seq !== lastSeq) violations.push(`lastSeq of ${id} is ${lastSeq}; its journal ends at ${seq}`);
  return violations;
}

/** The attempt id that was recorded, by path of the ledger. */
async function winnersOf(storage: Storage, id: string): Promise<ReadonlyMap<string, string>> {
  const winners = new Map<string, string>();
  const note = (path: string, value: unknown) => {
    const attemptId = (value as { readonly attemptId?: unknown } | null)?.attemptId;
    if (typeof attemptId === "string") winners.set(path, attemptId);
  };
  for (const { path, status, output } of await storage.listNodes(id)) if (status === "completed") note(path, output);
  for (const { nodePath, key, value } of await storage.listSteps(id))
    if (key.startsWith("step:")) note(`${nodePath}#${key.slice("step:".length)}`, value);
  return winners;
}

/** Nothing starts after the call whose result was recorded has ended: it was recorded, or its worker could not write. */
function checkCalls(place: string, lines: readonly LedgerLine[], winner: string | undefined): readonly string[] {
  const violations: string[] = [];
  if (winner === undefined) return [`${place} was called and has no result`];
  const recordedAt = lines.findIndex(({ what, attemptId }) => what === "end" && attemptId === winner);
  if (recordedAt < 0) violations.push(`${place} has a result of ${winner}, which the ledger does not know`);
  const starts = lines.filter(({ what }) => what === "start");
  const isStep = place.includes("#");
  for (const [index, start] of starts.entries()) {
    if (recordedAt >= 0 && lines.indexOf(start) > recordedAt)
      violations.push(`${place} was called again (attempt ${start.attempt}) after its recorded call had ended`);
    if (start.idempotencyKey !== starts[0]?.idempotencyKey)
      violations.push(`${place} was called with another idempotency key`);
    if (start.attempt < (starts[index - 1]?.attempt ?? 1))
      violations.push(`${place} went back from attempt ${starts[index - 1]?.attempt} to ${start.attempt}`);
    if (!isStep && starts.findIndex(({ attemptId }) => attemptId === start.attemptId) !== index)
      violations.push(`${place} was called twice with the attempt id ${start.attemptId}`);
  }
  return violations;
}

/** Starts of an attempt beyond its first. */
function countRepeats(lines: readonly LedgerLine[]): number {
  const seen = new Set<string>();
  let repeats = 0;
  for (const { what, executionId, path, attempt } of lines) {
    if (what !== "start") continue;
    const call = `${executionId} ${path} ${attempt}`;
    if (seen.has(call)) repeats++;
    seen.add(call);
  }
  return repeats;
}

/** Calls of one execution that ran in two processes at once. */
function findOverlaps(id: string, lines: readonly LedgerLine[]): readonly string[] {
  const open = new Map<string, LedgerLine>();
  const violations: string[] = [];
  for (const line of lines) {
    const call = `${line.path} ${line.attemptId}`;
    if (line.what === "end") open.delete(call);
    else {
      for (const other of open.values())
        if (other.pid !== line.pid)
          violations.push(
            `${id} ran in two processes at once: ${other.path} in ${other.pid}, ${line.path} in ${line.pid}`,
          );
      open.set(call, line);
    }
  }
  return violations;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
