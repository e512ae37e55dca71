import type { PostgresConnection } from "../connection/connection.js";

/** Those of these executions whose rows somebody has locked at this moment; ids as they stand in the rows. */
export async function listLocked(connection: PostgresConnection, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await connection.query<{ id: string }>({
    name: "list_locked",
    text: `WITH free AS MATERIALIZED (
        SELECT e.id FROM ${connection.schema}.executions e WHERE e.id = ANY ($1::text[]) FOR NO KEY UPDATE SKIP LOCKED
      )
      SELECT e.id FROM ${connection.schema}.executions e
      WHERE e.id = ANY ($1::text[]) AND NOT EXISTS (SELECT FROM free f WHERE f.id = e.id)`,
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}
