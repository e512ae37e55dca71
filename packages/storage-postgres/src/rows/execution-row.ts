import type { ClaimedExecution, ExecutionPatch, ExecutionRecord, ExecutionSummary } from "@automatrix/core";
import { digestOf, NO_DIGEST } from "./digest.js";
import { fromJsonOrNull, toJson, toJsonOrNull } from "./json.js";
import { fromPostgresText, toPostgresText } from "./text.js";

/** What never changes about an execution; one JSON text. */
type FixedPart = Pick<
  ExecutionRecord,
  | "workflowId"
  | "workflowName"
  | "tenant"
  | "priority"
  | "concurrencyKey"
  | "idempotencyKey"
  | "metadata"
  | "trigger"
  | "parent"
  | "depth"
  | "retryOf"
  | "replayOf"
  | "createdAt"
  | "limits"
>;

/** Columns of the view `execution_rows` that a summary needs. */
export const SUMMARY_COLUMNS =
  "key, id, fixed, status, workflow_version, definition_hash, node_types, error, blocked, cancel_requested, started_at, " +
  "ended_at, parked_ms, last_seq, epoch, owner, crashes, requires, is_parked, wake_at";

/** Columns of a whole record. */
export const RECORD_COLUMNS = `${SUMMARY_COLUMNS}, input, output, mocks`;

/** A row as `pg` gives it: bigint as text, double precision as number. */
export interface SummaryRow {
  readonly key: string;
  readonly id: string;
  readonly fixed: string;
  readonly status: ExecutionRecord["status"];
  readonly workflow_version: number | null;
  readonly definition_hash: string;
  readonly node_types: string;
  readonly error: string | null;
  readonly blocked: string | null;
  readonly cancel_requested: string | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly parked_ms: number;
  readonly last_seq: string;
  readonly epoch: string;
  readonly owner: string | null;
  readonly crashes: number;
  readonly requires: readonly string[];
  readonly is_parked: boolean;
  readonly wake_at: number | null;
}

export interface RecordRow extends SummaryRow {
  readonly input: string;
  readonly output: string;
  readonly mocks: string;
}

/** A text column whose texts are all JSON. */
export const JSON_TEXT = "JSON text";

/** Columns that a new execution is given, with their types in SQL or {@link JSON_TEXT}; see {@link toCreateRow}. */
export const CREATE_COLUMN_TYPES = {
  id: "text",
  fixed: JSON_TEXT,
  status: "text",
  workflow_digest: "uuid",
  workflow_version: "double precision",
  definition_hash: "text",
  tenant_digest: "uuid",
  priority: "double precision",
  idempotency_digest: "uuid",
  parent_id: "text",
  input: JSON_TEXT,
  output: JSON_TEXT,
  mocks: JSON_TEXT,
  node_types: JSON_TEXT,
  error: JSON_TEXT,
  blocked: JSON_TEXT,
  cancel_requested: JSON_TEXT,
  started_at: "double precision",
  ended_at: "double precision",
  parked_ms: "double precision",
  epoch: "bigint",
  owner: "text",
  crashes: "double precision",
  requires: "text[]",
  is_parked: "boolean",
  wake_at: "double precision",
  concurrency_digest: "uuid",
  concurrency_limit: "double precision",
  rate_digest: "uuid",
  rate_count: "double precision",
  rate_per_ms: "double precision",
} as const;

export type CreateRow = Readonly<Record<keyof typeof CREATE_COLUMN_TYPES, unknown>> & {
  readonly input: string;
  readonly fixed: string;
};

/** The row of a new execution, as `commit_batch` takes it in JSON. Values are JSON texts inside it. */
export function toCreateRow(record: ExecutionRecord): Readonly<Record<keyof typeof CREATE_COLUMN_TYPES, unknown>> & {
  readonly input: string;
  readonly fixed: string;
} {
  const concurrency = record.limits?.concurrency ?? null;
  const rate = record.limits?.rate ?? null;
  return {
    id: toPostgresText(record.id),
    fixed: toJson(toFixedPart(record)),
    status: record.status,
    workflow_digest: record.workflowId === null ? null : digestOf(record.workflowId),
    workflow_version: record.workflowVersion,
    definition_hash: toPostgresText(record.definitionHash),
    tenant_digest: tenantDigest(record.tenant),
    priority: record.priority,
    idempotency_digest: record.idempotencyKey === null ? null : digestOf(record.idempotencyKey),
    parent_id: record.parent === null ? null : toPostgresText(record.parent.executionId),
    input: toJson(record.input),
    output: toJson(record.output),
    mocks: toJson(record.mocks),
    node_types: toJson(record.nodeTypes),
    error: toJsonOrNull(record.error),
    blocked: toJsonOrNull(record.blocked),
    cancel_requested: toJsonOrNull(record.cancelRequested),
    started_at: record.startedAt,
    ended_at: record.endedAt,
    parked_ms: record.parkedMs,
    epoch: record.epoch,
    owner: record.owner === null ? null : toPostgresText(record.owner),
    crashes: record.crashes,
    requires: record.requires.map(toPostgresText),
    is_parked: record.isParked,
    wake_at: record.wakeAt,
    concurrency_digest: concurrency === null ? null : digestOf(concurrency.key),
    concurrency_limit: concurrency?.limit ?? null,
    rate_digest: rate === null ? null : digestOf(rate.key),
    rate_count: rate?.count ?? null,
    rate_per_ms: rate?.perMs ?? null,
  };
}

