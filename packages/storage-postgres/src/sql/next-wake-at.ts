import type { PostgresConnection } from "../connection/connection.js";

export async function nextWakeAt(connection: PostgresConnection): Promise<number | null> {
  const [row] = await connection.query<{ wake_at: number | null }>({
    name: "next_wake_at",
    text: `SELECT min(wake_at) AS wake_at FROM ${connection.schema}.executions
      WHERE is_parked AND owner IS NULL AND ended_at IS NULL`,
  });
  return row?.wake_at ?? null;
}
