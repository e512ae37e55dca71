import type { ExecutionEvent } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import type { PayloadReader } from "../payloads/payload-reader.js";
import { type EventsRow, fromEventsRow } from "../rows/commit-row.js";
import { fromPayloadColumn } from "../rows/payload-column.js";
import { toText } from "../rows/text.js";

const SELECT_EVENTS = `SELECT last_seq, events, nodes FROM automatrix_commits
  WHERE execution = (SELECT ordinal FROM automatrix_executions WHERE id = ?) AND last_seq > ? AND events IS NOT NULL
  ORDER BY last_seq, part`;
const SELECT_OUTPUT = "SELECT output FROM automatrix_executions WHERE id = ?";

export interface ListEventsParams {
  readonly executionId: string;
  readonly after: number;
  readonly limit: number;
  readonly reader: PayloadReader;
}

export function listEvents(
  connection: Connection,
  { executionId, after, limit, reader }: ListEventsParams,
): readonly ExecutionEvent[] {
  const id = toText(executionId);
  const events: ExecutionEvent[] = [];
  const waiting: ((output: unknown) => void)[] = [];
  const params = { executionId, reader, wantOutput: (put: (output: unknown) => void) => void waiting.push(put) };
  for (const row of connection.each<EventsRow>(SELECT_EVENTS, id, after)) {
    events.push(...fromEventsRow(row, after, params));
    if (events.length >= limit) break;
  }
  if (waiting.length > 0) {
    const output = connection.first<{ readonly output: string }>(SELECT_OUTPUT, id)?.output ?? "null";
    for (const put of waiting) fromPayloadColumn(output, reader, put);
  }
  return events.slice(0, Math.max(0, limit));
}
