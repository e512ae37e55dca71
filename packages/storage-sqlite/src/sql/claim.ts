/**
 * Who is claimed next, and by whom.
 *
 * Executions that may be claimed stand in *lanes*: those that are held back, or not, by the very same things (tenant,
 * tags, limits), so that only the first of a lane has to be looked at and a lane that is held back costs one look,
 * however long it is. Lanes are read from an index that holds only what may be claimed; executions of dead workers are
 * read apart and join them. What sleeps costs nothing: the due ones are woken first, by an index on their instants.
 */
import type { FlowLimits, Storage } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { EXECUTION_COLUMNS, type ExecutionRow } from "../rows/execution-row.js";
import { fromJsonOrNull } from "../rows/json.js";
import { toText } from "../rows/text.js";
import { FlowCounts } from "./flow-limits.js";
import { heartbeat } from "./heartbeat.js";

/** Most sleepers woken, and most executions of one dead worker looked at, in one claim; the rest come with the next. */
const MAX_LOOKED_AT = 1_000;
/** Most lanes of one priority that are weighed against each other. */
const MAX_LANES = 1_000;

const WAKE_DUE = `UPDATE automatrix_executions SET has_news = 1 WHERE ordinal IN (
    SELECT ordinal FROM automatrix_executions
    WHERE is_parked = 1 AND wake_at IS NOT NULL AND has_news = 0 AND wake_at <= ?
    ORDER BY wake_at LIMIT ${MAX_LOOKED_AT})`;

const CANDIDATE_COLUMNS = "ordinal, priority, lane, tenant, status, is_parked, started_at, owner, requires, limits";
const SELECT_HIGHEST_PRIORITY = "SELECT max(priority) AS priority FROM automatrix_executions WHERE is_ready = 1";
const SELECT_NEXT_PRIORITY = `SELECT priority FROM automatrix_executions
  WHERE is_ready = 1 AND priority < ? ORDER BY priority DESC LIMIT 1`;
const SELECT_NEXT_LANE = `SELECT ${CANDIDATE_COLUMNS} FROM automatrix_executions
  WHERE is_ready = 1 AND priority = ? AND lane > ? ORDER BY lane, ordinal LIMIT 1`;
const SELECT_NEXT_IN_LANE = `SELECT ${CANDIDATE_COLUMNS} FROM automatrix_executions
  WHERE is_ready = 1 AND priority = ? AND lane = ? AND ordinal > ? ORDER BY ordinal LIMIT 1`;

const SELECT_NEXT_OWNER = `SELECT owner FROM automatrix_executions
  WHERE owner IS NOT NULL AND ended_at IS NULL AND owner > ? ORDER BY owner LIMIT 1`;
const SELECT_LEASE = "SELECT lease_until, is_dead FROM automatrix_workers WHERE id = ?";
const SELECT_OWNED = `SELECT ${CANDIDATE_COLUMNS} FROM automatrix_executions
  WHERE owner = ? AND owner IS NOT NULL AND ended_at IS NULL AND blocked IS NULL
  ORDER BY priority DESC, ordinal LIMIT ${MAX_LOOKED_AT}`;
const SELECT_ONE = `SELECT ${CANDIDATE_COLUMNS} FROM automatrix_executions
  WHERE id = ? AND ended_at IS NULL AND (blocked IS NULL OR is_parked = 1)`;
const SELECT_READY = `SELECT ${CANDIDATE_COLUMNS} FROM automatrix_executions
  WHERE id = ? AND is_ready = 1 AND limits IS NULL`;
const DECLARE_DEAD = "UPDATE automatrix_workers SET is_dead = 1 WHERE id = ? AND is_dead = 0";

const OWN = `UPDATE automatrix_executions SET owner = ?, epoch = epoch + 1, crashes = crashes + (owner IS NOT NULL),
    started_at = CASE WHEN status = 'queued' OR is_parked = 1 THEN coalesce(started_at, ?) ELSE started_at END,
    status = CASE WHEN status = 'queued' OR is_parked = 1 THEN 'running' ELSE status END,
    has_news = 0, is_parked = 0, wake_at = NULL
  WHERE ordinal = ? RETURNING ${EXECUTION_COLUMNS}`;

interface Candidate
  extends Pick<ExecutionRow, "ordinal" | "priority" | "tenant" | "status" | "is_parked" | "started_at"> {
  readonly lane: string;
  readonly owner: string | null;
  readonly requires: string | null;
  readonly limits: string | null;
}

