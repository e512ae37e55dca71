import type { ExecutionFilter, ExecutionStatus, ExecutionSummary, Page } from "@automatrix/core";
import type { Connection, SqlValue } from "../connection/connection.js";
import { SUMMARY_COLUMNS, type SummaryRow, toExecutionSummary } from "../rows/execution-row.js";
import { pageSizeOf, parseCursor, toPage } from "../rows/page.js";
import { toText } from "../rows/text.js";

export function listExecutions(connection: Connection, filter: ExecutionFilter): Page<ExecutionSummary> {
  const statuses = filter.status === undefined ? [undefined] : [...new Set([filter.status].flat())];
  // Of each status a page that comes in order from its index; SQLite would sort all of them.
  const rows = statuses.flatMap((status) => selectRows(connection, filter, status));
  if (statuses.length > 1) rows.sort((a, b) => b.ordinal - a.ordinal);
  return toPage(rows, { ...filter, toItem: toExecutionSummary });
}

/** The newest of one status, or of all, one more than fits a page. */
function selectRows(
  connection: Connection,
  filter: ExecutionFilter,
  status: ExecutionStatus | undefined,
): readonly SummaryRow[] {
  const { workflowId, tenant, parentId, limitKey, endedSince } = filter;
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const add = (condition: string, value: SqlValue | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  add("status = ?", status);
  add("workflow_id = ?", workflowId === undefined ? undefined : toText(workflowId));
  add("tenant = ?", tenant === undefined ? undefined : toText(tenant));
  add("parent_id = ?", parentId === undefined ? undefined : toText(parentId));
  add("limit_key = ?", limitKey === undefined ? undefined : toText(limitKey));
  add("ended_at >= ?", endedSince);
  add("ordinal < ?", parseCursor(filter));
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return connection.all<SummaryRow>(
    `SELECT ${SUMMARY_COLUMNS} FROM automatrix_executions ${where} ORDER BY ordinal DESC LIMIT ?`,
    ...values,
    pageSizeOf(filter) + 1,
  );
}
