import type { ExecutionStatus } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toJson } from "../rows/json.js";
import { toPostgresText } from "../rows/text.js";

export async function requestCancel(
  connection: PostgresConnection,
  { executionId, reason, at }: { readonly executionId: string; readonly reason: string | null; readonly at: number },
): Promise<ExecutionStatus | undefined> {
  const id = toPostgresText(executionId);
  const [marked] = await connection.query<{ status: ExecutionStatus }>({
    name: "request_cancel",
    text: `UPDATE ${connection.schema}.executions SET cancel_requested = $2, has_news = true
      WHERE id = $1 AND ended_at IS NULL AND cancel_requested IS NULL RETURNING status`,
    values: [id, toJson({ reason, at })],
  });
  if (marked !== undefined) return marked.status;
  const [row] = await connection.query<{ status: ExecutionStatus }>({
    text: `SELECT status FROM ${connection.schema}.executions WHERE id = $1`,
    values: [id],
  });
  return row?.status;
}
