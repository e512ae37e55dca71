import type { ExecutionStatus } from "../definition/status.js";
import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import type { ExecutionEvent } from "../events/event.js";
import type { BlobStore } from "./blob-store.js";
import type { CommitOutcome, ExecutionCommit } from "./execution-commit.js";
import type {
  ClaimedExecution,
  ExecutionRecord,
  ExecutionSummary,
  InboxItem,
  NodeRecord,
  StepRecord,
  WaitRecord,
} from "./execution-record.js";
import type { ScheduleStore } from "./schedule-store.js";

export interface ExecutionFilter {
  readonly status?: ExecutionStatus | readonly ExecutionStatus[];
  readonly workflowId?: string;
  readonly tenant?: string;
  readonly parentId?: string;
  /** Those that count against this concurrency key. */
  readonly limitKey?: string;
  /** Those that ended then or later, in milliseconds since the epoch. */
  readonly endedSince?: number;
  /** 1–1,000, default 100. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor?: string;
}

/** One saved version of a workflow. */
export interface WorkflowRecord {
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  readonly name: string | null;
  readonly definition: WorkflowDefinition;
  readonly createdAt: number;
}

/** What a storage can do besides the port; documented flags in place of optional methods. */
export interface StorageCapabilities {
  /** Survives the end of the process. */
  readonly durable: boolean;
  /** Nodes may write in the transaction of their own result. */
  readonly transactional: boolean;
  /** Several processes may open it at once. */
  readonly shared: boolean;
}

/**
 * Where executions live. Shaped against memory, SQLite and Postgres at once; the conformance kit is its test.
 *
 * `commit` is the one write primitive of a running execution. A batch is atomic per execution: everything of one
 * {@link ExecutionCommit} is written or nothing; a refused one leaves the others of the batch untouched. Outcomes
 * come in the order of the batch. When the promise resolves, what was accepted is as durable as the storage can make
 * it and visible to every reader. When it rejects, nothing of the batch may be assumed: `storage_unavailable` may pass
 * and the batch is sent again as it was (see {@link ExecutionCommit.afterSeq}); any other error is not tried again.
 */
export interface Storage extends ScheduleStore {
  readonly name: string;
  readonly capabilities: StorageCapabilities;
  /**
   * How many calls of `commit` may usefully be under way at once, none of which has an execution in common with another;
   * 1 when absent. With more, the transaction of a node holds up no commit of another execution.
   */
  readonly commitsAtOnce?: number;
  /** Where `ctx.blobs` keeps what nodes put there, unless the engine is given another. */
  readonly blobs: BlobStore;
  /** Opens and migrates. Idempotent; safe when several processes do it at once. */
  open(): Promise<void>;
  /** Releases everything. Idempotent. */
  close(): Promise<void>;
  /** The storage's own clock, in milliseconds: leases compare with it alone. */
  now(): Promise<number>;

  commit(batch: readonly ExecutionCommit[]): Promise<readonly CommitOutcome[]>;

  /**
   * Marks an unfinished execution as to be cancelled; compare-and-set, so a later success is refused. Idempotent.
   * Counts as news.
   */
  requestCancel(executionId: string, reason: string | null, at: number): Promise<ExecutionStatus | undefined>;
  /**
   * Puts an item in the inbox. A second item with the same kind, name and key answers `duplicate` and changes nothing.
   * `not_found`, `ended` and `full` write nothing. Counts as news.
   */
  addToInbox(
    executionId: string,
    item: InboxItem,
    maxUnread: number,
  ): Promise<"added" | "duplicate" | "not_found" | "ended" | "full">;
  /**
   * Ids of executions of this worker that have news (a cancel or something in the inbox since the last call), which
   * are news no more. A hint: the same may be told twice, and everything can also be read from the rows.
   */
  takeNews(params: { readonly workerId: string; readonly limit: number }): Promise<readonly string[]>;

