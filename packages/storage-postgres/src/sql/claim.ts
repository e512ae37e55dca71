import type { ExecutionRecord, Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { RECORD_COLUMNS, type RecordRow, toExecutionRecord } from "../rows/execution-row.js";
import { toPostgresText } from "../rows/text.js";
import { claimNamed } from "./claim-named.js";

/** Where nothing is named, everything is decided in the function `claim` of the schema: see migrations/0001-claim.ts. */
export async function claim(
  connection: PostgresConnection,
  params: Parameters<Storage["claim"]>[0],
): Promise<readonly ExecutionRecord[]> {
  const { workerId, limit, leaseDurationMs, dueAt, offers = null, executionId, among } = params;
  const executionIds = executionId === undefined ? among : [executionId];
  if (executionIds !== undefined) return claimNamed(connection, { ...params, executionIds });
  const rows = await connection.query<RecordRow>({
    name: "claim",
    text: `SELECT ${RECORD_COLUMNS} FROM ${connection.schema}.claim($1, $2::integer, $3, $4, $5::text[])`,
    values: [toPostgresText(workerId), limit, leaseDurationMs, dueAt, offers?.map(toPostgresText) ?? null],
  });
  return rows.map(toExecutionRecord);
}
