import type { ExecutionRecord, NodeType } from "@automatrix/core";
import { usageError } from "../command-error.js";
import { printable } from "../printable.js";

/** Node types that an execution has pinned and that are not there, as `type@version`. */
export function missingNodeTypes(
  { nodeTypes }: Pick<ExecutionRecord, "nodeTypes">,
  nodes: readonly NodeType[],
): readonly string[] {
  const known = new Set(
    nodes.flatMap(({ type, aliases = [], version }) => [type, ...aliases].map((name) => `${name}@${version}`)),
  );
  return Object.entries(nodeTypes)
    .map(([type, version]) => `${type}@${version}`)
    .filter((name) => !known.has(name));
}

/**
 * An engine would block an execution that it cannot run; a command says so before it touches it.
 * @throws ConfigurationError `invalid_configuration`
 */
export function requireNodeTypes(record: ExecutionRecord, nodes: readonly NodeType[]): void {
  const missing = missingNodeTypes(record, nodes);
  if (missing.length === 0) return;
  throw usageError(
    `Execution ${printable(record.id)} needs node types that are not here: ${printable(missing.join(", "))}. Name the modules that export them with --nodes FILE.`,
  );
}