  /**
   * Takes up to `limit` unfinished executions and raises their epoch: those that nobody owns, and those whose owner's
   * lease ended. Leaves alone: what is blocked and not parked; what is parked, without news and not due at `dueAt`;
   * what requires tags that are not offered (null offers all); and of the queued and the parked what the limits of
   * flow control hold back, counted together with what is claimed here (the rate counts only those never started).
   * Order: higher priority; among equals the tenant with the fewest running executions, then who came first.
   *
   * A queued or parked one becomes `running`, with `startedAt` = `dueAt` where it was null, is parked no more, and its
   * news is told. Counts a crash where the owner died, and declares that owner dead. Two workers that claim at once
   * never get the same, nor exceed a limit together. Is a sign of life of the claimer. Answers the rows as they are now.
   */
  claim(params: {
    readonly workerId: string;
    readonly limit: number;
    readonly leaseDurationMs: number;
    /** The engine's clock: what is due, and where windows of rate limits end. */
    readonly dueAt: number;
    readonly offers?: readonly string[] | null;
    /** Only these, and of them only what nobody owns and no limit of flow control concerns: other claims take the rest. */
    readonly among?: readonly string[];
    /**
     * Only this one, parked or not, whatever limits hold it back and whatever tags it requires, unless a living worker
     * has it; what is blocked and not parked is left alone all the same.
     */
    readonly executionId?: string;
  }): Promise<readonly ClaimedExecution[]>;
  /**
   * A sign of life: extends the worker's lease on everything it owns, now or later. A worker that never gave one counts
   * as alive. False: the worker was declared dead and must stop writing.
   */
  heartbeat(params: { readonly workerId: string; readonly leaseDurationMs: number }): Promise<boolean>;
  /** Gives an execution back without counting a crash. */
  release(params: { readonly executionId: string; readonly epoch: number }): Promise<void>;
  /** Unfinished executions that the worker owns: it gives back what it does not run, such as what a claim whose answer was lost took. */
  listOwned(workerId: string): Promise<readonly { readonly executionId: string; readonly epoch: number }[]>;
  /** The smallest `wakeAt` of parked executions that nobody owns. */
  nextWakeAt(): Promise<number | null>;

  /** Lets a blocked execution be claimed again, its crashes forgotten. False when it is not blocked. */
  unblock(executionId: string): Promise<boolean>;
  /**
   * Pins an unfinished execution to another definition: takes it from its owner (the epoch rises), and lets it be
   * claimed. False when it has ended or is not at `epoch`.
   */
  repin(params: {
    readonly executionId: string;
    readonly epoch: number;
    readonly definitionHash: string;
    readonly workflowVersion: number | null;
    readonly nodeTypes: Readonly<Record<string, number>>;
  }): Promise<boolean>;
  /** Removes executions that ended before `endedBefore`, with everything of theirs; the oldest first. How many. */
  deleteEnded(params: { readonly endedBefore: number; readonly limit: number }): Promise<number>;

  getExecution(executionId: string): Promise<ExecutionRecord | undefined>;
  findByIdempotencyKey(key: string): Promise<string | undefined>;
  /** Never loads payloads. */
  listExecutions(filter: ExecutionFilter): Promise<Page<ExecutionSummary>>;
  /** The last record of each path, in order of first writing. */
  listNodes(executionId: string): Promise<readonly NodeRecord[]>;
  listSteps(executionId: string): Promise<readonly StepRecord[]>;
  listWaits(executionId: string): Promise<readonly WaitRecord[]>;
  listInbox(executionId: string): Promise<readonly InboxItem[]>;
  /** What {@link listInbox} answers, of several at once; those without any item may be left out. */
  listInboxes(executionIds: readonly string[]): Promise<ReadonlyMap<string, readonly InboxItem[]>>;
  /** Events with `seq > after`, at most `limit`. */
  listEvents(
    executionId: string,
    range: { readonly after: number; readonly limit: number },
  ): Promise<readonly ExecutionEvent[]>;

  /** Stores a definition by content hash; idempotent. */
  putDefinition(hash: string, definition: WorkflowDefinition): Promise<void>;
  getDefinition(hash: string): Promise<WorkflowDefinition | undefined>;
  /** Saves the next version, unless the newest has the same hash: then that one is answered. */
  saveWorkflow(workflow: {
    readonly id: string;
    readonly hash: string;
    readonly name: string | null;
    readonly definition: WorkflowDefinition;
    readonly createdAt: number;
  }): Promise<WorkflowRecord>;
  /** The newest version when none is named. */
  getWorkflow(id: string, version?: number): Promise<WorkflowRecord | undefined>;
  listWorkflows(filter: { readonly limit?: number; readonly cursor?: string }): Promise<Page<WorkflowRecord>>;
  deleteWorkflow(id: string): Promise<boolean>;
}
