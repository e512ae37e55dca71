import type { Storage } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { fromText, toText } from "../rows/text.js";

const HAS_NEWS = "SELECT 1 FROM automatrix_executions WHERE owner = ? AND has_news = 1 AND is_parked = 0 LIMIT 1";
const TAKE_NEWS = `UPDATE automatrix_executions SET has_news = 0 WHERE ordinal IN (
    SELECT ordinal FROM automatrix_executions WHERE owner = ? AND has_news = 1 AND is_parked = 0 LIMIT ?)
  RETURNING id`;

/** Only reads: asked often, and nearly always answered with no. */
export function hasNews(connection: Connection, workerId: string): boolean {
  return connection.first(HAS_NEWS, toText(workerId)) !== undefined;
}

export function takeNews(
  connection: Connection,
  { workerId, limit }: Parameters<Storage["takeNews"]>[0],
): readonly string[] {
  return connection.all<{ readonly id: string }>(TAKE_NEWS, toText(workerId), limit).map(({ id }) => fromText(id));
}
