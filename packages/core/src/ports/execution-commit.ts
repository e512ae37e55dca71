import type { EventDraft } from "../events/event.js";
import type {
  ExecutionPatch,
  ExecutionRecord,
  InboxItem,
  NodeRecord,
  StepRecord,
  WaitRecord,
} from "./execution-record.js";

/** Everything that one execution writes at one moment. */
export interface ExecutionCommit {
  readonly executionId: string;
  /** Refused with `lease_lost` unless it equals the row's. Ignored with `create`. */
  readonly epoch: number;
  /**
   * `lastSeq` as the writer knows it. When the row is already beyond this commit's events, the commit was written
   * before and its answer was lost: it is acknowledged again and nothing is written twice.
   */
  readonly afterSeq?: number;
  /**
   * Creates the row. Refused with `duplicate` when its id or its idempotency key exists, unless it is this very
   * commit sent again (`afterSeq` 0, the row has the same id, owner and epoch): then acknowledged again.
   */
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
  /**
   * Gives the execution up, since everything in it waits: nobody owns it until `wakeAt` or until something comes.
   * Refused with `inbox_unread` when the inbox holds an item that the writer neither knows nor reads here, and with
   * `cancel_requested` when it is to be cancelled.
   */
  readonly park?: { readonly wakeAt: number | null; readonly knownInbox: readonly string[] };
  /** Put into the inboxes of other executions together with this commit; dropped where they have ended. */
  readonly deliver?: readonly { readonly executionId: string; readonly item: InboxItem }[];
  /** With `create`: refuse with `limit_reached` when as many executions of its concurrency key are queued or running as may run. */
  readonly refuseAtLimit?: boolean;
  /**
   * Code of a node, run inside the transaction of this commit, which comes alone in its batch. The guards (epoch,
   * `afterSeq`) are looked at before it; `nodes`, `events` and everything else to be written are read after it has
   * ended, since it adds the node's result to them. When it throws, or the transaction cannot be committed, nothing of
   * this commit is written (`transaction_failed`). Only for storages with the capability `transactional`.
   */
  readonly transaction?: (transaction: StorageTransaction) => Promise<void>;
}

export type CommitOutcome =
  | { readonly ok: true; readonly firstSeq: number }
  /** Another worker owns the execution: the caller drops it. */
  | { readonly ok: false; readonly reason: "lease_lost" }
  /** An unread item came: read it, then park again. */
  | { readonly ok: false; readonly reason: "inbox_unread" }
  /** An execution with this id or idempotency key exists. */
  | { readonly ok: false; readonly reason: "duplicate"; readonly existingId: string }
  /** It was cancelled before its success, or its parking, could be written. */
  | { readonly ok: false; readonly reason: "cancel_requested" }
  /** Created with `refuseAtLimit`, and the limit is reached. */
  | { readonly ok: false; readonly reason: "limit_reached" }
  /** Somebody else holds what it has to lock, for longer than the others of the batch may wait: it is sent again. */
  | { readonly ok: false; readonly reason: "busy" }
  /** The node's own code in the transaction threw. */
  | { readonly ok: false; readonly reason: "transaction_failed"; readonly error: unknown };

/** The storage's transaction as a node sees it; parameters are bound, never part of the text. */
export interface StorageTransaction {
  query(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[]; readonly rowCount: number }>;
}
