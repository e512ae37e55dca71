import { ConfigurationError } from "../errors/errors.js";
import type { ExecutionEvent } from "../events/event.js";
import type { BlobStore } from "../ports/blob-store.js";
import type { Clock } from "../ports/clock.js";
import type { CommitOutcome, ExecutionCommit } from "../ports/execution-commit.js";
import type {
  ClaimedExecution,
  ExecutionRecord,
  ExecutionSummary,
  InboxItem,
  NodeRecord,
  StepRecord,
  WaitRecord,
} from "../ports/execution-record.js";
import type { ExecutionFilter, Page, Storage } from "../ports/storage.js";
import { CellMap } from "../shared/cell-map.js";
import { systemClock } from "../system/system-clock.js";
import { ClaimQueue } from "./claim-queue.js";
import { FlowCounts } from "./flow-counts.js";
import { memoryBlobStore } from "./memory-blob-store.js";
import { MemoryCatalogue } from "./memory-catalogue.js";
import type { StoredExecution } from "./stored-execution.js";
import { toPage } from "./to-page.js";
import { WorkerLeases } from "./worker-leases.js";

export interface MemoryStorageOptions {
  /** The storage's clock; the machine's by default. */
  readonly clock?: Clock;
  /** Ended executions that are kept; the oldest go first. Default 10,000. */
  readonly maxEndedExecutions?: number;
  /** Journal events of ended executions that are kept together; the newest execution is kept whole. Default 10,000. */
  readonly maxEndedEvents?: number;
}

/**
 * Everything in memory, gone with the object: for tests, and for work that need not survive the process. The object
 * is the store itself; another engine may open it after the first was closed.
 */
export function memoryStorage(options: MemoryStorageOptions = {}): Storage {
  return new MemoryStorage(options);
}

class MemoryStorage extends MemoryCatalogue implements Storage {
  readonly name = "memory";
  readonly capabilities = Object.freeze({ durable: false, transactional: false, shared: false });
  readonly blobs: BlobStore = memoryBlobStore();
  readonly #clock: Clock;
  readonly #maxEnded: number;
  readonly #maxEndedEvents: number;
  #endedEvents = 0;
  readonly #executions = new CellMap<StoredExecution>();
  /** Those that came so far. */
  #count = 0;
  #ended: string[] = [];
  readonly #byIdempotencyKey = new Map<string, string>();
  readonly #leases = new WorkerLeases();
  readonly #flow = new FlowCounts();
  readonly #queue = new ClaimQueue(this.#flow);
  /** Owned executions with news, by their owner at that time. */
  readonly #news = new Map<string, Set<StoredExecution>>();

  constructor({ clock = systemClock, maxEndedExecutions = 10_000, maxEndedEvents = 10_000 }: MemoryStorageOptions) {
    super();
    this.#clock = clock;
    this.#maxEnded = maxEndedExecutions;
    this.#maxEndedEvents = maxEndedEvents;
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}
  async now(): Promise<number> {
    return this.#clock.now();
  }

  // ── writing ────────────────────────────────────────────────────────────────

  async commit(batch: readonly ExecutionCommit[]): Promise<readonly CommitOutcome[]> {
    return batch.map((commit) => this.#commitOne(commit));
  }

  #commitOne(commit: ExecutionCommit): CommitOutcome {
    if (commit.transaction !== undefined) refuseTransaction();
    if (commit.create !== undefined) return this.#create(commit, commit.create);
    const stored = this.#executions.get(commit.executionId);
    if (stored === undefined || stored.record.epoch !== commit.epoch) return { ok: false, reason: "lease_lost" };
    const { lastSeq, cancelRequested } = stored.record;
    if (commit.afterSeq !== undefined && lastSeq > commit.afterSeq) return { ok: true, firstSeq: commit.afterSeq + 1 };
    if (cancelRequested !== null && (commit.patch?.status === "completed" || commit.park !== undefined))
      return { ok: false, reason: "cancel_requested" };
    if (commit.park !== undefined && hasUnknownItem(stored, commit)) return { ok: false, reason: "inbox_unread" };
    return this.#append(stored, commit);
  }

