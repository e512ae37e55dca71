import type { Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { fromPostgresText, toPostgresText } from "../rows/text.js";

/**
 * Tells news once. Rows that are locked at this moment keep theirs for the next call. A LISTEN on this schema could
 * say when to call; polling alone is correct.
 */
export async function takeNews(
  connection: PostgresConnection,
  { workerId, limit }: Parameters<Storage["takeNews"]>[0],
): Promise<readonly string[]> {
  const rows = await connection.query<{ id: string }>({
    name: "take_news",
    text: `UPDATE ${connection.schema}.executions e SET has_news = false FROM (
        SELECT key FROM ${connection.schema}.executions
        WHERE owner = $1 AND has_news AND ended_at IS NULL LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) n
      WHERE e.key = n.key RETURNING e.id`,
    values: [toPostgresText(workerId), limit],
  });
  return rows.map(({ id }) => fromPostgresText(id));
}