/** The columns that a patch names, as `commit_batch` takes them in JSON; null is a value, absence is none. */
export function toPatchRow(patch: ExecutionPatch): Readonly<Record<string, unknown>> {
  const row: Record<string, unknown> = {};
  if (patch.status !== undefined) row["status"] = patch.status;
  if ("output" in patch) row["output"] = toJson(patch.output);
  if (patch.error !== undefined) row["error"] = toJsonOrNull(patch.error);
  if (patch.blocked !== undefined) row["blocked"] = toJsonOrNull(patch.blocked);
  if (patch.startedAt !== undefined) row["started_at"] = patch.startedAt;
  if (patch.endedAt !== undefined) row["ended_at"] = patch.endedAt;
  if (patch.parkedMs !== undefined) row["parked_ms"] = patch.parkedMs;
  if (patch.workflowVersion !== undefined) row["workflow_version"] = patch.workflowVersion;
  if (patch.definitionHash !== undefined) row["definition_hash"] = toPostgresText(patch.definitionHash);
  if (patch.crashes !== undefined) row["crashes"] = patch.crashes;
  if (patch.requires !== undefined) row["requires"] = patch.requires.map(toPostgresText);
  return row;
}

/** Names every field: an object that is spread and then added to would be a slow one for good. */
export function toExecutionSummary(row: SummaryRow): ExecutionSummary {
  const fixed = JSON.parse(row.fixed) as FixedPart;
  return {
    id: fromPostgresText(row.id),
    status: row.status,
    workflowId: fixed.workflowId,
    workflowName: fixed.workflowName,
    workflowVersion: row.workflow_version,
    definitionHash: fromPostgresText(row.definition_hash),
    tenant: fixed.tenant,
    priority: fixed.priority,
    concurrencyKey: fixed.concurrencyKey,
    idempotencyKey: fixed.idempotencyKey,
    metadata: fixed.metadata,
    trigger: fixed.trigger,
    parent: fixed.parent,
    depth: fixed.depth,
    retryOf: fixed.retryOf,
    replayOf: fixed.replayOf,
    nodeTypes: JSON.parse(row.node_types) as ExecutionRecord["nodeTypes"],
    error: fromJsonOrNull<NonNullable<ExecutionRecord["error"]>>(row.error),
    blocked: fromJsonOrNull<NonNullable<ExecutionRecord["blocked"]>>(row.blocked),
    cancelRequested: fromJsonOrNull<NonNullable<ExecutionRecord["cancelRequested"]>>(row.cancel_requested),
    createdAt: fixed.createdAt,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    parkedMs: row.parked_ms,
    lastSeq: Number(row.last_seq),
    epoch: Number(row.epoch),
    owner: row.owner === null ? null : fromPostgresText(row.owner),
    crashes: row.crashes,
    limits: fixed.limits,
    requires: row.requires.map(fromPostgresText),
    isParked: row.is_parked,
    wakeAt: row.wake_at,
  };
}

/** A row as a claim answers it. */
export interface ClaimedRow extends RecordRow {
  readonly may_have_unread: boolean;
}

export function toClaimedExecution(row: ClaimedRow): ClaimedExecution {
  return Object.assign(toExecutionRecord(row), { mayHaveUnread: row.may_have_unread });
}

export function toExecutionRecord(row: RecordRow): ExecutionRecord {
  return Object.assign(toExecutionSummary(row), {
    input: JSON.parse(row.input) as ExecutionRecord["input"],
    output: JSON.parse(row.output) as ExecutionRecord["output"],
    mocks: JSON.parse(row.mocks) as ExecutionRecord["mocks"],
  });
}

/** Digest of a tenant; executions without one count together. */
export function tenantDigest(tenant: string | null): string {
  return tenant === null ? NO_DIGEST : digestOf(tenant);
}

function toFixedPart(record: ExecutionRecord): FixedPart {
  const { workflowId, workflowName, tenant, priority, concurrencyKey, idempotencyKey, metadata, trigger } = record;
  const { parent, depth, retryOf, replayOf, createdAt, limits } = record;
  return {
    workflowId,
    workflowName,
    tenant,
    priority,
    concurrencyKey,
    idempotencyKey,
    metadata,
    trigger,
    parent,
    depth,
    retryOf,
    replayOf,
    createdAt,
    limits,
  };
}
