import type { Limits } from "../definition/limits.js";
import type { ExecutionStatus } from "../definition/status.js";
import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import type { EventHub } from "../events/event-hub.js";
import type { ExecutionPlan } from "../execution/plan.js";
import type { BlobStore } from "../ports/blob-store.js";
import type { Cache } from "../ports/cache.js";
import type { Clock } from "../ports/clock.js";
import type { ExecutionRecord, InboxItem } from "../ports/execution-record.js";
import type { Ids } from "../ports/ids.js";
import type { Logger } from "../ports/logger.js";
import type { Random } from "../ports/random.js";
import type { SecretStore } from "../ports/secret-store.js";
import type { KeptMasks } from "./attempt/masking/kept-masks.js";
import type { CommitQueue } from "./commit/commit-queue.js";
import type { Slots } from "./slots.js";
import type { Timers } from "./timers.js";

/** When results become durable; see the durability guide. */
export type Durability = "barrier" | "strict" | "outcome";

/** A child execution as its parent sees it. */
export interface ChildExecution {
  readonly id: string;
  /** `waiting` also while it is not in this process. */
  readonly status: ExecutionStatus;
  cancel(reason: string): Promise<void>;
}

/** What others want of an execution. */
export interface ExecutionNews {
  readonly inbox: readonly InboxItem[];
  readonly cancelRequested: ExecutionRecord["cancelRequested"];
}

export interface StartChildParams {
  readonly parentId: string;
  readonly nodePath: string;
  readonly target: WorkflowDefinition | string;
  readonly version?: number | undefined;
  readonly input: unknown;
  readonly depth: number;
  readonly tenant: string | null;
  readonly priority: number;
  /** A detached child survives its parent's cancel. */
  readonly detached: boolean;
  /** Queued for any worker, in place of starting here. */
  readonly distributed: boolean;
  /** Chosen before it is created, so that a crash in between starts no second one. */
  readonly childId: string;
}

/** What an execution needs of the engine around it. Wired once, in `engine.ts`. */
export interface EngineServices {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly logger: Logger;
  readonly secrets: SecretStore;
  /** Of executions that wait outside memory. */
  readonly keptMasks: KeptMasks;
  readonly blobs: BlobStore;
  readonly cache: Cache;
  readonly http: (url: string | URL, init?: RequestInit) => Promise<Response>;
  readonly limits: Limits;
  readonly durability: Durability;
  readonly flushIntervalMs: number;
  readonly commits: CommitQueue;
  readonly hub: EventHub;
  readonly timers: Timers;
  readonly nodeSlots: Slots;
  /** Tags of nodes that run in this process; null: all of them. */
  readonly offers: ReadonlySet<string> | null;
  /** Lets the event loop turn, then calls `run`. */
  readonly defer: (run: () => void) => void;
  /** The plan of a body given at run time; validated, compiled once per object. */
  readonly planBody: (definition: WorkflowDefinition) => ExecutionPlan;
  /** A child that was started earlier. */
  readonly childOf: (id: string) => ChildExecution;
  /** The output of an execution that has completed. */
  readonly outputOf: (id: string) => Promise<unknown>;
  /** Unread items of an execution, and whether it is to be cancelled. */
  readonly readNews: (id: string) => Promise<ExecutionNews>;
  readonly startChild: (params: StartChildParams) => Promise<ChildExecution>;
}
