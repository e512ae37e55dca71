import type { Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { fromPostgresText, toPostgresText } from "../rows/text.js";

export async function listOwned(
  connection: PostgresConnection,
  workerId: string,
): Promise<Awaited<ReturnType<Storage["listOwned"]>>> {
  const rows = await connection.query<{ id: string; epoch: string }>({
    text: `SELECT id, epoch FROM ${connection.schema}.executions WHERE owner = $1 AND ended_at IS NULL ORDER BY key`,
    values: [toPostgresText(workerId)],
  });
  return rows.map(({ id, epoch }) => ({ executionId: fromPostgresText(id), epoch: Number(epoch) }));
}
