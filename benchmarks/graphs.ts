import type { EdgeDefinition, NodeDefinition, WorkflowDefinition } from "@automatrix/core";

/** `length` nodes, one after the other. */
export function chain(length: number, type: string): WorkflowDefinition {
  const edges = Array.from({ length: length - 1 }, (_, index) => ({ source: `n${index}`, target: `n${index + 1}` }));
  return { name: `chain-${length}`, nodes: nodesNamed(length, type), edges };
}

/** One node, `width` nodes side by side, one node that joins them. */
export function fan(width: number, type: string): WorkflowDefinition {
  const edges = Array.from({ length: width }, (_, index) => [
    { source: "n0", target: `n${index + 1}` },
    { source: `n${index + 1}`, target: `n${width + 1}` },
  ]).flat();
  return { name: `fan-${width}`, nodes: nodesNamed(width + 2, type), edges };
}

export interface Layers {
  readonly depth: number;
  readonly width: number;
  /** Parents of each node, in the layer before. */
  readonly parents: number;
}

/** `depth` layers of `width` nodes. */
export function layers({ depth, width, parents }: Layers, type: string): WorkflowDefinition {
  const edges: EdgeDefinition[] = [];
  for (let node = width; node < depth * width; node += 1) {
    const above = (Math.floor(node / width) - 1) * width;
    for (let parent = 0; parent < parents; parent += 1) {
      edges.push({ source: `n${above + ((node + parent * 7) % width)}`, target: `n${node}` });
    }
  }
  return { name: `layers-${depth}x${width}`, nodes: nodesNamed(depth * width, type), edges };
}

function nodesNamed(count: number, type: string): readonly NodeDefinition[] {
  return Array.from({ length: count }, (_, index) => ({ id: `n${index}`, type }));
}
