import type { FireRecord, ScheduleStore } from "@automatrix/core";
import type { Connection, SqlValue } from "../connection/connection.js";
import { fromText, fromTextOrNull, toText, toTextOrNull } from "../rows/text.js";
import { getSchedule, putSchedule } from "./schedules.js";

/** Fires of one schedule that are kept; the oldest that are settled go first. */
const MAX_FIRES_KEPT = 1_000;

const COLUMNS = "schedule_id, fire_at, kind, status, execution_id, reason, at";
const SELECT_FIRE = "SELECT 1 FROM automatrix_fires WHERE schedule_id = ? AND fire_at = ?";
const INSERT_FIRE = `INSERT INTO automatrix_fires (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`;
const UPDATE_FIRE = `UPDATE automatrix_fires SET kind = ?, status = ?, execution_id = ?, reason = ?, at = ?
  WHERE schedule_id = ? AND fire_at = ? AND status = ?`;
const FORGET_SETTLED = `DELETE FROM automatrix_fires WHERE schedule_id = ? AND status NOT IN ('pending', 'buffered')
  AND fire_at <= (SELECT fire_at FROM automatrix_fires WHERE schedule_id = ?
    ORDER BY fire_at DESC LIMIT 1 OFFSET ${MAX_FIRES_KEPT})`;

interface FireRow {
  readonly schedule_id: string;
  readonly fire_at: number;
  readonly kind: FireRecord["kind"];
  readonly status: FireRecord["status"];
  readonly execution_id: string | null;
  readonly reason: string | null;
  readonly at: number;
}

export function takeFires(
  connection: Connection,
  { scheduleId, revision, fires, nextFireAt, nextDueAt }: Parameters<ScheduleStore["takeFires"]>[0],
): boolean {
  const id = toText(scheduleId);
  const schedule = getSchedule(connection, scheduleId);
  if (schedule?.revision !== revision) return false;
  if (fires.some(({ fireAt }) => connection.first(SELECT_FIRE, id, fireAt) !== undefined)) return false;
  putSchedule(connection, {
    schedule: { ...schedule, nextFireAt, nextDueAt, revision: revision + 1 },
    expectedRevision: revision,
  });
  for (const { fireAt, kind, status, executionId, reason, at } of fires)
    connection.run(INSERT_FIRE, id, fireAt, kind, status, toTextOrNull(executionId), toTextOrNull(reason), at);
  connection.run(FORGET_SETTLED, id, id);
  return true;
}

/** Replaces a fire if it still has `expectedStatus`. */
export function updateFire(
  connection: Connection,
  { fire, expectedStatus }: { readonly fire: FireRecord; readonly expectedStatus: FireRecord["status"] },
): boolean {
  const { scheduleId, fireAt, kind, status, executionId, reason, at } = fire;
  return (
    connection.run(
      UPDATE_FIRE,
      kind,
      status,
      toTextOrNull(executionId),
      toTextOrNull(reason),
      at,
      toText(scheduleId),
      fireAt,
      expectedStatus,
    ) > 0
  );
}

/** Newest first. */
export function listFires(
  connection: Connection,
  { scheduleId, status, before, limit }: Parameters<ScheduleStore["listFires"]>[0],
): readonly FireRecord[] {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  if (scheduleId !== undefined) {
    conditions.push("schedule_id = ?");
    values.push(toText(scheduleId));
  }
  if (status !== undefined) {
    conditions.push("status = ?");
    values.push(status);
  }
  if (before !== undefined) {
    conditions.push("fire_at < ?");
    values.push(before);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return connection
    .all<FireRow>(`SELECT ${COLUMNS} FROM automatrix_fires ${where} ORDER BY fire_at DESC LIMIT ?`, ...values, limit)
    .map(toFireRecord);
}

function toFireRecord(row: FireRow): FireRecord {
  return {
    scheduleId: fromText(row.schedule_id),
    fireAt: row.fire_at,
    kind: row.kind,
    status: row.status,
    executionId: fromTextOrNull(row.execution_id),
    reason: fromTextOrNull(row.reason),
    at: row.at,
  };
}
