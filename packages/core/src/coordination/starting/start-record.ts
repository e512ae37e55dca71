import type { ExecutionRecord, FlowLimits, NodeRecord, StepRecord } from "../../ports/execution-record.js";
import type { parseExecuteOptions } from "./execute-options.js";
import type { PreparedWorkflow } from "./workflow-compiler.js";

/** A prepared definition, and the saved workflow that it is a version of. */
export interface Launchable {
  readonly prepared: PreparedWorkflow;
  readonly workflow: { readonly id: string; readonly version: number } | null;
}

/** Where a new execution comes from, and what it takes over from there. */
export interface Lineage {
  /** Chosen beforehand; a new one when left out. */
  readonly id?: string;
  readonly parent?: ExecutionRecord["parent"];
  readonly depth?: number;
  /** Queued for any worker, though it could start here. */
  readonly isForAny?: boolean;
  readonly retryOf?: string;
  readonly replayOf?: string;
  readonly seeds?: ReadonlyMap<string, NodeRecord>;
  readonly steps?: readonly StepRecord[];
}

export interface StartRecordParams {
  readonly id: string;
  readonly target: Launchable;
  readonly options: ReturnType<typeof parseExecuteOptions>;
  readonly lineage: Lineage;
  readonly limits: FlowLimits | null;
  readonly requires: readonly string[];
  /** Null: it is queued until a worker claims it. */
  readonly owner: string | null;
  readonly at: number;
}

/** The row of a new execution. */
export function toStartRecord(params: StartRecordParams): ExecutionRecord {
  const { id, target, options, lineage, limits, requires, owner, at } = params;
  const { prepared, workflow } = target;
  const { definition, plan } = prepared;
  const name = definition.name ?? null;
  const isQueued = owner === null;
  return {
    id,
    status: isQueued ? "queued" : "running",
    workflowId: workflow?.id ?? null,
    workflowName: name,
    workflowVersion: workflow?.version ?? null,
    definitionHash: prepared.hash,
    tenant: options.tenant ?? null,
    priority: options.priority ?? definition.settings?.priority ?? 0,
    concurrencyKey: options.concurrencyKey ?? null,
    idempotencyKey:
      options.idempotencyKey === undefined
        ? null
        : JSON.stringify([options.tenant ?? null, ...toScope(workflow, name), options.idempotencyKey]),
    metadata: options.metadata,
    trigger: options.trigger ?? null,
    parent: lineage.parent ?? null,
    depth: lineage.depth ?? 0,
    retryOf: lineage.retryOf ?? null,
    replayOf: lineage.replayOf ?? null,
    input: options.input,
    output: null,
    mocks: options.mocks ?? null,
    nodeTypes: plan.nodeTypes,
    error: null,
    blocked: null,
    cancelRequested: null,
    createdAt: at,
    startedAt: isQueued ? null : at,
    endedAt: null,
    parkedMs: 0,
    lastSeq: 0,
    epoch: isQueued ? 0 : 1,
    owner,
    crashes: 0,
    limits,
    requires,
    isParked: false,
    wakeAt: null,
  };
}

/** A saved workflow and an inline definition of the same name are two: neither may answer for the other. */
export function toScope(workflow: Launchable["workflow"], name: string | null): readonly (string | null)[] {
  return workflow === null ? [null, name] : [workflow.id];
}
