import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineNode } from "../definition/define-node.js";
import { validateDefinition } from "./validate-definition.js";

const step = defineNode({
  type: "step",
  parameters: z.object({ value: z.unknown().optional(), text: z.string().optional(), count: z.number().default(1) }),
  execute: () => ({}),
});
const SIZE = 10_000;
/** Far above what it takes (see the guide to performance), so that a busy machine does not fail it. */
const LIMIT_MS = 2_000;

function measure(definition: unknown): { readonly issues: number; readonly milliseconds: number } {
  const startedAt = performance.now();
  const issues = validateDefinition(definition, { nodes: [step] });
  return { issues: issues.length, milliseconds: performance.now() - startedAt };
}

function chain(reference: (index: number) => number, size = SIZE): unknown {
  return {
    name: "chain",
    nodes: Array.from({ length: size }, (_, index) => ({
      id: `n${index}`,
      type: "step",
      position: { x: index, y: 0 },
      data: {
        label: `Node ${index}`,
        text: index === 0 ? "first" : `Got {{ nodes.n${reference(index)}.output.value }}`,
        count: 3,
      },
    })),
    edges: Array.from({ length: size - 1 }, (_, index) => ({
      id: `e${index}`,
      source: `n${index}`,
      target: `n${index + 1}`,
    })),
  };
}

describe("validation of large definitions", () => {
  it.each([
    ["each naming its predecessor", chain((index) => index - 1)],
    ["each naming the node two before", chain((index) => Math.max(0, index - 2))],
    ["each naming the node in the middle of what came before", chain((index) => index >> 1)],
    ["each naming the first", chain(() => 0)],
  ])("takes a chain of 10,000 nodes, %s", (name, definition) => {
    measure(definition);
    const { issues, milliseconds } = measure(definition);
    if (process.env.SHOW_TIMES) console.log(name, milliseconds);
    expect(issues).toBe(0);
    expect(milliseconds).toBeLessThan(LIMIT_MS);
  });

  it("takes 20,000 nodes, 100,000 edges and 20,000 distant references", () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => ({
      id: `n${index}`,
      type: "step",
      data: index < 6 ? {} : { value: `{{ nodes.n${index >= 10_000 ? index - 10_000 : 0}.output }}` },
    }));
    const edges = Array.from({ length: 100_000 }, (_, index) => {
      const target = 5 + (index % 19_995);
      return {
        source: `n${target - 1 - (Math.floor(index / 19_995) % 5)}`,
        target: `n${target}`,
        targetHandle: `h${index}`,
      };
    });
    const { issues, milliseconds } = measure({ nodes, edges });
    if (process.env.SHOW_TIMES) console.log("20,000 nodes", milliseconds);
    expect(issues).toBe(0);
    expect(milliseconds).toBeLessThan(10 * LIMIT_MS);
  });
});
