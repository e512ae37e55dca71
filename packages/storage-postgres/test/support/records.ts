import type {
  CommitOutcome,
  EventDraft,
  ExecutionCommit,
  ExecutionRecord,
  NodeRecord,
  Storage,
} from "@automatrix/core";

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

export function eventDraft(executionId: string, type: EventDraft["type"], data: unknown = {}): EventDraft {
  return { seq: 0, type, at: 1_000, executionId, data };
}

export function nodeRecord(path: string, output: unknown): NodeRecord {
  return { path, status: "completed", attempts: 1, output, port: "default", startedAt: 1_000, endedAt: 1_001 };
}

export function creation(id: string, parts: Partial<ExecutionRecord> = {}): ExecutionCommit {
  return {
    executionId: id,
    epoch: 1,
    afterSeq: 0,
    create: executionRecord(id, parts),
    events: [eventDraft(id, "execution.created")],
  };
}

export async function commitOne(storage: Storage, commit: ExecutionCommit): Promise<CommitOutcome> {
  const [outcome] = await storage.commit([commit]);
  return outcome as CommitOutcome;
}

/** The commit of one more node, after `afterSeq` events. */
export function stepCommit(id: string, params: { readonly step: number; readonly epoch?: number }): ExecutionCommit {
  const { step, epoch = 1 } = params;
  const node = nodeRecord(`n${step}`, { step });
  return {
    executionId: id,
    epoch,
    afterSeq: 1 + step,
    nodes: [node],
    events: [{ ...eventDraft(id, "node.completed", node), nodeId: node.path, attempt: 1 }],
  };
}
