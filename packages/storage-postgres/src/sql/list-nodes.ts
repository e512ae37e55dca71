import type { NodeRecord } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toNodes } from "../rows/commit-row.js";
import { toPostgresText } from "../rows/text.js";

/** Folds the commits: the last record of a path counts, at the place of the first. */
export async function listNodes(connection: PostgresConnection, executionId: string): Promise<readonly NodeRecord[]> {
  const { schema } = connection;
  const rows = await connection.query<{ nodes: string }>({
    name: "list_nodes",
    text: `SELECT c.nodes FROM ${schema}.commits c
      WHERE c.execution_key = (SELECT key FROM ${schema}.executions WHERE id = $1) AND c.nodes IS NOT NULL
      ORDER BY c.last_seq, c.number`,
    values: [toPostgresText(executionId)],
  });
  const latest = new Map<string, NodeRecord>();
  for (const { nodes } of rows) for (const record of toNodes(nodes)) latest.set(record.path, record);
  return [...latest.values()];
}
