import type { NodeStatus } from "@automatrix/core";
import { usageError } from "../command-error.js";
import { printable, shorten } from "../printable.js";

/** What a picture shows of a node. */
export interface DrawableNode {
  readonly id: string;
  readonly type: string;
  readonly label: string;
  readonly status?: NodeStatus;
}

/** An edge between positions in {@link DrawableGraph.nodes}. */
interface DrawableEdge {
  readonly source: number;
  readonly target: number;
  /** The port or ports, when it is not the default one. */
  readonly label: string;
}

export interface DrawableGraph {
  readonly nodes: readonly DrawableNode[];
  readonly edges: readonly DrawableEdge[];
}

const MAX_LABEL_LENGTH = 40;
const DEFAULT_PORT = "default";

/**
 * What can be drawn of a definition. It need not be valid: a cycle is easiest to find in a picture. Edges to nodes that
 * do not exist and parts of the wrong shape are left out.
 * @throws ConfigurationError `invalid_configuration` when there is no list of nodes
 */
export function toDrawableGraph(
  definition: unknown,
  statuses: ReadonlyMap<string, NodeStatus> = new Map(),
): DrawableGraph {
  const { nodes, edges } = record(definition);
  if (!Array.isArray(nodes)) throw usageError('This is no workflow definition: it has no list "nodes".');
  const positions = new Map<string, number>();
  const drawn: DrawableNode[] = [];
  for (const node of nodes.map(record)) {
    if (typeof node["id"] !== "string" || positions.has(node["id"])) continue;
    positions.set(node["id"], drawn.length);
    drawn.push(toDrawableNode(node, node["id"], statuses.get(node["id"])));
  }
  const drawnEdges = (Array.isArray(edges) ? edges.map(record) : []).flatMap((edge) =>
    toDrawableEdges(edge, positions),
  );
  return { nodes: drawn, edges: mergeParallel(drawnEdges) };
}

function toDrawableNode(
  node: Readonly<Record<string, unknown>>,
  id: string,
  status: NodeStatus | undefined,
): DrawableNode {
  const label = record(node["data"])["label"];
  return {
    id,
    type: typeof node["type"] === "string" ? node["type"] : "?",
    label: labelText(typeof label === "string" && label.trim() !== "" ? label : id),
    ...(status === undefined ? {} : { status }),
  };
}

function toDrawableEdges(
  edge: Readonly<Record<string, unknown>>,
  positions: ReadonlyMap<string, number>,
): readonly DrawableEdge[] {
  const source = positions.get(String(edge["source"]));
  const target = positions.get(String(edge["target"]));
  if (source === undefined || target === undefined) return [];
  const port = edge["sourceHandle"];
  return [{ source, target, label: typeof port === "string" && port !== DEFAULT_PORT ? labelText(port) : "" }];
}

/** Edges between the same two nodes would be drawn on top of each other: they become one that names all ports. */
function mergeParallel(edges: readonly DrawableEdge[]): readonly DrawableEdge[] {
  const merged = new Map<string, DrawableEdge>();
  for (const edge of edges) {
    const key = `${edge.source} ${edge.target}`;
    const label = [merged.get(key)?.label, edge.label].filter(Boolean).join(", ");
    merged.set(key, { ...edge, label: shorten(label, MAX_LABEL_LENGTH) });
  }
  return [...merged.values()];
}

/** One harmless line; never empty, because a box without text cannot be drawn. */
function labelText(text: string): string {
  return shorten(printable(text).trim().replace(/\s+/g, " "), MAX_LABEL_LENGTH) || "?";
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
