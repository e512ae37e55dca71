import type { ExecutionEvent } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toEvents } from "../rows/commit-row.js";
import { toPostgresText } from "../rows/text.js";

interface EventsRow {
  readonly last_seq: string;
  readonly events: string;
  readonly nodes: string | null;
}

export async function listEvents(
  connection: PostgresConnection,
  params: { readonly executionId: string; readonly after: number; readonly limit: number },
): Promise<readonly ExecutionEvent[]> {
  const { executionId, after, limit } = params;
  const { schema } = connection;
  // Every row holds one event at least, so that `limit` rows are enough.
  const rows = await connection.query<EventsRow>({
    name: "list_events",
    text: `SELECT c.last_seq, c.events, c.nodes FROM ${schema}.commits c
      WHERE c.execution_key = (SELECT key FROM ${schema}.executions WHERE id = $1)
        AND c.last_seq > $2::bigint AND c.events IS NOT NULL
      ORDER BY c.last_seq, c.number LIMIT $3::bigint`,
    values: [toPostgresText(executionId), after, limit],
  });
  return rows
    .flatMap(({ last_seq, ...row }) => toEvents(row, { executionId, lastSeq: Number(last_seq) }))
    .filter(({ seq }) => seq > after)
    .slice(0, limit);
}
