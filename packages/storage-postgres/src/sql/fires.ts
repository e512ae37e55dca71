import type { FireRecord, ScheduleStore } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { digestOf } from "../rows/digest.js";
import { toJson } from "../rows/json.js";

export async function takeFires(
  connection: PostgresConnection,
  params: Parameters<ScheduleStore["takeFires"]>[0],
): Promise<boolean> {
  const fires = params.fires.map((fire) => ({ fire_at: fire.fireAt, status: fire.status, record: toJson(fire) }));
  const [row] = await connection.query<{ taken: boolean }>({
    text: `SELECT ${connection.schema}.take_fires($1, $2::bigint, $3::jsonb, $4, $5) AS taken`,
    values: [digestOf(params.scheduleId), params.revision, JSON.stringify(fires), params.nextFireAt, params.nextDueAt],
  });
  return row?.taken === true;
}

export async function updateFire(
  connection: PostgresConnection,
  { fire, expectedStatus }: { readonly fire: FireRecord; readonly expectedStatus: FireRecord["status"] },
): Promise<boolean> {
  const written = await connection.execute({
    text: `UPDATE ${connection.schema}.fires SET status = $3, record = $4
      WHERE schedule_digest = $1 AND fire_at = $2 AND status = $5`,
    values: [digestOf(fire.scheduleId), fire.fireAt, fire.status, toJson(fire), expectedStatus],
  });
  return written === 1;
}

export async function listFires(
  connection: PostgresConnection,
  { scheduleId, status, before, limit }: Parameters<ScheduleStore["listFires"]>[0],
): Promise<readonly FireRecord[]> {
  const rows = await connection.query<{ record: string }>({
    text: `SELECT record FROM ${connection.schema}.fires
      WHERE ($1::uuid IS NULL OR schedule_digest = $1) AND ($2::text IS NULL OR status = $2)
        AND ($3::double precision IS NULL OR fire_at < $3)
      ORDER BY fire_at DESC LIMIT $4::bigint`,
    values: [scheduleId === undefined ? null : digestOf(scheduleId), status ?? null, before ?? null, limit],
  });
  return rows.map(({ record }) => JSON.parse(record) as FireRecord);
}
