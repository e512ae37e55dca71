/** Types of events that are journaled: they have a `seq` and are seen only once they are durable. */
export type JournalEventType =
  | "execution.created"
  | "execution.started"
  | "execution.waiting"
  | "execution.resumed"
  | "execution.slow"
  | "execution.blocked"
  | "execution.completed"
  | "execution.failed"
  | "execution.cancelled"
  | "node.started"
  | "node.attempt_failed"
  | "node.retry_scheduled"
  | "node.waiting"
  | "node.resumed"
  | "node.completed"
  | "node.failed"
  | "node.skipped"
  | "node.cancelled"
  | "step.completed"
  | "signal.received"
  | "variables.set";

/** Types of events that are passed on at once and never stored. */
export type LiveEventType = "log" | "stream" | "progress";

export type EventType = JournalEventType | LiveEventType;

/** One thing that happened in an execution. */
export interface ExecutionEvent<Type extends EventType = EventType> {
  /** Position in the journal, from 1, without gaps; of a live event: the last committed position. */
  readonly seq: number;
  readonly type: Type;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly executionId: string;
  /** Scope path of the node, such as `loop[3]/fetch`. */
  readonly nodeId?: string;
  /** 1-based. */
  readonly attempt?: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the type; see docs/reference
  readonly data: any;
}

/** An event before its commit; the storage numbers it. */
export type EventDraft = {
  -readonly [Key in keyof ExecutionEvent<JournalEventType>]: ExecutionEvent<JournalEventType>[Key];
};
