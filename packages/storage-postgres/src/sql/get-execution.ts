import type { ExecutionRecord } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { digestOf } from "../rows/digest.js";
import { RECORD_COLUMNS, type RecordRow, toExecutionRecord } from "../rows/execution-row.js";
import { fromPostgresText, toPostgresText } from "../rows/text.js";

export async function getExecution(
  connection: PostgresConnection,
  executionId: string,
): Promise<ExecutionRecord | undefined> {
  const [row] = await connection.query<RecordRow>({
    name: "get_execution",
    text: `SELECT ${RECORD_COLUMNS} FROM ${connection.schema}.execution_rows WHERE id = $1`,
    values: [toPostgresText(executionId)],
  });
  return row === undefined ? undefined : toExecutionRecord(row);
}

export async function findByIdempotencyKey(connection: PostgresConnection, key: string): Promise<string | undefined> {
  const [row] = await connection.query<{ id: string }>({
    text: `SELECT id FROM ${connection.schema}.executions WHERE idempotency_digest = $1`,
    values: [digestOf(key)],
  });
  return row === undefined ? undefined : fromPostgresText(row.id);
}
