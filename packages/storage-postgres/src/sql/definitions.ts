import type { WorkflowDefinition } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { digestOf } from "../rows/digest.js";
import { toJson } from "../rows/json.js";

export async function putDefinition(
  connection: PostgresConnection,
  { hash, definition }: { readonly hash: string; readonly definition: WorkflowDefinition },
): Promise<void> {
  await connection.execute({
    text: `INSERT INTO ${connection.schema}.definitions (hash_digest, definition) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
    values: [digestOf(hash), toJson(definition)],
  });
}

export async function getDefinition(
  connection: PostgresConnection,
  hash: string,
): Promise<WorkflowDefinition | undefined> {
  const [row] = await connection.query<{ definition: string }>({
    text: `SELECT definition FROM ${connection.schema}.definitions WHERE hash_digest = $1`,
    values: [digestOf(hash)],
  });
  return row === undefined ? undefined : (JSON.parse(row.definition) as WorkflowDefinition);
}
