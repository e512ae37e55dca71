import type { Storage } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { fromText, toText } from "../rows/text.js";

const SELECT_OWNED = `SELECT id, epoch FROM automatrix_executions
  WHERE owner = ? AND owner IS NOT NULL AND ended_at IS NULL ORDER BY ordinal`;

/** Unfinished executions of this worker. */
export function listOwned(connection: Connection, workerId: string): Awaited<ReturnType<Storage["listOwned"]>> {
  return connection
    .all<{ readonly id: string; readonly epoch: number }>(SELECT_OWNED, toText(workerId))
    .map(({ id, epoch }) => ({ executionId: fromText(id), epoch }));
}
