import type { ExecutionStatus } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { toText, toTextOrNull } from "../rows/text.js";

const REQUEST_CANCEL = `UPDATE automatrix_executions SET cancel_requested_at = ?, cancel_reason = ?, has_news = 1
  WHERE id = ? AND ended_at IS NULL AND cancel_requested_at IS NULL`;
const SELECT_STATUS = "SELECT status FROM automatrix_executions WHERE id = ?";

export function requestCancel(
  connection: Connection,
  { executionId, reason, at }: { readonly executionId: string; readonly reason: string | null; readonly at: number },
): ExecutionStatus | undefined {
  const id = toText(executionId);
  connection.run(REQUEST_CANCEL, at, toTextOrNull(reason), id);
  return connection.first<{ readonly status: ExecutionStatus }>(SELECT_STATUS, id)?.status;
}