  #create(commit: ExecutionCommit, record: ExecutionRecord): CommitOutcome {
    const twin = this.#executions.get(record.id)?.record;
    if (twin !== undefined) {
      const isSameCommit = commit.afterSeq === 0 && twin.owner === record.owner && twin.epoch === record.epoch;
      return isSameCommit ? { ok: true, firstSeq: 1 } : { ok: false, reason: "duplicate", existingId: record.id };
    }
    if (record.idempotencyKey !== null) {
      const existingId = this.#byIdempotencyKey.get(record.idempotencyKey);
      if (existingId !== undefined) return { ok: false, reason: "duplicate", existingId };
    }
    if (commit.refuseAtLimit === true && record.limits?.concurrency && this.#flow.isTaken(record.limits.concurrency))
      return { ok: false, reason: "limit_reached" };
    if (record.idempotencyKey !== null) this.#byIdempotencyKey.set(record.idempotencyKey, record.id);
    const order = this.#count++;
    const stored: StoredExecution = {
      record,
      order,
      nodes: [],
      events: [],
      steps: [],
      hasNews: false,
      place: undefined,
    };
    this.#executions.set(record.id, stored);
    this.#flow.change(undefined, record);
    const outcome = this.#append(stored, commit);
    if (record.owner !== null && this.#leases.isGone(record.owner)) this.#queueUp(stored);
    return outcome;
  }

  #append(stored: StoredExecution, commit: ExecutionCommit): CommitOutcome {
    const firstSeq = stored.record.lastSeq + 1;
    if (commit.nodes !== undefined && commit.nodes.length > 0) stored.nodes.push(commit.nodes);
    if (commit.steps !== undefined) stored.steps.push(commit.steps);
    for (const wait of commit.waits ?? []) {
      stored.waits ??= new Map();
      stored.waits.set(wait.nodePath, wait);
    }
    for (const path of commit.endedWaits ?? []) stored.waits?.delete(path);
    for (const id of commit.readInbox ?? []) stored.inbox?.delete(id);
    const events = commit.events ?? [];
    for (let index = 0; index < events.length; index++) (events[index] as { seq: number }).seq = firstSeq + index;
    if (events.length > 0) stored.events.push(events);
    this.#replace(stored, { ...stored.record, ...commit.patch, lastSeq: stored.record.lastSeq + events.length });
    if (commit.park !== undefined) this.#park(stored, commit.park.wakeAt);
    if (commit.deliver !== undefined) this.#deliver(commit.deliver);
    return { ok: true, firstSeq };
  }

