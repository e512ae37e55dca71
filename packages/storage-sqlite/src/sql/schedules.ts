import type { Page, ScheduleRecord, ScheduleStore } from "@automatrix/core";
import type { Connection, SqlValue } from "../connection/connection.js";
import { fromJson, toJson } from "../rows/json.js";
import { pageSizeOf, parseCursor, toPage } from "../rows/page.js";
import { toText, toTextOrNull } from "../rows/text.js";

const SELECT_SCHEDULE = "SELECT record FROM automatrix_schedules WHERE id = ?";
const INSERT_SCHEDULE = `INSERT INTO automatrix_schedules
    (workflow_id, tenant, is_paused, next_due_at, revision, created_at, record, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE_SCHEDULE = `UPDATE automatrix_schedules SET workflow_id = ?, tenant = ?, is_paused = ?, next_due_at = ?,
    revision = ?, created_at = ?, record = ? WHERE id = ?`;
const DELETE_SCHEDULE = "DELETE FROM automatrix_schedules WHERE id = ?";
const DELETE_FIRES = "DELETE FROM automatrix_fires WHERE schedule_id = ?";
const SELECT_DUE = `SELECT record FROM automatrix_schedules
  WHERE is_paused = 0 AND next_due_at IS NOT NULL AND next_due_at <= ? ORDER BY next_due_at, ordinal LIMIT ?`;
const SELECT_NEXT_DUE_AT = `SELECT min(next_due_at) AS at FROM automatrix_schedules
  WHERE is_paused = 0 AND next_due_at IS NOT NULL`;
const SELECT_PLACE = "SELECT created_at FROM automatrix_schedules WHERE ordinal = ?";
const SELECT_PLACE_BEFORE =
  "SELECT created_at FROM automatrix_schedules WHERE ordinal < ? ORDER BY ordinal DESC LIMIT 1";

interface ScheduleRow {
  readonly record: string;
}

export function putSchedule(
  connection: Connection,
  { schedule, expectedRevision }: { readonly schedule: ScheduleRecord; readonly expectedRevision: number | null },
): boolean {
  const { id, workflowId, tenant, isPaused, nextDueAt, revision, createdAt } = schedule;
  const existing = getSchedule(connection, id);
  if ((existing?.revision ?? null) !== expectedRevision) return false;
  connection.run(
    existing === undefined ? INSERT_SCHEDULE : UPDATE_SCHEDULE,
    toText(workflowId),
    toTextOrNull(tenant),
    isPaused ? 1 : 0,
    nextDueAt,
    revision,
    createdAt,
    toJson(schedule),
    toText(id),
  );
  return true;
}

export function getSchedule(connection: Connection, id: string): ScheduleRecord | undefined {
  const row = connection.first<ScheduleRow>(SELECT_SCHEDULE, toText(id));
  return row === undefined ? undefined : toScheduleRecord(row);
}

/** Oldest first. The cursor names a row: by its time of creation, then by itself. */
export function listSchedules(
  connection: Connection,
  filter: Parameters<ScheduleStore["listSchedules"]>[0],
): Page<ScheduleRecord> {
  const { workflowId = null, tenant = null } = filter;
  const values: SqlValue[] = [];
  const conditions: string[] = [];
  if (workflowId !== null) {
    conditions.push("workflow_id = ?");
    values.push(toText(workflowId));
  }
  if (tenant !== null) {
    conditions.push("tenant = ?");
    values.push(toText(tenant));
  }
  const cursor = parseCursor(filter);
  if (cursor !== undefined) {
    // One that was removed since left no place behind: the list goes on after those made before it.
    conditions.push(`(created_at, ordinal) > (coalesce((${SELECT_PLACE}), (${SELECT_PLACE_BEFORE}), 0), ?)`);
    values.push(cursor, cursor, cursor);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const rows = connection.all<ScheduleRow & { readonly ordinal: number }>(
    `SELECT ordinal, record FROM automatrix_schedules ${where} ORDER BY created_at, ordinal LIMIT ?`,
    ...values,
    pageSizeOf(filter) + 1,
  );
  return toPage(rows, { ...filter, toItem: toScheduleRecord });
}

/** Removes it with its fires. */
export function deleteSchedule(connection: Connection, id: string): boolean {
  connection.run(DELETE_FIRES, toText(id));
  return connection.run(DELETE_SCHEDULE, toText(id)) > 0;
}

export function listDueSchedules(
  connection: Connection,
  { at, limit }: Parameters<ScheduleStore["listDueSchedules"]>[0],
): readonly ScheduleRecord[] {
  return connection.all<ScheduleRow>(SELECT_DUE, at, limit).map(toScheduleRecord);
}

export function nextScheduleDueAt(connection: Connection): number | null {
  return connection.first<{ readonly at: number | null }>(SELECT_NEXT_DUE_AT)?.at ?? null;
}

function toScheduleRecord({ record }: ScheduleRow): ScheduleRecord {
  return fromJson(record);
}
