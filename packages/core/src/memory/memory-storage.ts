import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import { StorageError } from "../errors/errors.js";
import type { ExecutionEvent } from "../events/event.js";
import type { Clock } from "../ports/clock.js";
import type {
  CommitOutcome,
  ExecutionCommit,
  ExecutionFilter,
  ExecutionRecord,
  ExecutionSummary,
  InboxItem,
  NodeRecord,
  Page,
  StepRecord,
  Storage,
  WaitRecord,
  WorkflowRecord,
} from "../ports/storage.js";
import { CellMap } from "../shared/cell-map.js";
import { systemClock } from "../system/system-clock.js";

/** The rows of one execution. Lists of lists: a commit is taken over as it is, not copied. */
interface StoredExecution {
  record: ExecutionRecord;
  readonly nodes: (readonly NodeRecord[])[];
  readonly events: (readonly ExecutionEvent[])[];
  readonly steps: (readonly StepRecord[])[];
  // Few executions wait or get signals: made at first use.
  waits?: Map<string, WaitRecord>;
  inbox?: Map<string, InboxItem>;
  /** Keys of signals that came, read or not. */
  seenKeys?: Set<string>;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;

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

class MemoryStorage implements Storage {
  readonly name = "memory";
  readonly capabilities = Object.freeze({ durable: false, transactional: false, shared: false });
  readonly #clock: Clock;
  readonly #maxEnded: number;
  readonly #maxEndedEvents: number;
  #endedEvents = 0;
  readonly #executions = new CellMap<StoredExecution>();
  readonly #ended: string[] = [];
  readonly #byIdempotencyKey = new Map<string, string>();
  readonly #definitions = new Map<string, WorkflowDefinition>();
  readonly #workflows = new Map<string, WorkflowRecord[]>();
  /** End of the lease of each worker that gave a sign of life. */
  readonly #leases = new Map<string, number>();
  readonly #deadWorkers = new Set<string>();

  constructor({ clock = systemClock, maxEndedExecutions = 10_000, maxEndedEvents = 10_000 }: MemoryStorageOptions) {
    this.#clock = clock;
    this.#maxEnded = maxEndedExecutions;
    this.#maxEndedEvents = maxEndedEvents;
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}
  async now(): Promise<number> {
    return this.#clock.now();
  }

  // ── executions ─────────────────────────────────────────────────────────────

  async commit(batch: readonly ExecutionCommit[]): Promise<readonly CommitOutcome[]> {
    return batch.map((commit) => this.#commitOne(commit));
  }

  #commitOne(commit: ExecutionCommit): CommitOutcome {
    if (commit.create !== undefined) return this.#create(commit, commit.create);
    const stored = this.#executions.get(commit.executionId);
    if (stored === undefined || stored.record.epoch !== commit.epoch) return { ok: false, reason: "lease_lost" };
    if (commit.patch?.status === "completed" && stored.record.cancelRequested !== null)
      return { ok: false, reason: "cancel_requested" };
    if (commit.parks === true && [...(stored.inbox?.keys() ?? [])].some((id) => !commit.readInbox?.includes(id)))
      return { ok: false, reason: "inbox_unread" };
    return this.#append(stored, commit);
  }

  #create(commit: ExecutionCommit, record: ExecutionRecord): CommitOutcome {
    if (record.idempotencyKey !== null) {
      const existingId = this.#byIdempotencyKey.get(record.idempotencyKey);
      if (existingId !== undefined) return { ok: false, reason: "duplicate", existingId };
      this.#byIdempotencyKey.set(record.idempotencyKey, record.id);
    }
    const stored: StoredExecution = { record, nodes: [], events: [], steps: [] };
    this.#executions.set(record.id, stored);
    return this.#append(stored, commit);
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
    const endedBefore = stored.record.endedAt !== null;
    stored.record = { ...stored.record, ...commit.patch, lastSeq: stored.record.lastSeq + events.length };
    if (!endedBefore && stored.record.endedAt !== null) this.#retire(stored);
    return { ok: true, firstSeq };
  }

  /** Forgets the oldest ended executions beyond the limit. */
  #retire(stored: StoredExecution): void {
    stored.inbox?.clear();
    this.#ended.push(stored.record.id);
    this.#endedEvents += stored.record.lastSeq;
    while (
      this.#ended.length > 1 &&
      (this.#ended.length > this.#maxEnded || this.#endedEvents > this.#maxEndedEvents)
    ) {
      const id = this.#ended.shift() as string;
      const { record } = this.#executions.get(id) as StoredExecution;
      this.#endedEvents -= record.lastSeq;
      if (record.idempotencyKey !== null) this.#byIdempotencyKey.delete(record.idempotencyKey);
      this.#executions.delete(id);
    }
  }

