import type { Page, ScheduleRecord, ScheduleStore } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { digestOf } from "../rows/digest.js";
import { tenantDigest } from "../rows/execution-row.js";
import { toJson } from "../rows/json.js";
import { parseCursor, toPage, toPageSize } from "../rows/page.js";

/** What firing changes has columns of its own; they count, not what the record says. */
interface ScheduleRow {
  readonly key: string;
  readonly created_at: number;
  readonly record: string;
  readonly next_fire_at: number | null;
  readonly next_due_at: number | null;
  readonly revision: string;
}

const COLUMNS = "key, created_at, record, next_fire_at, next_due_at, revision";

export async function putSchedule(
  connection: PostgresConnection,
  { schedule, expectedRevision }: { readonly schedule: ScheduleRecord; readonly expectedRevision: number | null },
): Promise<boolean> {
  const { schema } = connection;
  const values = [
    digestOf(schedule.id),
    digestOf(schedule.workflowId),
    tenantDigest(schedule.tenant),
    schedule.isPaused,
    schedule.nextFireAt,
    schedule.nextDueAt,
    schedule.revision,
    schedule.createdAt,
    toJson(schedule),
  ];
  const written =
    expectedRevision === null
      ? await connection.execute({
          text: `INSERT INTO ${schema}.schedules (id_digest, workflow_digest, tenant_digest, is_paused, next_fire_at,
              next_due_at, revision, created_at, record)
            VALUES ($1, $2, $3, $4, $5, $6, $7::bigint, $8, $9) ON CONFLICT DO NOTHING`,
          values,
        })
      : await connection.execute({
          text: `UPDATE ${schema}.schedules SET workflow_digest = $2, tenant_digest = $3, is_paused = $4,
              next_fire_at = $5, next_due_at = $6, revision = $7::bigint, created_at = $8, record = $9
            WHERE id_digest = $1 AND revision = $10::bigint`,
          values: [...values, expectedRevision],
        });
  return written === 1;
}

export async function getSchedule(connection: PostgresConnection, id: string): Promise<ScheduleRecord | undefined> {
  const [row] = await connection.query<ScheduleRow>({
    text: `SELECT ${COLUMNS} FROM ${connection.schema}.schedules WHERE id_digest = $1`,
    values: [digestOf(id)],
  });
  return row === undefined ? undefined : toScheduleRecord(row);
}

export async function listSchedules(
  connection: PostgresConnection,
  filter: Parameters<ScheduleStore["listSchedules"]>[0],
): Promise<Page<ScheduleRecord>> {
  const size = toPageSize(filter.limit);
  const [createdAt, key] = filter.cursor === undefined ? [null, null] : parseCursor(filter.cursor, 2);
  const rows = await connection.query<ScheduleRow>({
    text: `SELECT ${COLUMNS} FROM ${connection.schema}.schedules
      WHERE ($1::uuid IS NULL OR workflow_digest = $1) AND ($2::uuid IS NULL OR tenant_digest = $2)
        AND ($3::double precision IS NULL OR (created_at, key) > ($3, $4::bigint))
      ORDER BY created_at, key LIMIT ${size + 1}`,
    values: [
      filter.workflowId === undefined ? null : digestOf(filter.workflowId),
      filter.tenant === undefined ? null : tenantDigest(filter.tenant),
      createdAt,
      key,
    ],
  });
  return toPage(rows, { size, toItem: toScheduleRecord, toCursor: (row) => `${row.created_at}_${row.key}` });
}

export async function deleteSchedule(connection: PostgresConnection, id: string): Promise<boolean> {
  const { schema } = connection;
  const rows = await connection.query({
    text: `WITH gone AS (DELETE FROM ${schema}.schedules WHERE id_digest = $1 RETURNING id_digest),
        fires AS (DELETE FROM ${schema}.fires f USING gone WHERE f.schedule_digest = gone.id_digest)
      SELECT FROM gone`,
    values: [digestOf(id)],
  });
  return rows.length === 1;
}

export async function listDueSchedules(
  connection: PostgresConnection,
  { at, limit }: Parameters<ScheduleStore["listDueSchedules"]>[0],
): Promise<readonly ScheduleRecord[]> {
  const rows = await connection.query<ScheduleRow>({
    name: "list_due_schedules",
    text: `SELECT ${COLUMNS} FROM ${connection.schema}.schedules
      WHERE NOT is_paused AND next_due_at <= $1 ORDER BY next_due_at, key LIMIT $2`,
    values: [at, limit],
  });
  return rows.map(toScheduleRecord);
}

export async function nextScheduleDueAt(connection: PostgresConnection): Promise<number | null> {
  const [row] = await connection.query<{ next_due_at: number | null }>({
    name: "next_schedule_due_at",
    text: `SELECT min(next_due_at) AS next_due_at FROM ${connection.schema}.schedules WHERE NOT is_paused`,
  });
  return row?.next_due_at ?? null;
}

function toScheduleRecord({ record, next_fire_at, next_due_at, revision }: ScheduleRow): ScheduleRecord {
  return {
    ...(JSON.parse(record) as ScheduleRecord),
    nextFireAt: next_fire_at,
    nextDueAt: next_due_at,
    revision: Number(revision),
  };
}
