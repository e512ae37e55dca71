import type { EdgeDefinition, NodeDefinition, WorkflowDefinition } from "@automatrix/core";

const NO_OPERATION = "no_operation";

/** `length` nodes of this type, one after the other. */
export function chain(length: number, type = NO_OPERATION): WorkflowDefinition {
  const nodes = nodesNamed(length, type);
  const edges = nodes.slice(1).map((node, index) => ({ source: `n${index}`, target: node.id }));
  return { name: `chain-${length}`, nodes, edges };
}

/** One node, `width` nodes that run side by side, one node that joins them. */
export function fan(width: number, type = NO_OPERATION): WorkflowDefinition {
  const nodes = nodesNamed(width + 2, type);
  const first = "n0";
  const last = `n${width + 1}`;
  const edges = nodes.slice(1, -1).flatMap(({ id }) => [
    { source: first, target: id },
    { source: id, target: last },
  ]);
  return { name: `fan-${width}`, nodes, edges };
}

interface Layers {
  readonly depth: number;
  readonly width: number;
  /** Parents of each node, in the layer before. */
  readonly parents: number;
}

/** `depth` layers of `width` nodes. */
export function layers({ depth, width, parents }: Layers, type = NO_OPERATION): WorkflowDefinition {
  const edges: EdgeDefinition[] = [];
  for (let layer = 1; layer < depth; layer += 1) {
    for (let column = 0; column < width; column += 1) {
      for (let parent = 0; parent < parents; parent += 1) {
        const source = (layer - 1) * width + ((column + parent) % width);
        edges.push({ source: `n${source}`, target: `n${layer * width + column}` });
      }
    }
  }
  return { name: `layers-${depth}x${width}`, nodes: nodesNamed(depth * width, type), edges };
}

function nodesNamed(count: number, type: string): readonly NodeDefinition[] {
  return Array.from({ length: count }, (_, index) => ({ id: `n${index}`, type }));
}
