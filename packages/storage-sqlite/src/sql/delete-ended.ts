import type { Storage } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { fromText } from "../rows/text.js";

const SELECT_ENDED = `SELECT ordinal, id FROM automatrix_executions WHERE ended_at IS NOT NULL AND ended_at < ?
  ORDER BY ended_at, ordinal LIMIT ?`;
const DELETIONS = [
  "DELETE FROM automatrix_commits WHERE execution = ?",
  "DELETE FROM automatrix_waits WHERE execution = ?",
  "DELETE FROM automatrix_inbox WHERE execution = ?",
  "DELETE FROM automatrix_executions WHERE ordinal = ?",
];

/** Answers the ids of those that are gone; their payload files have to follow. */
export function deleteEnded(
  connection: Connection,
  { endedBefore, limit }: Parameters<Storage["deleteEnded"]>[0],
): readonly string[] {
  const ended = connection.all<{ readonly ordinal: number; readonly id: string }>(SELECT_ENDED, endedBefore, limit);
  for (const { ordinal } of ended) for (const deletion of DELETIONS) connection.run(deletion, ordinal);
  return ended.map(({ id }) => fromText(id));
}
