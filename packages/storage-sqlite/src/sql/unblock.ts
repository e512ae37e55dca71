import type { Connection } from "../connection/connection.js";
import { toText } from "../rows/text.js";

const UNBLOCK = `UPDATE automatrix_executions SET blocked = NULL, crashes = 0, owner = NULL
  WHERE id = ? AND blocked IS NOT NULL`;

export function unblock(connection: Connection, executionId: string): boolean {
  return connection.run(UNBLOCK, toText(executionId)) > 0;
}
