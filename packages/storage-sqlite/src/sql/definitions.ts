import type { WorkflowDefinition } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { fromJson, toJson } from "../rows/json.js";
import { toText } from "../rows/text.js";

const HAS_DEFINITION = "SELECT 1 FROM automatrix_definitions WHERE hash = ?";
const INSERT_DEFINITION = "INSERT INTO automatrix_definitions (hash, definition) VALUES (?, ?) ON CONFLICT DO NOTHING";
const SELECT_DEFINITION = "SELECT definition FROM automatrix_definitions WHERE hash = ?";

/** Only reads: the same definition is put at every start. */
export function hasDefinition(connection: Connection, hash: string): boolean {
  return connection.first(HAS_DEFINITION, toText(hash)) !== undefined;
}

export function putDefinition(
  connection: Connection,
  { hash, definition }: { readonly hash: string; readonly definition: WorkflowDefinition },
): void {
  connection.run(INSERT_DEFINITION, toText(hash), toJson(definition));
}

export function getDefinition(connection: Connection, hash: string): WorkflowDefinition | undefined {
  const row = connection.first<{ readonly definition: string }>(SELECT_DEFINITION, toText(hash));
  return row === undefined ? undefined : fromJson(row.definition);
}
