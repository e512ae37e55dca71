import type { Connection } from "../connection/connection.js";
import { fromText, toText } from "../rows/text.js";

const SELECT_ID = `SELECT id FROM automatrix_executions
  WHERE idempotency_key = ? AND idempotency_key IS NOT NULL`;

/** The id of the execution that was started with this key. */
export function findByIdempotencyKey(connection: Connection, key: string): string | undefined {
  const row = connection.first<{ readonly id: string }>(SELECT_ID, toText(key));
  return row === undefined ? undefined : fromText(row.id);
}
