import { STATUS_SYMBOL } from "../status-symbol.js";
import type { DrawableGraph } from "./drawable-graph.js";

const NAMES_SHOWN = 8;

/** A list for graphs too large to draw: one line per layer, each node in the layer after its last parent. */
export function layeredList(graph: DrawableGraph): string {
  const { layers, inCycle } = layersOf(graph);
  const lines = layers.map((layer, depth) => `${String(depth + 1).padStart(4)}  ${names(graph, layer)}`);
  if (inCycle.length > 0) lines.push(`cycle  ${names(graph, inCycle)}`);
  return [`${graph.nodes.length} nodes, ${graph.edges.length} edges, ${layers.length} layers`, ...lines].join("\n");
}

function names(graph: DrawableGraph, positions: readonly number[]): string {
  const shown = positions.slice(0, NAMES_SHOWN).map((position) => {
    const node = graph.nodes[position];
    if (node === undefined) return "";
    return node.status === undefined ? node.label : `${STATUS_SYMBOL[node.status]} ${node.label}`;
  });
  const hidden = positions.length - shown.length;
  return shown.join(" · ") + (hidden > 0 ? ` · and ${hidden} more` : "");
}

/** Kahn's algorithm, layer by layer; what is left over lies on a cycle or behind one. */
function layersOf(graph: DrawableGraph): {
  readonly layers: readonly (readonly number[])[];
  readonly inCycle: readonly number[];
} {
  const missing = new Array<number>(graph.nodes.length).fill(0);
  const targets: number[][] = graph.nodes.map(() => []);
  for (const edge of graph.edges) {
    missing[edge.target] = (missing[edge.target] ?? 0) + 1;
    targets[edge.source]?.push(edge.target);
  }
  const layers: number[][] = [];
  let layer = [...missing.keys()].filter((position) => missing[position] === 0);
  while (layer.length > 0) {
    layers.push(layer);
    const next: number[] = [];
    for (const target of layer.flatMap((position) => targets[position] ?? [])) {
      const left = (missing[target] ?? 0) - 1;
      missing[target] = left;
      if (left === 0) next.push(target);
    }
    layer = next;
  }
  return { layers, inCycle: [...missing.keys()].filter((position) => (missing[position] ?? 0) > 0) };
}
