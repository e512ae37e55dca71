import type { ExecutionPatch, ExecutionRecord, ExecutionSummary } from "@automatrix/core";
import type { SqlValue } from "../connection/connection.js";
import type { PayloadReader } from "../payloads/payload-reader.js";
import type { PayloadWriter } from "../payloads/payload-writer.js";
import { fromJson, fromJsonOrNull, toJson, toJsonOrNull } from "./json.js";
import { fromPayloadColumn, toPayloadColumn } from "./payload-column.js";
import { fromText, fromTextOrNull, toText, toTextOrNull } from "./text.js";

/** Columns of a summary, as SQLite gives them. */
export interface SummaryRow {
  readonly ordinal: number;
  readonly id: string;
  readonly status: ExecutionRecord["status"];
  readonly epoch: number;
  readonly owner: string | null;
  readonly is_parked: 0 | 1;
  readonly wake_at: number | null;
  readonly cancel_requested_at: number | null;
  readonly cancel_reason: string | null;
  readonly priority: number;
  readonly crashes: number;
  readonly parked_ms: number;
  readonly depth: number;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly tenant: string | null;
  readonly workflow_id: string | null;
  readonly workflow_name: string | null;
  readonly workflow_version: number | null;
  readonly definition_hash: string;
  readonly idempotency_key: string | null;
  readonly concurrency_key: string | null;
  readonly limits: string | null;
  readonly requires: string | null;
  readonly parent_id: string | null;
  readonly parent_path: string | null;
  readonly retry_of: string | null;
  readonly replay_of: string | null;
  readonly start_trigger: string | null;
  readonly blocked: string | null;
  readonly node_types: string;
  readonly metadata: string;
  readonly error: string | null;
  /** Of the newest commit; null while there is none. */
  readonly last_seq: number | null;
}

export interface ExecutionRow extends SummaryRow {
  readonly input: string;
  readonly output: string;
  readonly mocks: string | null;
}

/** What {@link SummaryRow} has. */
export const SUMMARY_COLUMNS = `ordinal, id, status, epoch, owner, is_parked, wake_at, cancel_requested_at, cancel_reason,
  priority, crashes, parked_ms, depth, created_at, started_at, ended_at, tenant, workflow_id, workflow_name,
  workflow_version, definition_hash, idempotency_key, concurrency_key, limits, requires, parent_id, parent_path, retry_of,
  replay_of, start_trigger, blocked, node_types, metadata, error,
  (SELECT last_seq FROM automatrix_commits WHERE execution = automatrix_executions.ordinal
   ORDER BY last_seq DESC LIMIT 1) AS last_seq`;

/** What {@link ExecutionRow} has. */
export const EXECUTION_COLUMNS = `${SUMMARY_COLUMNS}, input, output, mocks`;

export function toExecutionSummary(row: SummaryRow): ExecutionSummary {
  return {
    id: fromText(row.id),
    status: row.status,
    workflowId: fromTextOrNull(row.workflow_id),
    workflowName: fromTextOrNull(row.workflow_name),
    workflowVersion: row.workflow_version,
    definitionHash: fromText(row.definition_hash),
    tenant: fromTextOrNull(row.tenant),
    priority: row.priority,
    concurrencyKey: fromTextOrNull(row.concurrency_key),
    idempotencyKey: fromTextOrNull(row.idempotency_key),
    metadata: fromJson(row.metadata),
    trigger: fromTextOrNull(row.start_trigger),
    parent:
      row.parent_id === null
        ? null
        : { executionId: fromText(row.parent_id), nodePath: fromText(row.parent_path ?? "") },
    depth: row.depth,
    retryOf: fromTextOrNull(row.retry_of),
    replayOf: fromTextOrNull(row.replay_of),
    nodeTypes: fromJson(row.node_types),
    error: fromJsonOrNull(row.error),
    blocked: fromJsonOrNull(row.blocked),
    cancelRequested:
      row.cancel_requested_at === null
        ? null
        : { reason: fromTextOrNull(row.cancel_reason), at: row.cancel_requested_at },
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    parkedMs: row.parked_ms,
    lastSeq: row.last_seq ?? 0,
    epoch: row.epoch,
    owner: fromTextOrNull(row.owner),
    crashes: row.crashes,
    limits: fromJsonOrNull(row.limits),
    requires: fromJsonOrNull(row.requires) ?? [],
    isParked: row.is_parked === 1,
    wakeAt: row.wake_at,
  };
}

/** The record; large values come when the reader fills them in. */
export function toExecutionRecord(row: ExecutionRow, reader: PayloadReader): ExecutionRecord {
  // Assigned, not spread: a spread that is added to would be a slow object for good.
  const record: { -readonly [Key in keyof ExecutionRecord]: ExecutionRecord[Key] } = Object.assign(
    toExecutionSummary(row),
    { input: null, output: null, mocks: null },
  );
  fromPayloadColumn(row.input, reader, (value) => {
    record.input = value;
  });
  fromPayloadColumn(row.output, reader, (value) => {
    record.output = value;
  });
  if (row.mocks !== null)
    fromPayloadColumn(row.mocks, reader, (value) => {
      record.mocks = value as ExecutionRecord["mocks"];
    });
  return record;
}

