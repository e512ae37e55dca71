import type { NodeDefinition, WorkflowDefinition, WorkflowSettings } from "../definition/workflow-definition.js";

/**
 * A definition from its edges, such as `"a>b a:error>c d"`: ids in order of appearance, `source:port>target`. Nodes are
 * of the type given unless `nodes` says otherwise.
 */
export function sketchWorkflow(
  text: string,
  {
    name,
    type,
    nodes = {},
    settings,
  }: {
    readonly name: string;
    readonly type: string;
    readonly nodes?: Readonly<Record<string, Partial<NodeDefinition>>>;
    readonly settings?: WorkflowSettings | undefined;
  },
): WorkflowDefinition {
  const ids = new Set<string>();
  const edges: { source: string; target: string; sourceHandle?: string }[] = [];
  for (const part of text.split(/\s+/).filter(Boolean)) {
    const [from = "", target] = part.split(">");
    const [source = "", sourceHandle] = from.split(":");
    ids.add(source);
    if (target === undefined) continue;
    ids.add(target);
    edges.push(sourceHandle === undefined ? { source, target } : { source, target, sourceHandle });
  }
  return {
    name,
    nodes: [...ids].map((id) => ({ type, ...nodes[id], id })),
    edges,
    ...(settings === undefined ? {} : { settings }),
  };
}