interface Lane {
  first: Candidate;
  /** Null when no limit can hold it back. */
  readonly limits: FlowLimits | null;
  readonly isNew: boolean;
  /** The one behind `first`. */
  readonly next: (first: Candidate) => Candidate | undefined;
}

export type ClaimParams = Parameters<Storage["claim"]>[0] & {
  /** The storage's clock. */
  readonly now: number;
};

/** Claims within the transaction that is open, and answers the rows as they are then. */
export function claim(connection: Connection, params: ClaimParams): readonly ExecutionRow[] {
  const { workerId, leaseDurationMs, now, dueAt, limit } = params;
  if (!heartbeat(connection, { workerId, leaseUntil: now + leaseDurationMs })) return [];
  if (params.executionId !== undefined) return claimOne(connection, params.executionId, params);
  connection.run(WAKE_DUE, dueAt);
  if (params.among !== undefined) return claimAmong(connection, params.among, params);
  const orphans = readOrphans(connection, now);
  const counts = new FlowCounts(connection);
  const rows: ExecutionRow[] = [];
  let priority = highestPriority(connection, orphans);
  while (priority !== undefined && rows.length < limit) {
    const lanes = readLanes(connection, { ...params, priority, orphans, counts });
    while (rows.length < limit) {
      const candidate = takeNext(lanes, counts, dueAt);
      if (candidate === undefined) break;
      rows.push(own(connection, candidate, params));
    }
    priority = nextPriority(connection, orphans, priority);
  }
  return rows;
}

/** The one that is named, whatever limits hold it back, unless somebody who lives has it or it is blocked. */
function claimOne(connection: Connection, executionId: string, params: ClaimParams): readonly ExecutionRow[] {
  const candidate = connection.first<Candidate>(SELECT_ONE, toText(executionId));
  if (candidate === undefined || (candidate.owner !== null && isAlive(connection, candidate.owner, params.now)))
    return [];
  return [own(connection, candidate, params)];
}

/** Those that are ready and that no limit may hold back. */
function claimAmong(connection: Connection, ids: readonly string[], params: ClaimParams): readonly ExecutionRow[] {
  const candidates = [...new Set(ids)]
    .map((id) => connection.first<Candidate>(SELECT_READY, toText(id)))
    .filter((candidate) => candidate !== undefined && isOffered(candidate, params.offers)) as Candidate[];
  return candidates
    .sort((a, b) => b.priority - a.priority || a.ordinal - b.ordinal)
    .slice(0, params.limit)
    .map((candidate) => own(connection, candidate, params));
}

// ── priorities ───────────────────────────────────────────────────────────────

function highestPriority(connection: Connection, orphans: readonly Candidate[]): number | undefined {
  const ready = connection.first<{ readonly priority: number | null }>(SELECT_HIGHEST_PRIORITY)?.priority ?? undefined;
  return higher(ready, orphans[0]?.priority);
}

function nextPriority(connection: Connection, orphans: readonly Candidate[], below: number): number | undefined {
  const ready = connection.first<{ readonly priority: number }>(SELECT_NEXT_PRIORITY, below)?.priority;
  return higher(ready, orphans.find(({ priority }) => priority < below)?.priority);
}

function higher(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

// ── lanes ────────────────────────────────────────────────────────────────────

interface LanesParams {
  readonly priority: number;
  readonly offers?: readonly string[] | null;
  readonly dueAt: number;
  readonly orphans: readonly Candidate[];
  readonly counts: FlowCounts;
}

/** The lanes of one priority that nothing holds back. */
function readLanes(connection: Connection, params: LanesParams): Lane[] {
  const { priority, orphans } = params;
  const lanes: Lane[] = [];
  const addLane = (first: Candidate, next: Lane["next"]): void => {
    const lane = toLane(first, next);
    if (isOffered(first, params.offers) && !isHeldBack(lane, params.counts, params.dueAt)) lanes.push(lane);
  };
  let first = connection.first<Candidate>(SELECT_NEXT_LANE, priority, "");
  while (first !== undefined && lanes.length < MAX_LANES) {
    const { lane } = first;
    addLane(first, ({ ordinal }) => connection.first<Candidate>(SELECT_NEXT_IN_LANE, priority, lane, ordinal));
    first = connection.first<Candidate>(SELECT_NEXT_LANE, priority, lane);
  }
  for (const queue of groupByLane(orphans.filter((orphan) => orphan.priority === priority))) {
    addLane(queue[0] as Candidate, (candidate) => queue[queue.indexOf(candidate) + 1]);
  }
  return lanes;
}

function toLane(first: Candidate, next: Lane["next"]): Lane {
  const limits = takesPlace(first) ? fromJsonOrNull<FlowLimits>(first.limits) : null;
  return { first, limits, isNew: first.started_at === null, next };
}

/** What runs already has its place, and what is neither queued nor parked goes on with what it had. */
function takesPlace({ status, is_parked: isParked }: Candidate): boolean {
  return status === "queued" || (isParked === 1 && status !== "running");
}

function groupByLane(candidates: readonly Candidate[]): Iterable<readonly Candidate[]> {
  const lanes = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const queue = lanes.get(candidate.lane);
    if (queue === undefined) lanes.set(candidate.lane, [candidate]);
    else queue.push(candidate);
  }
  return lanes.values();
}

