import { performance } from "node:perf_hooks";
import { defineNode, validateDefinition, type WorkflowDefinition, z } from "@automatrix/core";
import { type Spread, spreadOf } from "./statistics.js";

const NODES = 10_000;
const RUNS = 7;

const step = defineNode({
  type: "step",
  parameters: z.object({ text: z.string().optional(), count: z.number().default(1) }),
  execute: () => null,
});

export interface ValidationTime {
  /** The very first validation in the process: nothing is compiled or cached yet. */
  readonly firstMs: number;
  readonly ms: Spread;
}

/** Validates a chain of 10,000 nodes, each with an expression that names its predecessor. */
export function measureValidation(): ValidationTime {
  const definition: WorkflowDefinition = {
    name: "validation",
    nodes: Array.from({ length: NODES }, (_, index) => ({
      id: `n${index}`,
      type: "step",
      position: { x: index, y: 0 },
      data: { label: `Node ${index}`, count: 3, text: index === 0 ? "first" : `Got {{ nodes.n${index - 1}.output }}` },
    })),
    edges: Array.from({ length: NODES - 1 }, (_, index) => ({ source: `n${index}`, target: `n${index + 1}` })),
  };
  const times = Array.from({ length: RUNS }, () => {
    const startedAt = performance.now();
    const issues = validateDefinition(definition, { nodes: [step] });
    if (issues.length > 0) throw new Error(`unexpected issue: ${issues[0]?.message}`);
    return performance.now() - startedAt;
  });
  return { firstMs: times[0] as number, ms: spreadOf(times.slice(1)) };
}