  /** The one place where a record changes: keeps counts, queue and retention right. */
  #replace(stored: StoredExecution, record: ExecutionRecord): void {
    const before = stored.record;
    stored.record = record;
    if (before.status !== record.status || before.startedAt !== record.startedAt) this.#flow.change(before, record);
    if (before.endedAt === null && record.endedAt !== null) this.#retire(stored);
    else if (record.owner === null || stored.place !== undefined) this.#queueUp(stored);
  }

  /** Gives it the place in the queue that its record asks for. */
  #queueUp(stored: StoredExecution): void {
    const { endedAt, owner } = stored.record;
    if (endedAt === null && this.#leases.isGone(owner)) this.#queue.add(stored);
    else this.#queue.remove(stored);
  }

  #park(stored: StoredExecution, wakeAt: number | null): void {
    // The writer knows every item there is, and there is no cancel: nothing is news.
    stored.hasNews = false;
    this.#replace(stored, { ...stored.record, owner: null, isParked: true, wakeAt });
  }

  #deliver(items: NonNullable<ExecutionCommit["deliver"]>): void {
    for (const { executionId, item } of items) {
      const stored = this.#executions.get(executionId);
      if (stored !== undefined && stored.record.endedAt === null) this.#addItem(stored, item);
    }
  }

  #addItem(stored: StoredExecution, item: InboxItem): "added" | "duplicate" {
    if (item.key !== null) {
      const key = seenKeyOf(item, item.key);
      stored.seenKeys ??= new Set();
      if (stored.seenKeys.has(key)) return "duplicate";
      stored.seenKeys.add(key);
    }
    stored.inbox ??= new Map();
    stored.inbox.set(item.id, item);
    this.#tell(stored);
    return "added";
  }

  /** Lets it be known that something came. */
  #tell(stored: StoredExecution): void {
    stored.hasNews = true;
    const { owner } = stored.record;
    if (owner === null) return this.#queueUp(stored);
    const news = this.#news.get(owner) ?? new Set();
    this.#news.set(owner, news.add(stored));
  }

  /** Forgets the oldest ended executions beyond the limit. */
  #retire(stored: StoredExecution): void {
    stored.inbox?.clear();
    this.#queue.remove(stored);
    if (stored.hasNews) this.#news.get(stored.record.owner ?? "")?.delete(stored);
    this.#ended.push(stored.record.id);
    this.#endedEvents += stored.record.lastSeq;
    while (
      this.#ended.length > 1 &&
      (this.#ended.length > this.#maxEnded || this.#endedEvents > this.#maxEndedEvents)
    ) {
      this.#forget(this.#executions.get(this.#ended.shift() as string) as StoredExecution);
    }
  }

  #forget({ record }: StoredExecution): void {
    this.#endedEvents -= record.lastSeq;
    if (record.idempotencyKey !== null) this.#byIdempotencyKey.delete(record.idempotencyKey);
    this.#executions.delete(record.id);
  }

  async deleteEnded({ endedBefore, limit }: Parameters<Storage["deleteEnded"]>[0]): Promise<number> {
    const endedAtOf = (id: string) => this.#executions.get(id)?.record.endedAt ?? 0;
    const doomed = new Set(
      this.#ended
        .filter((id) => endedAtOf(id) < endedBefore)
        .sort((a, b) => endedAtOf(a) - endedAtOf(b))
        .slice(0, limit),
    );
    for (const id of doomed) this.#forget(this.#executions.get(id) as StoredExecution);
    this.#ended = this.#ended.filter((id) => !doomed.has(id));
    return doomed.size;
  }

  // ── news ───────────────────────────────────────────────────────────────────

  async requestCancel(
    executionId: string,
    reason: string | null,
    at: number,
  ): Promise<ExecutionRecord["status"] | undefined> {
    const stored = this.#executions.get(executionId);
    if (stored === undefined) return undefined;
    if (stored.record.endedAt === null && stored.record.cancelRequested === null) {
      stored.record = { ...stored.record, cancelRequested: { reason, at } };
      this.#tell(stored);
    }
    return stored.record.status;
  }

  async addToInbox(
    executionId: string,
    item: InboxItem,
    maxUnread: number,
  ): Promise<"added" | "duplicate" | "not_found" | "ended" | "full"> {
    const stored = this.#executions.get(executionId);
    if (stored === undefined) return "not_found";
    if (item.key !== null && stored.seenKeys?.has(seenKeyOf(item, item.key))) return "duplicate";
    if (stored.record.endedAt !== null) return "ended";
    if ((stored.inbox?.size ?? 0) >= maxUnread) return "full";
    return this.#addItem(stored, item);
  }

  async takeNews({ workerId, limit }: Parameters<Storage["takeNews"]>[0]): Promise<readonly string[]> {
    const ids: string[] = [];
    const news = this.#news.get(workerId);
    if (news === undefined) return ids;
    for (const stored of news) {
      if (ids.length >= limit) return ids;
      news.delete(stored);
      if (!stored.hasNews || stored.record.owner !== workerId) continue;
      stored.hasNews = false;
      ids.push(stored.record.id);
    }
    this.#news.delete(workerId);
    return ids;
  }

  async nextWakeAt(): Promise<number | null> {
    return this.#queue.nextWakeAt();
  }

  // ── ownership ──────────────────────────────────────────────────────────────

  async claim({
    workerId,
    limit,
    leaseDurationMs,
    dueAt,
    offers = null,
    among,
    executionId,
  }: Parameters<Storage["claim"]>[0]): Promise<readonly ClaimedExecution[]> {
    const now = this.#clock.now();
    if (!(await this.heartbeat({ workerId, leaseDurationMs }))) return [];
    if (this.#leases.endOverdue(now)) {
      for (const stored of this.#executions.values())
        if (stored.place === undefined && stored.record.endedAt === null) this.#queueUp(stored);
    }
    if (executionId !== undefined) return this.#claimOne(executionId, { workerId, dueAt }).map(toClaimed);
    const own = (stored: StoredExecution) => this.#own(stored, { workerId, dueAt });
    const taken =
      among === undefined
        ? this.#queue.take({ limit, dueAt, offers, own })
        : this.#queue.takeAmong(this.#find(among), { limit, dueAt, offers, own });
    return taken.map(toClaimed);
  }

  #find(ids: readonly string[]): readonly StoredExecution[] {
    return [...new Set(ids)].map((id) => this.#executions.get(id)).filter((stored) => stored !== undefined);
  }

  #claimOne(id: string, claimer: { readonly workerId: string; readonly dueAt: number }): readonly StoredExecution[] {
    const stored = this.#executions.get(id);
    if (stored === undefined || stored.record.endedAt !== null || !this.#leases.isGone(stored.record.owner)) return [];
    if (stored.record.blocked !== null && !stored.record.isParked) return [];
    this.#queue.remove(stored);
    this.#own(stored, claimer);
    return [stored];
  }

  #own(stored: StoredExecution, { workerId, dueAt }: { readonly workerId: string; readonly dueAt: number }): void {
    const { record } = stored;
    if (record.owner !== null) this.#leases.declareDead(record.owner);
    stored.hasNews = false;
    const starts = record.status === "queued" || record.isParked;
    this.#replace(stored, {
      ...record,
      owner: workerId,
      epoch: record.epoch + 1,
      crashes: record.owner === null ? record.crashes : record.crashes + 1,
      status: starts ? "running" : record.status,
      startedAt: starts ? (record.startedAt ?? dueAt) : record.startedAt,
      isParked: false,
      wakeAt: null,
    });
  }

  async heartbeat({ workerId, leaseDurationMs }: Parameters<Storage["heartbeat"]>[0]): Promise<boolean> {
    const answer = this.#leases.extend(workerId, this.#clock.now() + leaseDurationMs);
    // Its lease had ended and nobody took anything: what it owns is no longer to be claimed.
    if (answer === "revived")
      for (const stored of this.#executions.values()) if (stored.record.owner === workerId) this.#queue.remove(stored);
    return answer !== "dead";
  }

  async release({ executionId, epoch }: { readonly executionId: string; readonly epoch: number }): Promise<void> {
    const stored = this.#executions.get(executionId);
    if (stored !== undefined && stored.record.epoch === epoch && stored.record.owner !== null)
      this.#replace(stored, { ...stored.record, owner: null });
  }

  async listOwned(workerId: string): ReturnType<Storage["listOwned"]> {
    return [...this.#executions.values()]
      .filter(({ record }) => record.owner === workerId && record.endedAt === null)
      .map(({ record }) => ({ executionId: record.id, epoch: record.epoch }));
  }

  async unblock(executionId: string): Promise<boolean> {
    const stored = this.#executions.get(executionId);
    if (stored === undefined || stored.record.blocked === null) return false;
    this.#replace(stored, { ...stored.record, blocked: null, crashes: 0, owner: null });
    return true;
  }

  async repin({ executionId, epoch, ...pinned }: Parameters<Storage["repin"]>[0]): Promise<boolean> {
    const stored = this.#executions.get(executionId);
    if (stored === undefined || stored.record.endedAt !== null || stored.record.epoch !== epoch) return false;
    // A parked one may have something to do in its new definition.
    stored.hasNews ||= stored.record.isParked;
    this.#replace(stored, { ...stored.record, ...pinned, epoch: epoch + 1, owner: null, blocked: null });
    return true;
  }

  // ── reading ────────────────────────────────────────────────────────────────

  async getExecution(executionId: string): Promise<ExecutionRecord | undefined> {
    return this.#executions.get(executionId)?.record;
  }

  async findByIdempotencyKey(key: string): Promise<string | undefined> {
    return this.#byIdempotencyKey.get(key);
  }

  async listExecutions(filter: ExecutionFilter): Promise<Page<ExecutionSummary>> {
    const statuses = filter.status === undefined ? undefined : new Set([filter.status].flat());
    const matching = [...this.#executions.values()]
      .map(({ record }) => record)
      .filter(
        (record) =>
          (statuses === undefined || statuses.has(record.status)) &&
          (filter.workflowId === undefined || record.workflowId === filter.workflowId) &&
          (filter.tenant === undefined || record.tenant === filter.tenant) &&
          (filter.parentId === undefined || record.parent?.executionId === filter.parentId) &&
          (filter.limitKey === undefined || record.limits?.concurrency?.key === filter.limitKey) &&
          (filter.endedSince === undefined || (record.endedAt !== null && record.endedAt >= filter.endedSince)),
      )
      .reverse();
    return toPage(matching.map(toSummary), filter);
  }

  async listNodes(executionId: string): Promise<readonly NodeRecord[]> {
    const latest = new Map<string, NodeRecord>();
    for (const part of this.#executions.get(executionId)?.nodes ?? [])
      for (const record of part) latest.set(record.path, record);
    return [...latest.values()];
  }

  async listSteps(executionId: string): Promise<readonly StepRecord[]> {
    const first = new Map<string, StepRecord>();
    for (const part of this.#executions.get(executionId)?.steps ?? [])
      for (const step of part) {
        const id = JSON.stringify([step.nodePath, step.key]);
        if (!first.has(id)) first.set(id, step);
      }
    return [...first.values()];
  }

  async listWaits(executionId: string): Promise<readonly WaitRecord[]> {
    return [...(this.#executions.get(executionId)?.waits?.values() ?? [])].sort((a, b) => a.ordinal - b.ordinal);
  }

  async listInbox(executionId: string): Promise<readonly InboxItem[]> {
    return [...(this.#executions.get(executionId)?.inbox?.values() ?? [])];
  }

  async listInboxes(executionIds: readonly string[]): ReturnType<Storage["listInboxes"]> {
    return new Map(await Promise.all(executionIds.map(async (id) => [id, await this.listInbox(id)] as const)));
  }

  async listEvents(
    executionId: string,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<readonly ExecutionEvent[]> {
    const found: ExecutionEvent[] = [];
    for (const part of this.#executions.get(executionId)?.events ?? []) {
      if ((part.at(-1) as ExecutionEvent).seq <= after) continue;
      for (const event of part) {
        if (found.length >= limit) return found;
        if (event.seq > after) found.push(event);
      }
    }
    return found;
  }
}

function refuseTransaction(): never {
  throw new ConfigurationError(
    "capability_missing",
    "The memory storage has no transactions for nodes; use SQLite or Postgres.",
  );
}

/** True when the inbox holds something that the writer neither knows nor reads with this commit. */
function hasUnknownItem({ inbox }: StoredExecution, { park, readInbox }: ExecutionCommit): boolean {
  for (const id of inbox?.keys() ?? []) if (!readInbox?.includes(id) && !park?.knownInbox.includes(id)) return true;
  return false;
}

function seenKeyOf({ kind, name }: InboxItem, key: string): string {
  return JSON.stringify([kind, name, key]);
}

function toSummary(record: ExecutionRecord): ExecutionSummary {
  const { input: _input, output: _output, mocks: _mocks, ...summary } = record;
  return summary;
}

function toClaimed({ record, inbox }: StoredExecution): ClaimedExecution {
  return { ...record, mayHaveUnread: inbox !== undefined && inbox.size > 0 };
}