function isOffered({ requires }: Candidate, offers: readonly string[] | null = null): boolean {
  return offers === null || (fromJsonOrNull<readonly string[]>(requires) ?? []).every((tag) => offers.includes(tag));
}

function isHeldBack({ limits, isNew }: Lane, counts: FlowCounts, at: number): boolean {
  return limits !== null && counts.isHeldBack(limits, { isNew, at });
}

// ── the next one ─────────────────────────────────────────────────────────────

/** Takes the next one out of its lane. Lanes that are empty or held back are dropped: a claim makes neither better. */
function takeNext(lanes: Lane[], counts: FlowCounts, at: number): Candidate | undefined {
  for (let best = pickLane(lanes, counts); best !== undefined; best = pickLane(lanes, counts)) {
    if (isHeldBack(best, counts, at)) {
      drop(lanes, best);
      continue;
    }
    const { first, limits, isNew } = best;
    const next = best.next(first);
    if (next === undefined) drop(lanes, best);
    else best.first = next;
    if (takesPlace(first)) counts.add({ tenant: first.tenant, limits, isNew, at });
    return first;
  }
  return undefined;
}

function drop(lanes: Lane[], lane: Lane): void {
  lanes.splice(lanes.indexOf(lane), 1);
}

/** The tenant with the fewest running executions, then who came first. */
function pickLane(lanes: readonly Lane[], counts: FlowCounts): Lane | undefined {
  const tenant = lanes[0]?.first.tenant;
  const isShared = lanes.some(({ first }) => first.tenant !== tenant);
  return lanes.reduce<Lane | undefined>(
    (best, lane) => (best === undefined || comesBefore(lane, best, isShared ? counts : undefined) ? lane : best),
    undefined,
  );
}

/** Without `counts` there is one tenant, and nothing to share. */
function comesBefore({ first: a }: Lane, { first: b }: Lane, counts: FlowCounts | undefined): boolean {
  const share = counts === undefined ? 0 : counts.runningOf(a.tenant) - counts.runningOf(b.tenant);
  return share === 0 ? a.ordinal < b.ordinal : share < 0;
}

function own(connection: Connection, candidate: Candidate, { workerId, dueAt }: ClaimParams): ExecutionRow {
  if (candidate.owner !== null) connection.run(DECLARE_DEAD, candidate.owner);
  return connection.first<ExecutionRow>(OWN, toText(workerId), dueAt, candidate.ordinal) as ExecutionRow;
}

// ── dead workers ─────────────────────────────────────────────────────────────

/** What belongs to workers whose lease has ended, by priority, then by who came first. */
function readOrphans(connection: Connection, now: number): readonly Candidate[] {
  const orphans: Candidate[] = [];
  for (let owner = nextOwner(connection, ""); owner !== undefined; owner = nextOwner(connection, owner)) {
    if (!isAlive(connection, owner, now)) orphans.push(...connection.all<Candidate>(SELECT_OWNED, owner));
  }
  return orphans.sort((a, b) => b.priority - a.priority || a.ordinal - b.ordinal);
}

function nextOwner(connection: Connection, after: string): string | undefined {
  return connection.first<{ readonly owner: string }>(SELECT_NEXT_OWNER, after)?.owner;
}

/** A worker that never gave a sign of life counts as alive. */
function isAlive(connection: Connection, owner: string, now: number): boolean {
  const lease = connection.first<{ readonly lease_until: number; readonly is_dead: 0 | 1 }>(SELECT_LEASE, owner);
  return lease === undefined || (lease.is_dead === 0 && lease.lease_until > now);
}