  async requestCancel(
    executionId: string,
    reason: string | null,
    at: number,
  ): Promise<ExecutionRecord["status"] | undefined> {
    const stored = this.#executions.get(executionId);
    if (stored === undefined) return undefined;
    if (stored.record.endedAt === null && stored.record.cancelRequested === null) {
      stored.record = { ...stored.record, cancelRequested: { reason, at } };
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
    const key = item.key === null ? undefined : JSON.stringify([item.kind, item.name, item.key]);
    if (key !== undefined && stored.seenKeys?.has(key)) return "duplicate";
    if (stored.record.endedAt !== null) return "ended";
    if ((stored.inbox?.size ?? 0) >= maxUnread) return "full";
    if (key !== undefined) {
      stored.seenKeys ??= new Set();
      stored.seenKeys.add(key);
    }
    stored.inbox ??= new Map();
    stored.inbox.set(item.id, item);
    return "added";
  }

  // ── leases ─────────────────────────────────────────────────────────────────

  async claim({
    workerId,
    limit,
    leaseDurationMs,
    now,
  }: Parameters<Storage["claim"]>[0]): Promise<readonly ExecutionRecord[]> {
    this.#leases.set(workerId, now + leaseDurationMs);
    const claimed: ExecutionRecord[] = [];
    for (const stored of this.#executions.values()) {
      if (claimed.length >= limit) break;
      const { record } = stored;
      if (record.endedAt !== null || record.blocked !== null || this.#isAlive(record.owner, now)) continue;
      const crashes = record.owner === null ? record.crashes : record.crashes + 1;
      if (record.owner !== null) this.#deadWorkers.add(record.owner);
      stored.record = { ...record, owner: workerId, epoch: record.epoch + 1, crashes };
      claimed.push(stored.record);
    }
    return claimed;
  }

  async heartbeat({ workerId, leaseDurationMs }: Parameters<Storage["heartbeat"]>[0]): Promise<boolean> {
    if (this.#deadWorkers.has(workerId)) return false;
    this.#leases.set(workerId, this.#clock.now() + leaseDurationMs);
    return true;
  }

  #isAlive(workerId: string | null, now: number): boolean {
    return workerId !== null && (this.#leases.get(workerId) ?? Number.POSITIVE_INFINITY) > now;
  }

  async unblock(executionId: string): Promise<boolean> {
    const stored = this.#executions.get(executionId);
    if (stored === undefined || stored.record.blocked === null) return false;
    stored.record = { ...stored.record, blocked: null, crashes: 0, owner: null };
    return true;
  }

  async release({ executionId, epoch }: { readonly executionId: string; readonly epoch: number }): Promise<void> {
    const stored = this.#executions.get(executionId);
    if (stored !== undefined && stored.record.epoch === epoch) stored.record = { ...stored.record, owner: null };
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
          (filter.parentId === undefined || record.parent?.executionId === filter.parentId),
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
    return (this.#executions.get(executionId)?.steps ?? []).flat();
  }

  async listWaits(executionId: string): Promise<readonly WaitRecord[]> {
    return [...(this.#executions.get(executionId)?.waits?.values() ?? [])].sort((a, b) => a.ordinal - b.ordinal);
  }

  async listInbox(executionId: string): Promise<readonly InboxItem[]> {
    return [...(this.#executions.get(executionId)?.inbox?.values() ?? [])];
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

  // ── definitions and workflows ──────────────────────────────────────────────

  async putDefinition(hash: string, definition: WorkflowDefinition): Promise<void> {
    if (!this.#definitions.has(hash)) this.#definitions.set(hash, definition);
  }

  async getDefinition(hash: string): Promise<WorkflowDefinition | undefined> {
    return this.#definitions.get(hash);
  }

  async saveWorkflow(workflow: Parameters<Storage["saveWorkflow"]>[0]): Promise<WorkflowRecord> {
    const versions = this.#workflows.get(workflow.id) ?? [];
    const newest = versions.at(-1);
    if (newest?.hash === workflow.hash) return newest;
    const record: WorkflowRecord = Object.freeze({ ...workflow, version: (newest?.version ?? 0) + 1 });
    versions.push(record);
    this.#workflows.set(workflow.id, versions);
    return record;
  }

  async getWorkflow(id: string, version?: number): Promise<WorkflowRecord | undefined> {
    const versions = this.#workflows.get(id);
    return version === undefined ? versions?.at(-1) : versions?.find((record) => record.version === version);
  }

  async listWorkflows(filter: { readonly limit?: number; readonly cursor?: string }): Promise<Page<WorkflowRecord>> {
    return toPage(
      [...this.#workflows.values()].map((versions) => versions.at(-1) as WorkflowRecord),
      filter,
    );
  }

  async deleteWorkflow(id: string): Promise<boolean> {
    return this.#workflows.delete(id);
  }
}

function toSummary(record: ExecutionRecord): ExecutionSummary {
  const { input: _input, output: _output, mocks: _mocks, ...summary } = record;
  return summary;
}

function toPage<Item extends { readonly id: string }>(
  items: readonly Item[],
  { limit = DEFAULT_PAGE_SIZE, cursor }: { readonly limit?: number; readonly cursor?: string },
): Page<Item> {
  const first = cursor === undefined ? 0 : items.findIndex(({ id }) => id === cursor) + 1;
  if (cursor !== undefined && first === 0)
    throw new StorageError("invalid_input", `"${cursor}" is no cursor of this list.`);
  const size = Math.min(Math.max(1, limit), MAX_PAGE_SIZE);
  const page = items.slice(first, first + size);
  const last = page.at(-1);
  return first + size < items.length && last !== undefined ? { items: page, nextCursor: last.id } : { items: page };
}
