import { DEFAULT_PORT, ERROR_PORT } from "../definition/node-type.js";
import type { Graph } from "../graph/graph.js";
import { childPointer } from "./json-pointer.js";
import { listed, quote } from "./quote.js";
import type { CheckedEdge, CheckedNode, Scope } from "./scope.js";
import type { ValidationContext } from "./validation-context.js";

/** Reports joins that can never be met. */
export function checkJoins(scope: Scope, graph: Graph, context: ValidationContext): void {
  for (const node of scope.nodes) {
    if (node?.join?.mode === "quorum") checkQuorum(node, scope.incoming[node.index] ?? 0, context);
    if (node?.join?.mode === "all") checkAll(node, { scope, graph, context });
  }
}

function checkQuorum(node: CheckedNode, incoming: number, { issues }: ValidationContext): void {
  const count = node.join?.count as number;
  if (count <= incoming) return;
  const message = `The join waits for ${count} live edges, but only ${incoming} lead here; lower the quorum or add edges.`;
  issues.error("join_unsatisfiable", message, { path: childPointer(node.pointer, "join"), nodeId: node.path });
}

function checkAll(
  node: CheckedNode,
  params: { readonly scope: Scope; readonly graph: Graph; readonly context: ValidationContext },
): void {
  const { scope, graph, context } = params;
  const portsBySource = new Map<number, Set<string | undefined>>();
  for (let slot = graph.inStart[node.index] as number; slot < (graph.inStart[node.index + 1] as number); slot += 1) {
    const { source, port } = scope.edges[graph.inEdges[slot] as number] as CheckedEdge;
    const ports = portsBySource.get(source) ?? new Set();
    ports.add(port ?? (scope.nodes[source]?.ports?.has(DEFAULT_PORT) ? DEFAULT_PORT : undefined));
    portsBySource.set(source, ports);
  }
  for (const [source, ports] of portsBySource) {
    if (ports.size > 1) reportExclusive(node, { source: scope.nodes[source] as CheckedNode, ports, context });
  }
}

/** `error` excludes every other port. Nodes of the flow emit one of their ports; others may emit several: a warning. */
function reportExclusive(
  node: CheckedNode,
  params: {
    readonly source: CheckedNode;
    readonly ports: ReadonlySet<string | undefined>;
    readonly context: ValidationContext;
  },
): void {
  const { source, ports, context } = params;
  const named = [...ports].filter((port) => port !== undefined);
  const isCertain = ports.has(ERROR_PORT) || source.type?.category === "flow";
  if (!ports.has(ERROR_PORT) && named.length < 2) return;
  const message = `The join waits for all edges, but two ports of ${quote(source.id as string)} lead here (${listed(named, ", ")}), of which ${isCertain ? "only one is" : "perhaps only one is"} ever live; use join "any" or "auto".`;
  const place = { path: childPointer(node.pointer, "join"), nodeId: node.path };
  if (isCertain) context.issues.error("join_unsatisfiable", message, place);
  else context.issues.warning("join_unsatisfiable", message, place);
}
