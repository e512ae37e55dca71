/** Rows for tests of storages; every part can be given. */
import type { EventDraft } from "../events/event.js";
import type { CommitOutcome, ExecutionCommit } from "../ports/execution-commit.js";
import type { ExecutionRecord, InboxItem, NodeRecord, WaitRecord } from "../ports/execution-record.js";
import type { Storage } from "../ports/storage.js";

/** A running execution, owned by `worker-1` in epoch 1. */
export function executionRecord(id: string, parts: Partial<ExecutionRecord> = {}): ExecutionRecord {
  return {
    id,
    status: "running",
    workflowId: null,
    workflowName: "test",
    workflowVersion: null,
    definitionHash: "hash-1",
    tenant: null,
    priority: 0,
    concurrencyKey: null,
    idempotencyKey: null,
    metadata: {},
    trigger: null,
    parent: null,
    depth: 0,
    retryOf: null,
    replayOf: null,
    input: { n: 1 },
    output: null,
    mocks: null,
    nodeTypes: { noop: 1 },
    error: null,
    blocked: null,
    cancelRequested: null,
    createdAt: 1_000,
    startedAt: 1_000,
    endedAt: null,
    parkedMs: 0,
    lastSeq: 0,
    epoch: 1,
    owner: "worker-1",
    crashes: 0,
    limits: null,
    requires: [],
    isParked: false,
    wakeAt: null,
    ...parts,
  };
}

/** An event that is not numbered yet. */
export function eventDraft(executionId: string, type: EventDraft["type"], data: unknown = {}): EventDraft {
  return { seq: 0, type, at: 1_000, executionId, data };
}

/** A completed node. */
export function nodeRecord(path: string, parts: Partial<NodeRecord> = {}): NodeRecord {
  return {
    path,
    status: "completed",
    attempts: 1,
    output: null,
    port: "default",
    startedAt: 1_000,
    endedAt: 1_001,
    ...parts,
  };
}

/** A node that waits for the signal `go`. */
export function waitRecord(executionId: string, nodePath: string, parts: Partial<WaitRecord> = {}): WaitRecord {
  return {
    executionId,
    nodePath,
    kind: "signal",
    ordinal: 0,
    resumeAt: null,
    signalName: "go",
    approval: null,
    childId: null,
    createdAt: 1_000,
    ...parts,
  };
}

/** An unread signal `go`. */
export function inboxItem(id: string, parts: Partial<InboxItem> = {}): InboxItem {
  return { id, kind: "signal", name: "go", payload: { id }, key: null, at: 1_000, ...parts };
}

/** Commits one execution's writes and gives its outcome. */
export async function commitOne(storage: Storage, commit: ExecutionCommit): Promise<CommitOutcome> {
  const [outcome] = await storage.commit([commit]);
  return outcome as CommitOutcome;
}

/** The commit that creates an execution. */
export function creation(id: string, parts: Partial<ExecutionRecord> = {}): ExecutionCommit {
  return {
    executionId: id,
    epoch: 1,
    afterSeq: 0,
    create: executionRecord(id, parts),
    events: [eventDraft(id, "execution.created")],
  };
}
