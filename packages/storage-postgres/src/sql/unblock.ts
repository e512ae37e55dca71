import type { PostgresConnection } from "../connection/connection.js";
import { toPostgresText } from "../rows/text.js";

export async function unblock(connection: PostgresConnection, executionId: string): Promise<boolean> {
  const written = await connection.execute({
    text: `UPDATE ${connection.schema}.executions
      SET blocked = NULL, crashes = 0, owner = NULL, has_news = has_news OR is_parked
      WHERE id = $1 AND blocked IS NOT NULL`,
    values: [toPostgresText(executionId)],
  });
  return written === 1;
}
