import type { InboxItem } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toPostgresText } from "../rows/text.js";

/** What was not read yet, in order of arrival. */
export async function listInbox(connection: PostgresConnection, executionId: string): Promise<readonly InboxItem[]> {
  const { schema } = connection;
  const rows = await connection.query<{ record: string }>({
    text: `SELECT i.record FROM ${schema}.inbox i
      WHERE i.execution_key = (SELECT key FROM ${schema}.executions WHERE id = $1) AND NOT i.is_read ORDER BY i.number`,
    values: [toPostgresText(executionId)],
  });
  return rows.map(({ record }) => JSON.parse(record) as InboxItem);
}
