import type { ExecutionStatus, NodeStatus, SkipReason } from "../definition/status.js";
import type { ApprovalDecision } from "../definition/wait.js";

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
  /** Limits of flow control that it counts against, fixed when it is created. */
  readonly limits: FlowLimits | null;
  /** Tags that a worker must offer to own it. */
  readonly requires: readonly string[];
  /** True while nobody owns it because everything in it waits. */
  readonly isParked: boolean;
  /** Parked: the instant at which it is due without news; null when only news wakes it. */
  readonly wakeAt: number | null;
}

/** An execution as its claimer gets it. */
export interface ClaimedExecution extends ExecutionRecord {
  /** False only when its inbox holds nothing unread: then it need not be listed. */
  readonly mayHaveUnread: boolean;
}

/** Flow control, counted from the rows of executions: those `running` hold a place, those `waiting` or `queued` do not. */
export interface FlowLimits {
  /** At most `limit` executions with this key run at once. */
  readonly concurrency: { readonly key: string; readonly limit: number } | null;
  /** At most `count` executions with this key start (`startedAt`) in any `perMs` milliseconds. */
  readonly rate: { readonly key: string; readonly count: number; readonly perMs: number } | null;
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
    | "requires"
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
  /**
   * Of an `any` or `quorum` join: the edges that decided it, each as `source/handle`. With a result only where others
   * may have become live since.
   */
  readonly decidedBy?: readonly string[];
  /** While it waits for its next attempt. */
  readonly nextAttemptAt?: number;
  /** While it runs, of a node that simply starts again after a crash: when its attempt began. Not of a `once` node's intent. */
  readonly attemptStartedAt?: number;
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
  readonly kind: "delay" | "signal" | "approval" | "execution" | "unknown_outcome";
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
  /** Known before the child is created, so that a crash in between starts no second one. */
  readonly childId: string | null;
  readonly createdAt: number;
}

/** Something sent to an execution that it has not read yet. */
export interface InboxItem {
  readonly id: string;
  readonly kind: "signal" | "approval" | "resolve_unknown" | "child_ended";
  /** Of a signal its name; otherwise the path of the node that it is for. */
  readonly name: string;
  readonly payload: unknown;
  /** Items with the same (kind, name, key) are one item; null: each is its own. */
  readonly key: string | null;
  readonly at: number;
}

export type ExecutionSummary = Omit<ExecutionRecord, "input" | "output" | "mocks">;
