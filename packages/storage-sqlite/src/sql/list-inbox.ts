import type { InboxItem } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { fromJson } from "../rows/json.js";
import { fromText, fromTextOrNull, toText } from "../rows/text.js";

const SELECT_UNREAD = `SELECT id, kind, name, key, at, payload FROM automatrix_inbox
  WHERE execution = (SELECT ordinal FROM automatrix_executions WHERE id = ?) AND is_read = 0 ORDER BY ordinal`;

interface InboxRow {
  readonly id: string;
  readonly kind: InboxItem["kind"];
  readonly name: string;
  readonly key: string | null;
  readonly at: number;
  readonly payload: string;
}

/** What was not read, in order of arrival. */
export function listInbox(connection: Connection, executionId: string): readonly InboxItem[] {
  return connection.all<InboxRow>(SELECT_UNREAD, toText(executionId)).map(toInboxItem);
}

function toInboxItem({ id, kind, name, key, at, payload }: InboxRow): InboxItem {
  return { id: fromText(id), kind, name: fromText(name), payload: fromJson(payload), key: fromTextOrNull(key), at };
}
