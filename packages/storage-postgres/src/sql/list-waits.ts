import type { WaitRecord } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toPostgresText } from "../rows/text.js";

/** The oldest first. */
export async function listWaits(connection: PostgresConnection, executionId: string): Promise<readonly WaitRecord[]> {
  const { schema } = connection;
  const rows = await connection.query<{ record: string }>({
    name: "list_waits",
    text: `SELECT w.record FROM ${schema}.waits w
      WHERE w.execution_key = (SELECT key FROM ${schema}.executions WHERE id = $1) ORDER BY w.ordinal`,
    values: [toPostgresText(executionId)],
  });
  return rows.map(({ record }) => JSON.parse(record) as WaitRecord);
}
