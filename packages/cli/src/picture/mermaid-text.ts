import { STATUS_SYMBOL } from "../status-symbol.js";
import type { DrawableGraph, DrawableNode } from "./drawable-graph.js";

/** Turns a label into what may stand between the quotes of a Mermaid label. */
export type LabelEncoder = (label: string) => string;

const STATUS_STYLE = {
  pending: "fill:#f4f4f5,stroke:#a1a1aa",
  running: "fill:#cffafe,stroke:#0891b2",
  waiting: "fill:#fef9c3,stroke:#ca8a04",
  completed: "fill:#dcfce7,stroke:#16a34a",
  failed: "fill:#fee2e2,stroke:#dc2626",
  skipped: "fill:#f4f4f5,stroke:#a1a1aa,stroke-dasharray:4",
  cancelled: "fill:#fae8ff,stroke:#a21caf",
} as const;

/** Letters, digits, spaces and a few signs mean nothing to Mermaid; everything else is written as an entity code. */
const HARMLESS = /[^\p{L}\p{N} .,:_+/-]/gu;

/** Mermaid's own escape: `#` code point `;`. */
const escapeMermaidLabel: LabelEncoder = (label) =>
  label.replace(HARMLESS, (character) => `#${character.codePointAt(0)};`);

/**
 * A Mermaid flowchart. Nodes are called `n0`, `n1`, … and their names are only labels: ids may be any text.
 * @param encode how labels are escaped; Mermaid's entity codes by default
 */
export function toMermaid(graph: DrawableGraph, encode: LabelEncoder = escapeMermaidLabel): string {
  const nodes = graph.nodes.map((node, index) => `  n${index}${shape(node, encode(caption(node)))}`);
  const edges = graph.edges.map(({ source, target, label }) =>
    label === "" ? `  n${source} --> n${target}` : `  n${source} -->|"${encode(label)}"| n${target}`,
  );
  return ["flowchart TD", ...nodes, ...edges, ...styles(graph.nodes)].join("\n");
}

function caption(node: DrawableNode): string {
  return node.status === undefined ? node.label : `${STATUS_SYMBOL[node.status]} ${node.label}`;
}

function shape(node: DrawableNode, label: string): string {
  return node.type === "start" || node.type === "end" ? `("${label}")` : `["${label}"]`;
}

function styles(nodes: readonly DrawableNode[]): readonly string[] {
  return Object.entries(STATUS_STYLE).flatMap(([status, style]) => {
    const names = nodes.flatMap((node, index) => (node.status === status ? [`n${index}`] : []));
    return names.length === 0 ? [] : [`  classDef ${status} ${style}`, `  class ${names.join(",")} ${status}`];
  });
}
