import type { Page, Storage, WorkflowRecord } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { fromJson, toJson } from "../rows/json.js";
import { type PageParams, pageSizeOf, parseCursor, toPage } from "../rows/page.js";
import { fromText, fromTextOrNull, toText, toTextOrNull } from "../rows/text.js";

const COLUMNS = "id, version, hash, name, created_at, definition";
const SELECT_NEWEST = `SELECT ${COLUMNS} FROM automatrix_workflows WHERE id = ? ORDER BY version DESC LIMIT 1`;
const SELECT_VERSION = `SELECT ${COLUMNS} FROM automatrix_workflows WHERE id = ? AND version = ?`;
const INSERT_VERSION = `INSERT INTO automatrix_workflows (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`;
const DELETE_VERSIONS = "DELETE FROM automatrix_workflows WHERE id = ?";
// In the order of their first versions.
const SELECT_PAGE = `SELECT head.ordinal AS ordinal, newest.id, newest.version, newest.hash, newest.name,
    newest.created_at, newest.definition
  FROM automatrix_workflows AS head JOIN automatrix_workflows AS newest ON newest.id = head.id
    AND newest.version = (SELECT max(version) FROM automatrix_workflows WHERE id = head.id)
  WHERE head.version = 1 AND head.ordinal > ? ORDER BY head.ordinal LIMIT ?`;

interface WorkflowRow {
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  readonly name: string | null;
  readonly created_at: number;
  readonly definition: string;
}

export function saveWorkflow(connection: Connection, workflow: Parameters<Storage["saveWorkflow"]>[0]): WorkflowRecord {
  const newest = getWorkflow(connection, workflow.id);
  if (newest?.hash === workflow.hash) return newest;
  const record: WorkflowRecord = { ...workflow, version: (newest?.version ?? 0) + 1 };
  const { id, version, hash, name, createdAt, definition } = record;
  connection.run(INSERT_VERSION, toText(id), version, toText(hash), toTextOrNull(name), createdAt, toJson(definition));
  return record;
}

/** The newest version when none is named. */
export function getWorkflow(connection: Connection, id: string, version?: number): WorkflowRecord | undefined {
  const row =
    version === undefined
      ? connection.first<WorkflowRow>(SELECT_NEWEST, toText(id))
      : connection.first<WorkflowRow>(SELECT_VERSION, toText(id), version);
  return row === undefined ? undefined : toWorkflowRecord(row);
}

export function listWorkflows(connection: Connection, filter: PageParams): Page<WorkflowRecord> {
  const rows = connection.all<WorkflowRow & { readonly ordinal: number }>(
    SELECT_PAGE,
    parseCursor(filter) ?? 0,
    pageSizeOf(filter) + 1,
  );
  return toPage(rows, { ...filter, toItem: toWorkflowRecord });
}

export function deleteWorkflow(connection: Connection, id: string): boolean {
  return connection.run(DELETE_VERSIONS, toText(id)) > 0;
}

function toWorkflowRecord({ id, version, hash, name, created_at, definition }: WorkflowRow): WorkflowRecord {
  return {
    id: fromText(id),
    version,
    hash: fromText(hash),
    name: fromTextOrNull(name),
    definition: fromJson(definition),
    createdAt: created_at,
  };
}
