import type { ExecutionRecord } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import type { PayloadReader } from "../payloads/payload-reader.js";
import { EXECUTION_COLUMNS, type ExecutionRow, toExecutionRecord } from "../rows/execution-row.js";
import { toText } from "../rows/text.js";

const SELECT_EXECUTION = `SELECT ${EXECUTION_COLUMNS} FROM automatrix_executions WHERE id = ?`;

export function getExecution(
  connection: Connection,
  { executionId, reader }: { readonly executionId: string; readonly reader: PayloadReader },
): ExecutionRecord | undefined {
  const row = connection.first<ExecutionRow>(SELECT_EXECUTION, toText(executionId));
  return row === undefined ? undefined : toExecutionRecord(row, reader);
}
