import type { ExecutionEvent } from "../events/event.js";
import type { ExecutionRecord, InboxItem, NodeRecord, StepRecord, WaitRecord } from "../ports/execution-record.js";
import type { QueuePlace } from "./claim-queue.js";

/** The rows of one execution. Lists of lists: a commit is taken over as it is, not copied. */
export interface StoredExecution {
  record: ExecutionRecord;
  /** Who came first. */
  readonly order: number;
  readonly nodes: (readonly NodeRecord[])[];
  readonly events: (readonly ExecutionEvent[])[];
  readonly steps: (readonly StepRecord[])[];
  /** A cancel or an item came that no worker was told of. */
  hasNews: boolean;
  /** Where it stands among those that may be claimed now or later. */
  place: QueuePlace | undefined;
  // Few executions wait or get signals: made at first use.
  waits?: Map<string, WaitRecord>;
  inbox?: Map<string, InboxItem>;
  /** Keys of items that came, read or not. */
  seenKeys?: Set<string>;
}
