import type { Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toJson } from "../rows/json.js";
import { toPostgresText } from "../rows/text.js";

/** A parked one counts as having news: it may have something to do in its new definition. */
export async function repin(
  connection: PostgresConnection,
  { executionId, epoch, definitionHash, workflowVersion, nodeTypes }: Parameters<Storage["repin"]>[0],
): Promise<boolean> {
  const written = await connection.execute({
    text: `UPDATE ${connection.schema}.executions
      SET definition_hash = $3, workflow_version = $4, node_types = $5, epoch = epoch + 1, owner = NULL, blocked = NULL,
        has_news = has_news OR is_parked
      WHERE id = $1 AND epoch = $2::bigint AND ended_at IS NULL`,
    values: [toPostgresText(executionId), epoch, toPostgresText(definitionHash), workflowVersion, toJson(nodeTypes)],
  });
  return written === 1;
}
