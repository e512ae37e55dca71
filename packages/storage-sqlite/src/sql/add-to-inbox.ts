import type { InboxItem } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { toJson } from "../rows/json.js";
import { toText, toTextOrNull } from "../rows/text.js";
import { tellNews } from "./tell-news.js";

const SELECT_EXECUTION = "SELECT ordinal, ended_at FROM automatrix_executions WHERE id = ?";
const SELECT_EQUAL_ITEM = `SELECT 1 FROM automatrix_inbox
  WHERE execution = ? AND kind = ? AND name = ? AND key = ?`;
const COUNT_UNREAD = "SELECT count(*) AS unread FROM automatrix_inbox WHERE execution = ? AND is_read = 0";
// Sent again with its own id it is there already; with the kind, name and key of another it is that one.
const INSERT_ITEM = `INSERT INTO automatrix_inbox (execution, id, kind, name, key, at, is_read, payload)
  VALUES (?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING`;

interface TargetRow {
  readonly ordinal: number;
  readonly ended_at: number | null;
}

export function addToInbox(
  connection: Connection,
  {
    executionId,
    item,
    maxUnread,
  }: { readonly executionId: string; readonly item: InboxItem; readonly maxUnread: number },
): "added" | "duplicate" | "not_found" | "ended" | "full" {
  const target = findTarget(connection, executionId);
  if (target === undefined) return "not_found";
  if (isDuplicate(connection, target.ordinal, item)) return "duplicate";
  if (target.ended_at !== null) return "ended";
  const { unread } = connection.first<{ readonly unread: number }>(COUNT_UNREAD, target.ordinal) ?? { unread: 0 };
  if (unread >= maxUnread) return "full";
  insertItem(connection, target.ordinal, item);
  return "added";
}

/** Puts items into other executions' inboxes; those that have ended get none. */
export function deliver(
  connection: Connection,
  items: readonly { readonly executionId: string; readonly item: InboxItem }[],
): void {
  for (const { executionId, item } of items) {
    const target = findTarget(connection, executionId);
    if (target !== undefined && target.ended_at === null) insertItem(connection, target.ordinal, item);
  }
}

function findTarget(connection: Connection, executionId: string): TargetRow | undefined {
  return connection.first<TargetRow>(SELECT_EXECUTION, toText(executionId));
}

function isDuplicate(connection: Connection, execution: number, { kind, name, key }: InboxItem): boolean {
  return key !== null && connection.first(SELECT_EQUAL_ITEM, execution, kind, toText(name), toText(key)) !== undefined;
}

function insertItem(connection: Connection, execution: number, item: InboxItem): void {
  const { id, kind, name, key, at, payload } = item;
  const isNew = connection.run(
    INSERT_ITEM,
    execution,
    toText(id),
    kind,
    toText(name),
    toTextOrNull(key),
    at,
    toJson(payload),
  );
  if (isNew > 0) tellNews(connection, execution);
}
