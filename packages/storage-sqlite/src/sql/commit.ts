import type { CommitOutcome, ExecutionCommit } from "@automatrix/core";
import type { Connection, SqlValue } from "../connection/connection.js";
import type { KnownExecution } from "../connection/known-executions.js";
import type { PayloadWriter } from "../payloads/payload-writer.js";
import { type CommitColumns, toCommitColumns } from "../rows/commit-row.js";
import {
  type ColumnChanges,
  type ExecutionRow,
  INSERT_EXECUTION,
  toColumnChanges,
  toInsertValues,
} from "../rows/execution-row.js";
import { toJson } from "../rows/json.js";
import { toText } from "../rows/text.js";
import { deliver } from "./add-to-inbox.js";
import { findByIdempotencyKey } from "./find-by-idempotency-key.js";
import { isLimitTaken } from "./flow-limits.js";

const SELECT_TARGET = `SELECT ordinal, epoch, cancel_requested_at,
    (SELECT last_seq FROM automatrix_commits WHERE execution = automatrix_executions.ordinal
     ORDER BY last_seq DESC LIMIT 1) AS last_seq
  FROM automatrix_executions WHERE id = ?`;
const SELECT_TWIN = "SELECT owner, epoch FROM automatrix_executions WHERE id = ?";
const SELECT_UNREAD = "SELECT id FROM automatrix_inbox WHERE execution = ? AND is_read = 0";
const SELECT_NEXT_PART = `SELECT coalesce(max(part) + 1, 0) AS part FROM automatrix_commits
  WHERE execution = ? AND last_seq = ?`;
const INSERT_COMMIT = `INSERT INTO automatrix_commits (execution, last_seq, part, nodes, steps, events)
  VALUES (?, ?, ?, ?, ?, ?)`;
const PUT_WAIT = `INSERT INTO automatrix_waits (execution, node_path, ordinal, record) VALUES (?, ?, ?, ?)
  ON CONFLICT (execution, node_path) DO UPDATE SET ordinal = excluded.ordinal, record = excluded.record`;
const END_WAIT = "DELETE FROM automatrix_waits WHERE execution = ? AND node_path = ?";
const READ_ITEM = "UPDATE automatrix_inbox SET is_read = 1, payload = 'null' WHERE execution = ? AND id = ?";
const READ_ALL = "UPDATE automatrix_inbox SET is_read = 1, payload = 'null' WHERE execution = ? AND is_read = 0";
// The writer knows every item there is, and there is no cancel: nothing is news.
const PARK = `UPDATE automatrix_executions SET owner = NULL, is_parked = 1, wake_at = ?, has_news = 0
  WHERE ordinal = ?`;

/** A commit with its rows made, so that the transaction has only to write them. */
export interface PreparedCommit {
  readonly commit: ExecutionCommit;
  readonly columns: CommitColumns;
  readonly insert: SqlValue[] | undefined;
  readonly changes: ColumnChanges | undefined;
}

/** The row that a commit may write to, as it is; without `ordinal` it has to be created. */
type Target = Omit<KnownExecution, "ordinal"> & { readonly ordinal: number | undefined };

/** Whether a commit may be written, or why not, or that it was written before. */
export type CommitVerdict =
  | { readonly target: Target; readonly outcome?: undefined }
  | { readonly target?: undefined; readonly outcome: CommitOutcome };

export function prepareCommit(commit: ExecutionCommit, writer: PayloadWriter): PreparedCommit {
  const { create, patch, executionId } = commit;
  return {
    commit,
    columns: toCommitColumns(commit, writer),
    insert: create === undefined ? undefined : toInsertValues({ ...create, ...patch }, writer),
    changes: create === undefined && patch !== undefined ? toColumnChanges(patch, { executionId, writer }) : undefined,
  };
}

function isEnd(patch: ExecutionCommit["patch"]): boolean {
  return patch?.endedAt !== undefined && patch.endedAt !== null;
}

/** Writes one commit, or nothing of it. */
export function writeCommit(connection: Connection, prepared: PreparedCommit): CommitOutcome {
  const { target, outcome } = checkCommit(connection, prepared.commit);
  return outcome ?? applyCommit(connection, prepared, target);
}

// ── checks: nothing is written here ──────────────────────────────────────────

export function checkCommit(connection: Connection, commit: ExecutionCommit): CommitVerdict {
  return commit.create === undefined ? checkUpdate(connection, commit) : checkCreate(connection, commit, commit.create);
}

function checkCreate(
  connection: Connection,
  { afterSeq, refuseAtLimit }: ExecutionCommit,
  { id, idempotencyKey, owner, epoch, limits, cancelRequested }: NonNullable<ExecutionCommit["create"]>,
): CommitVerdict {
  const twin = connection.first<Pick<ExecutionRow, "owner" | "epoch">>(SELECT_TWIN, toText(id));
  if (twin !== undefined) {
    const isSameCommit =
      afterSeq === 0 && twin.epoch === epoch && twin.owner === (owner === null ? null : toText(owner));
    return { outcome: isSameCommit ? { ok: true, firstSeq: 1 } : { ok: false, reason: "duplicate", existingId: id } };
  }
  const existingId = idempotencyKey === null ? undefined : findByIdempotencyKey(connection, idempotencyKey);
  if (existingId !== undefined) return { outcome: { ok: false, reason: "duplicate", existingId } };
  if (refuseAtLimit === true && limits !== null && isLimitTaken(connection, limits))
    return { outcome: { ok: false, reason: "limit_reached" } };
  return { target: { ordinal: undefined, epoch, isCancelRequested: cancelRequested !== null, lastSeq: 0 } };
}

