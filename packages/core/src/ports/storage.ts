import type { ExecutionStatus, NodeStatus, SkipReason } from "../definition/status.js";
import type { ApprovalDecision } from "../definition/wait.js";
import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import type { EventDraft, ExecutionEvent } from "../events/event.js";

/** An error as it is stored and shown: plain JSON, no stack, no secrets. */
export interface ErrorRecord {
  readonly code: string;
  readonly message: string;
  readonly nodeId?: string;
  readonly attempt?: number;
  readonly details?: unknown;
  readonly cause?: ErrorRecord;
}

/** Why an execution cannot move without help. */
export interface Blocked {
  readonly code: string;
  readonly message: string;
  readonly nodeId?: string;
}

/** Result given in place of running a node. */
export type NodeMock = { readonly output?: unknown; readonly port?: string } | { readonly error: unknown };

/** One execution without its nodes. `input`, `output` and `mocks` are absent in summaries. */
export interface ExecutionRecord {
  readonly id: string;
  readonly status: ExecutionStatus;
  readonly workflowId: string | null;
  readonly workflowName: string | null;
  readonly workflowVersion: number | null;
  readonly definitionHash: string;
  readonly tenant: string | null;
  readonly priority: number;
  readonly concurrencyKey: string | null;
  /** Scope and key of an idempotent start, joined by a NUL; unique where not null. */
  readonly idempotencyKey: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly trigger: string | null;
  readonly parent: { readonly executionId: string; readonly nodePath: string } | null;
  /** 0 for an execution that nobody called. */
  readonly depth: number;
  readonly retryOf: string | null;
  readonly replayOf: string | null;
  readonly input: unknown;
  readonly output: unknown;
  readonly mocks: Readonly<Record<string, NodeMock>> | null;
  /** Versions of the node types, pinned at the start: `type` → version. */
  readonly nodeTypes: Readonly<Record<string, number>>;
  readonly error: ErrorRecord | null;
  readonly blocked: Blocked | null;
  readonly cancelRequested: { readonly reason: string | null; readonly at: number } | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Time spent parked, which the execution's timeout does not count. */
  readonly parkedMs: number;
  /** Number of the last journal event. */
  readonly lastSeq: number;
  /** Fencing number: rises with each change of owner. */
  readonly epoch: number;
  readonly owner: string | null;
  /** Workers that died while they owned it. */
  readonly crashes: number;
}

export type ExecutionPatch = Partial<
  Pick<
    ExecutionRecord,
    | "status"
    | "output"
    | "error"
    | "blocked"
    | "startedAt"
    | "endedAt"
    | "parkedMs"
    | "workflowVersion"
    | "definitionHash"
    | "crashes"
  >
>;

/** The durable result of a node (a checkpoint), or where it stands. The last record of a path counts. */
export interface NodeRecord {
  readonly path: string;
  readonly status: NodeStatus;
  /** Attempts begun. */
  readonly attempts: number;
  readonly output?: unknown;
  /** Port emitted; an array when there were several and `output` is an object by port. */
  readonly port?: string | readonly string[];
  readonly error?: ErrorRecord;
  readonly handled?: "error_port" | "continue";
  readonly skipReason?: SkipReason;
  readonly reused?: true;
  /** Variables that the node set. */
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** While it waits for its next attempt. */
  readonly nextAttemptAt?: number;
}

/** A value recorded by `ctx.step` or `ctx.runBody`; written once, never changed. */
export interface StepRecord {
  readonly nodePath: string;
  readonly key: string;
  readonly value: unknown;
}

/** A parked node. */
export interface WaitRecord {
  readonly executionId: string;
  readonly nodePath: string;
  readonly kind: "delay" | "signal" | "approval" | "execution";
  /** Order of parking within the execution. */
  readonly ordinal: number;
  readonly resumeAt: number | null;
  readonly signalName: string | null;
  readonly approval: {
    readonly message: string;
    readonly approvers: readonly string[] | null;
    readonly quorum: number;
    readonly decisions: readonly ApprovalDecision[];
  } | null;
  readonly childId: string | null;
  readonly createdAt: number;
}

/** A signal or approval decision that nobody has read yet. */
export interface InboxItem {
  readonly id: string;
  readonly kind: "signal" | "approval" | "resolve_unknown" | "child_ended";
  /** Signal name, or node path of the approval. */
  readonly name: string;
  readonly payload: unknown;
  /** Duplicates of a (kind, name, key) are one item. */
  readonly key: string | null;
  readonly at: number;
}

