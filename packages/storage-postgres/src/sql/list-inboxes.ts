import type { InboxItem } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { fromPostgresText, toPostgresText } from "../rows/text.js";

/** What was not read yet, of each in order of arrival. */
export async function listInboxes(
  connection: PostgresConnection,
  executionIds: readonly string[],
): Promise<ReadonlyMap<string, readonly InboxItem[]>> {
  const { schema } = connection;
  const rows = await connection.query<{ id: string; record: string }>({
    name: "list_inboxes",
    text: `SELECT e.id, i.record FROM ${schema}.executions e
      CROSS JOIN LATERAL (
        SELECT x.number, x.record FROM ${schema}.inbox x WHERE x.execution_key = e.key AND NOT x.is_read ORDER BY x.number
      ) i
      WHERE e.id = ANY ($1::text[]) ORDER BY e.key, i.number`,
    values: [executionIds.map(toPostgresText)],
  });
  const inboxes = new Map<string, InboxItem[]>();
  for (const { id, record } of rows) {
    const executionId = fromPostgresText(id);
    const items = inboxes.get(executionId);
    if (items === undefined) inboxes.set(executionId, [JSON.parse(record) as InboxItem]);
    else items.push(JSON.parse(record) as InboxItem);
  }
  return inboxes;
}
