import type { ExecutionFilter, ExecutionSummary, Page } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { digestOf } from "../rows/digest.js";
import { SUMMARY_COLUMNS, type SummaryRow, tenantDigest, toExecutionSummary } from "../rows/execution-row.js";
import { parseCursor, toPage, toPageSize } from "../rows/page.js";
import { toPostgresText } from "../rows/text.js";

/** The newest first, by the order in which they were created. */
export async function listExecutions(
  connection: PostgresConnection,
  filter: ExecutionFilter,
): Promise<Page<ExecutionSummary>> {
  const size = toPageSize(filter.limit);
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  const statuses = filter.status === undefined ? [] : [filter.status].flat();
  // Of one status the index has them in order; of several it would all have to be sorted.
  if (statuses.length === 1) add((status) => `status = ${status}`, statuses[0]);
  else if (filter.status !== undefined) add((status) => `status = ANY (${status}::text[])`, statuses);
  if (filter.workflowId !== undefined) add((id) => `workflow_digest = ${id}`, digestOf(filter.workflowId));
  if (filter.tenant !== undefined) add((tenant) => `tenant_digest = ${tenant}`, tenantDigest(filter.tenant));
  if (filter.parentId !== undefined) add((id) => `parent_id = ${id}`, toPostgresText(filter.parentId));
  if (filter.limitKey !== undefined) add((key) => `concurrency_digest = ${key}`, digestOf(filter.limitKey));
  if (filter.endedSince !== undefined) add((instant) => `ended_at >= ${instant}`, filter.endedSince);
  if (filter.cursor !== undefined) add((key) => `key < ${key}::bigint`, parseCursor(filter.cursor, 1)[0]);
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const rows = await connection.query<SummaryRow>({
    text: `SELECT ${SUMMARY_COLUMNS} FROM ${connection.schema}.execution_rows ${where} ORDER BY key DESC LIMIT ${size + 1}`,
    values,
  });
  return toPage(rows, { size, toItem: toExecutionSummary, toCursor: ({ key }) => key });
}
