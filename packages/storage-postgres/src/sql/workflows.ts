import type { Page, Storage, WorkflowRecord } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { digestOf } from "../rows/digest.js";
import { toJson } from "../rows/json.js";
import { parseCursor, toPage, toPageSize } from "../rows/page.js";
import { toPostgresText } from "../rows/text.js";

interface VersionRow {
  readonly version: number;
  readonly record: string;
}

export async function saveWorkflow(
  connection: PostgresConnection,
  workflow: Parameters<Storage["saveWorkflow"]>[0],
): Promise<WorkflowRecord> {
  const [row] = await connection.query<VersionRow>({
    text: `SELECT version, record FROM ${connection.schema}.save_workflow($1, $2, $3)`,
    values: [digestOf(workflow.id), toPostgresText(workflow.hash), toJson(workflow)],
  });
  return toWorkflowRecord(row as VersionRow);
}

export async function getWorkflow(
  connection: PostgresConnection,
  { id, version }: { readonly id: string; readonly version: number | undefined },
): Promise<WorkflowRecord | undefined> {
  const { schema } = connection;
  const [row] = await connection.query<VersionRow>({
    text: `SELECT version, record FROM ${schema}.workflow_versions
      WHERE workflow_key = (SELECT key FROM ${schema}.workflows WHERE id_digest = $1)
        AND ($2::double precision IS NULL OR version = $2) ORDER BY version DESC LIMIT 1`,
    values: [digestOf(id), version],
  });
  return row === undefined ? undefined : toWorkflowRecord(row);
}

/** The newest version of each, in the order in which the workflows were first saved. */
export async function listWorkflows(
  connection: PostgresConnection,
  filter: Parameters<Storage["listWorkflows"]>[0],
): Promise<Page<WorkflowRecord>> {
  const { schema } = connection;
  const size = toPageSize(filter.limit);
  const after = filter.cursor === undefined ? 0 : parseCursor(filter.cursor, 1)[0];
  const rows = await connection.query<VersionRow & { readonly key: string }>({
    text: `SELECT w.key, v.version, v.record FROM ${schema}.workflows w CROSS JOIN LATERAL (
        SELECT version, record FROM ${schema}.workflow_versions
        WHERE workflow_key = w.key ORDER BY version DESC LIMIT 1) v
      WHERE w.key > $1::bigint ORDER BY w.key LIMIT ${size + 1}`,
    values: [after],
  });
  return toPage(rows, { size, toItem: toWorkflowRecord, toCursor: ({ key }) => key });
}

export async function deleteWorkflow(connection: PostgresConnection, id: string): Promise<boolean> {
  const { schema } = connection;
  const rows = await connection.query({
    text: `WITH gone AS (DELETE FROM ${schema}.workflows WHERE id_digest = $1 RETURNING key),
        versions AS (DELETE FROM ${schema}.workflow_versions v USING gone WHERE v.workflow_key = gone.key)
      SELECT FROM gone`,
    values: [digestOf(id)],
  });
  return rows.length === 1;
}

function toWorkflowRecord({ version, record }: VersionRow): WorkflowRecord {
  return { ...(JSON.parse(record) as Omit<WorkflowRecord, "version">), version };
}
