import type { Storage } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { toJson } from "../rows/json.js";
import { toText } from "../rows/text.js";

// A parked one may have something to do in its new definition: that is news.
const REPIN = `UPDATE automatrix_executions SET definition_hash = ?, workflow_version = ?, node_types = ?,
    epoch = epoch + 1, owner = NULL, blocked = NULL, has_news = max(has_news, is_parked)
  WHERE id = ? AND epoch = ? AND ended_at IS NULL`;

export function repin(
  connection: Connection,
  { executionId, epoch, definitionHash, workflowVersion, nodeTypes }: Parameters<Storage["repin"]>[0],
): boolean {
  return (
    connection.run(REPIN, toText(definitionHash), workflowVersion, toJson(nodeTypes), toText(executionId), epoch) > 0
  );
}