/** Columns that are written when an execution is created, in the order of {@link toInsertValues}. */
const INSERT_COLUMNS = [
  "id",
  "status",
  "epoch",
  "owner",
  "has_news",
  "is_parked",
  "wake_at",
  "cancel_requested_at",
  "cancel_reason",
  "priority",
  "crashes",
  "parked_ms",
  "depth",
  "created_at",
  "started_at",
  "ended_at",
  "tenant",
  "workflow_id",
  "workflow_name",
  "workflow_version",
  "definition_hash",
  "idempotency_key",
  "concurrency_key",
  "limit_key",
  "rate_key",
  "limits",
  "requires",
  "parent_id",
  "parent_path",
  "retry_of",
  "replay_of",
  "start_trigger",
  "blocked",
  "node_types",
  "metadata",
  "error",
  "input",
  "output",
  "mocks",
] as const;

export const INSERT_EXECUTION = `INSERT INTO automatrix_executions (${INSERT_COLUMNS.join(", ")})
  VALUES (${INSERT_COLUMNS.map(() => "?").join(", ")})`;

export function toInsertValues(record: ExecutionRecord, writer: PayloadWriter): SqlValue[] {
  return [
    toText(record.id),
    record.status,
    record.epoch,
    toTextOrNull(record.owner),
    0,
    record.isParked ? 1 : 0,
    record.wakeAt,
    record.cancelRequested?.at ?? null,
    toTextOrNull(record.cancelRequested?.reason ?? null),
    record.priority,
    record.crashes,
    record.parkedMs,
    record.depth,
    record.createdAt,
    record.startedAt,
    record.endedAt,
    toTextOrNull(record.tenant),
    toTextOrNull(record.workflowId),
    toTextOrNull(record.workflowName),
    record.workflowVersion,
    toText(record.definitionHash),
    toTextOrNull(record.idempotencyKey),
    toTextOrNull(record.concurrencyKey),
    toTextOrNull(record.limits?.concurrency?.key ?? null),
    toTextOrNull(record.limits?.rate?.key ?? null),
    toJsonOrNull(record.limits),
    toRequiresColumn(record.requires),
    toTextOrNull(record.parent?.executionId ?? null),
    toTextOrNull(record.parent?.nodePath ?? null),
    toTextOrNull(record.retryOf),
    toTextOrNull(record.replayOf),
    toTextOrNull(record.trigger),
    toJsonOrNull(record.blocked),
    toJson(record.nodeTypes),
    toJson(record.metadata),
    toJsonOrNull(record.error),
    toPayloadColumn(record.input, record.id, writer),
    toPayloadColumn(record.output, record.id, writer),
    record.mocks === null ? null : toPayloadColumn(record.mocks, record.id, writer),
  ];
}

type PatchKey = keyof ExecutionPatch;

interface PatchParams {
  readonly executionId: string;
  readonly writer: PayloadWriter;
}

const PATCH_COLUMNS: {
  readonly [Key in PatchKey]-?: {
    readonly column: string;
    readonly toColumn: (value: NonNullable<Pick<ExecutionRecord, Key>>[Key], params: PatchParams) => SqlValue;
  };
} = {
  status: { column: "status", toColumn: (value) => value },
  output: {
    column: "output",
    toColumn: (value, { executionId, writer }) => toPayloadColumn(value, executionId, writer),
  },
  error: { column: "error", toColumn: toJsonOrNull },
  blocked: { column: "blocked", toColumn: toJsonOrNull },
  startedAt: { column: "started_at", toColumn: (value) => value },
  endedAt: { column: "ended_at", toColumn: (value) => value },
  parkedMs: { column: "parked_ms", toColumn: (value) => value },
  workflowVersion: { column: "workflow_version", toColumn: (value) => value },
  definitionHash: { column: "definition_hash", toColumn: toText },
  crashes: { column: "crashes", toColumn: (value) => value },
  requires: { column: "requires", toColumn: toRequiresColumn },
};
const PATCH_KEYS = Object.keys(PATCH_COLUMNS) as readonly PatchKey[];

/** Columns with their new values. */
export interface ColumnChanges {
  readonly columns: readonly string[];
  readonly values: readonly SqlValue[];
}

/** Changes of a patch, in an order that depends on its keys alone, so that few statements do. */
export function toColumnChanges(patch: ExecutionPatch, params: PatchParams): ColumnChanges {
  const columns: string[] = [];
  const values: SqlValue[] = [];
  for (const key of PATCH_KEYS) {
    const value = patch[key];
    if (value === undefined) continue;
    const { column, toColumn } = PATCH_COLUMNS[key] as {
      readonly column: string;
      readonly toColumn: (value: unknown, params: PatchParams) => SqlValue;
    };
    columns.push(column);
    values.push(toColumn(value, params));
  }
  if (patch.endedAt !== undefined && patch.endedAt !== null) {
    // Nothing wakes it any more.
    columns.push("has_news", "is_parked", "wake_at");
    values.push(0, 0, null);
  }
  return { columns, values };
}

function toRequiresColumn(requires: readonly string[]): string | null {
  return requires.length === 0 ? null : toJson(requires);
}
