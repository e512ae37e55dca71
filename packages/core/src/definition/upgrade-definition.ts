import { NodeRegistry } from "./node-registry.js";
import type { NodeType } from "./node-type.js";
import type { NodeDefinition, WorkflowDefinition } from "./workflow-definition.js";

type Parameters = Readonly<Record<string, unknown>>;

/**
 * A copy of a definition with every node that names an older version at the newest one of its type, its parameters
 * turned into new ones by the type's `migrate`, in bodies too. Nodes of unknown types, and of types that cannot migrate,
 * stay as they are. Save the copy as the next version of the workflow: executions go on with the version they began with.
 *
 * @throws whatever a `migrate` throws
 * @example
 * await engine.saveWorkflow(upgradeDefinition(definition, engine.listNodeTypes()));
 */
export function upgradeDefinition(definition: WorkflowDefinition, nodeTypes: Iterable<NodeType>): WorkflowDefinition {
  const registry = new NodeRegistry(nodeTypes);
  const upgrade = (nested: WorkflowDefinition): WorkflowDefinition => ({
    ...nested,
    nodes: nested.nodes.map((node) => upgradeNode(node, registry, upgrade)),
  });
  return upgrade(definition);
}

function upgradeNode(
  node: NodeDefinition,
  registry: NodeRegistry,
  upgrade: (body: WorkflowDefinition) => WorkflowDefinition,
): NodeDefinition {
  const newest = registry.get(node.type);
  if (newest === undefined) return node;
  const { version = newest.version, data } = node;
  const isUpgraded = version < newest.version && newest.migrate !== undefined;
  const written: Parameters = isUpgraded ? (newest.migrate?.(data ?? {}, version) ?? {}) : (data ?? {});
  const bodies = (newest.bodies ?? [])
    .filter((key) => isDefinition(written[key]))
    .map((key) => [key, upgrade(written[key] as WorkflowDefinition)] as const);
  if (!isUpgraded && bodies.length === 0) return node;
  const upgraded = { ...node, data: { ...written, ...Object.fromEntries(bodies) } };
  return isUpgraded ? { ...upgraded, version: newest.version } : upgraded;
}

function isDefinition(value: unknown): boolean {
  return typeof value === "object" && value !== null && Array.isArray((value as { readonly nodes?: unknown }).nodes);
}
