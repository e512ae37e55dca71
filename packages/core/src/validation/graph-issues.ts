import { findCycles } from "../graph/find-cycle.js";
import { compileGraph, type Graph } from "../graph/graph.js";
import { reachableFrom } from "../graph/reachable.js";
import { type StrongComponents, strongComponents } from "../graph/strong-components.js";
import { checkJoins } from "./joins.js";
import { listed, quote } from "./quote.js";
import type { CheckedNode, Scope } from "./scope.js";
import { findNotUpstream } from "./upstream.js";
import type { ValidationContext } from "./validation-context.js";

/** Checks what takes the whole graph of a scope: cycles, unreachable nodes, joins, references. */
export function checkGraph(scope: Scope, context: ValidationContext): void {
  const graph = compileGraph(scope.nodes.length, scope.edges);
  const components = strongComponents(graph);
  checkCycles(scope, { graph, components, context });
  checkReachable(scope, graph, context);
  checkJoins(scope, graph, context);
  checkReferences(scope, { graph, components, context });
}

interface GraphParams {
  readonly graph: Graph;
  readonly components: StrongComponents;
  readonly context: ValidationContext;
}

function checkCycles(scope: Scope, { graph, components, context }: GraphParams): void {
  const hasEntry = scope.nodes.some((_, index) => graph.inStart[index] === graph.inStart[index + 1]);
  for (const cycle of findCycles(graph, components)) {
    const first = scope.nodes[cycle[0] as number] as CheckedNode;
    const nodes = cycle.map((index) => scope.nodes[index]?.id as string);
    const entry = hasEntry ? "" : " No node is an entry.";
    const message = `These nodes wait for each other: ${listed([...nodes, nodes[0] as string], " → ")}.${entry} Remove an edge, or repeat with for_each or while_loop.`;
    context.issues.error("cycle", message, { path: first.pointer, nodeId: first.path, details: { nodes } });
  }
}

/** With trigger nodes, they alone are entries. Without, every node without incoming edges is one. */
function checkReachable(scope: Scope, graph: Graph, { issues }: ValidationContext): void {
  const triggers = scope.nodes
    .filter((node) => node?.type?.category === "trigger")
    .map((node) => (node as CheckedNode).index);
  if (triggers.length === 0) return;
  const reached = reachableFrom(graph, triggers);
  for (const node of scope.nodes) {
    if (node === undefined || reached[node.index] === 1) continue;
    const message = `No trigger leads to ${quote(node.id ?? String(node.index))}, so it is skipped; connect it or remove it.`;
    issues.warning("unreachable_node", message, { path: node.pointer, nodeId: node.path });
  }
}

function checkReferences(scope: Scope, { graph, components, context }: GraphParams): void {
  for (const reference of findNotUpstream(scope.references, { graph, components })) {
    const named = scope.nodes[reference.to] as CheckedNode;
    const from = scope.nodes[reference.from] as CheckedNode;
    const message = `The expression names node ${quote(named.id as string)}, which is not upstream of ${quote(from.id ?? String(from.index))}; connect them, or refer to a node that runs before.`;
    context.issues.error("expression_unknown_reference", message, {
      path: reference.pointer,
      nodeId: reference.nodePath,
      details: { reference: named.id },
    });
  }
}
