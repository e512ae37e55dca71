import type { WaitRecord } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { fromJson } from "../rows/json.js";
import { toText } from "../rows/text.js";

const SELECT_WAITS = `SELECT record FROM automatrix_waits
  WHERE execution = (SELECT ordinal FROM automatrix_executions WHERE id = ?) ORDER BY ordinal`;

export function listWaits(connection: Connection, executionId: string): readonly WaitRecord[] {
  return connection
    .all<{ readonly record: string }>(SELECT_WAITS, toText(executionId))
    .map(({ record }) => fromJson<WaitRecord>(record));
}