function checkUpdate(connection: Connection, commit: ExecutionCommit): CommitVerdict {
  const { executionId, epoch, afterSeq, patch, park } = commit;
  const known = connection.known.get(executionId) ?? readExecution(connection, executionId);
  if (known === undefined || known.epoch !== epoch) return { outcome: { ok: false, reason: "lease_lost" } };
  const { ordinal, lastSeq, isCancelRequested } = known;
  if (afterSeq !== undefined && lastSeq > afterSeq) return { outcome: { ok: true, firstSeq: afterSeq + 1 } };
  if (isCancelRequested && (patch?.status === "completed" || park !== undefined))
    return { outcome: { ok: false, reason: "cancel_requested" } };
  if (park !== undefined && hasUnknownItem(connection, ordinal, commit))
    return { outcome: { ok: false, reason: "inbox_unread" } };
  return { target: known };
}

function readExecution(connection: Connection, executionId: string): KnownExecution | undefined {
  const row = connection.first<Pick<ExecutionRow, "ordinal" | "epoch" | "cancel_requested_at" | "last_seq">>(
    SELECT_TARGET,
    toText(executionId),
  );
  if (row === undefined) return undefined;
  const { ordinal, epoch, cancel_requested_at: cancelRequestedAt, last_seq: lastSeq } = row;
  return { ordinal, epoch, isCancelRequested: cancelRequestedAt !== null, lastSeq: lastSeq ?? 0 };
}

/** True when the inbox holds something that the writer neither knows nor reads with this commit. */
function hasUnknownItem(connection: Connection, execution: number, { park, readInbox }: ExecutionCommit): boolean {
  const unread = connection.all<{ readonly id: string }>(SELECT_UNREAD, execution);
  if (unread.length === 0) return false;
  const known = new Set([...(park?.knownInbox ?? []), ...(readInbox ?? [])].map(toText));
  return unread.some(({ id }) => !known.has(id));
}

// ── writes ───────────────────────────────────────────────────────────────────

/** Writes what {@link checkCommit} found nothing against. */
export function applyCommit(
  connection: Connection,
  { commit, columns, insert, changes }: PreparedCommit,
  target: Target,
): CommitOutcome {
  const ordinal = target.ordinal ?? insertExecution(connection, insert ?? []);
  const lastSeq = target.lastSeq + (commit.events?.length ?? 0);
  insertCommit(connection, { ordinal, lastSeq, columns });
  if (changes !== undefined) applyChanges(connection, ordinal, changes);
  for (const wait of commit.waits ?? [])
    connection.run(PUT_WAIT, ordinal, toText(wait.nodePath), wait.ordinal, toJson(wait));
  for (const path of commit.endedWaits ?? []) connection.run(END_WAIT, ordinal, toText(path));
  for (const id of commit.readInbox ?? []) connection.run(READ_ITEM, ordinal, toText(id));
  if (commit.park !== undefined) connection.run(PARK, commit.park.wakeAt, ordinal);
  // Nothing reaches it any more. Keys of its items stay, so that a second one is still known as such.
  if (isEnd(commit.patch)) {
    connection.run(READ_ALL, ordinal);
    connection.known.delete(commit.executionId);
  } else connection.known.set(commit.executionId, { ...target, ordinal, lastSeq });
  if (commit.deliver !== undefined) deliver(connection, commit.deliver);
  return { ok: true, firstSeq: target.lastSeq + 1 };
}

function insertExecution(connection: Connection, values: SqlValue[]): number {
  return connection.prepare(INSERT_EXECUTION).run(...values).lastInsertRowid as number;
}

function insertCommit(
  connection: Connection,
  {
    ordinal,
    lastSeq,
    columns: { nodes, steps, events },
  }: { readonly ordinal: number; readonly lastSeq: number; readonly columns: CommitColumns },
): void {
  if (nodes === null && steps === null && events === null) return;
  const part = events === null ? nextPart(connection, ordinal, lastSeq) : 0;
  connection.run(INSERT_COMMIT, ordinal, lastSeq, part, nodes, steps, events);
}

function nextPart(connection: Connection, ordinal: number, lastSeq: number): number {
  return connection.first<{ readonly part: number }>(SELECT_NEXT_PART, ordinal, lastSeq)?.part ?? 0;
}

function applyChanges(connection: Connection, ordinal: number, { columns, values }: ColumnChanges): void {
  if (columns.length === 0) return;
  connection.run(
    `UPDATE automatrix_executions SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE ordinal = ?`,
    ...values,
    ordinal,
  );
}