/** Everything that one execution writes at one moment. */
export interface ExecutionCommit {
  readonly executionId: string;
  /** Refused with `lease_lost` unless it equals the row's. Ignored with `create`. */
  readonly epoch: number;
  readonly create?: ExecutionRecord;
  readonly patch?: ExecutionPatch;
  readonly nodes?: readonly NodeRecord[];
  readonly steps?: readonly StepRecord[];
  readonly waits?: readonly WaitRecord[];
  /** Paths whose wait has ended. */
  readonly endedWaits?: readonly string[];
  /** Ids of inbox items that were read. */
  readonly readInbox?: readonly string[];
  /** Appended to the journal in order; the storage gives each its `seq`. */
  readonly events?: readonly EventDraft[];
  /** True: refuse with `inbox_unread` when an item is in the inbox that this commit does not read. */
  readonly parks?: boolean;
}

export type CommitOutcome =
  | { readonly ok: true; readonly firstSeq: number }
  /** Another worker owns the execution: the caller drops it. */
  | { readonly ok: false; readonly reason: "lease_lost" }
  /** An unread item came: read it, then park again. */
  | { readonly ok: false; readonly reason: "inbox_unread" }
  /** An execution with this idempotency key exists. */
  | { readonly ok: false; readonly reason: "duplicate"; readonly existingId: string }
  /** It was cancelled before its success could be written. */
  | { readonly ok: false; readonly reason: "cancel_requested" };

export interface ExecutionFilter {
  readonly status?: ExecutionStatus | readonly ExecutionStatus[];
  readonly workflowId?: string;
  readonly tenant?: string;
  readonly parentId?: string;
  /** Oldest first by default is false: newest first. */
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

export type ExecutionSummary = Omit<ExecutionRecord, "input" | "output" | "mocks">;

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
 * it and visible to every reader. When it rejects (`storage_unavailable`), nothing of the batch may be assumed.
 */
export interface Storage {
  readonly name: string;
  readonly capabilities: StorageCapabilities;
  /** Opens and migrates. Idempotent; safe when several processes do it at once. */
  open(): Promise<void>;
  /** Releases everything. Idempotent. */
  close(): Promise<void>;
  /** The storage's own clock, in milliseconds: leases compare with it alone. */
  now(): Promise<number>;

  commit(batch: readonly ExecutionCommit[]): Promise<readonly CommitOutcome[]>;

  /** Marks an unfinished execution as to be cancelled; compare-and-set, so a later success is refused. Idempotent. */
  requestCancel(executionId: string, reason: string | null, at: number): Promise<ExecutionStatus | undefined>;
  /**
   * Puts an item in the inbox. A second item with the same kind, name and key answers `duplicate` and changes nothing.
   * `not_found`, `ended` and `full` write nothing.
   */
  addToInbox(
    executionId: string,
    item: InboxItem,
    maxUnread: number,
  ): Promise<"added" | "duplicate" | "not_found" | "ended" | "full">;

  /**
   * Takes up to `limit` unfinished executions that nobody owns or whose owner's lease ended, and raises their epoch;
   * leaves blocked ones alone. Two workers that claim at once never get the same. Counts a crash where the owner died,
   * and declares that owner dead. Is a sign of life of the claimer.
   */
  claim(params: {
    readonly workerId: string;
    readonly limit: number;
    readonly leaseDurationMs: number;
    readonly now: number;
  }): Promise<readonly ExecutionRecord[]>;
  /**
   * A sign of life: extends the worker's lease on everything it owns, now or later. A worker that never gave one counts
   * as alive. False: the worker was declared dead and must stop writing.
   */
  heartbeat(params: { readonly workerId: string; readonly leaseDurationMs: number }): Promise<boolean>;
  /** Gives an execution back without counting a crash. */
  release(params: { readonly executionId: string; readonly epoch: number }): Promise<void>;

  /** Lets a blocked execution be claimed again, its crashes forgotten. False when it is not blocked. */
  unblock(executionId: string): Promise<boolean>;

  getExecution(executionId: string): Promise<ExecutionRecord | undefined>;
  findByIdempotencyKey(key: string): Promise<string | undefined>;
  /** Never loads payloads. */
  listExecutions(filter: ExecutionFilter): Promise<Page<ExecutionSummary>>;
  /** The last record of each path, in order of first writing. */
  listNodes(executionId: string): Promise<readonly NodeRecord[]>;
  listSteps(executionId: string): Promise<readonly StepRecord[]>;
  listWaits(executionId: string): Promise<readonly WaitRecord[]>;
  listInbox(executionId: string): Promise<readonly InboxItem[]>;
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
