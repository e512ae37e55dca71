import type { NodeRecord } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import type { PayloadReader } from "../payloads/payload-reader.js";
import { fillOutput, fromNodesColumn } from "../rows/commit-row.js";
import { toText } from "../rows/text.js";

const SELECT_NODES = `SELECT nodes FROM automatrix_commits
  WHERE execution = (SELECT ordinal FROM automatrix_executions WHERE id = ?) AND nodes IS NOT NULL
  ORDER BY last_seq, part`;

export function listNodes(
  connection: Connection,
  { executionId, reader }: { readonly executionId: string; readonly reader: PayloadReader },
): readonly NodeRecord[] {
  // A map keeps the order of first writing, and the last record.
  const latest = new Map<string, NodeRecord>();
  for (const { nodes } of connection.each<{ readonly nodes: string }>(SELECT_NODES, toText(executionId)))
    for (const node of fromNodesColumn(nodes)) latest.set(node.path, node);
  return [...latest.values()].map((node) => fillOutput(node, reader));
}
