import type { WorkflowDefinition } from "@automatrix/core";

/** A definition reduced to what a bare counter needs. */
export interface CountedGraph {
  readonly nodeCount: number;
  readonly inDegree: Int32Array;
  readonly outStart: Int32Array;
  readonly outTargets: Int32Array;
}

export function countGraph({ nodes, edges = [] }: WorkflowDefinition): CountedGraph {
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]));
  const outgoing: number[][] = nodes.map(() => []);
  const inDegree = new Int32Array(nodes.length);
  for (const { source, target } of edges) {
    const to = indexOf.get(target) as number;
    outgoing[indexOf.get(source) as number]?.push(to);
    inDegree[to] = (inDegree[to] as number) + 1;
  }
  const outStart = new Int32Array(nodes.length + 1);
  for (const [node, targets] of outgoing.entries()) outStart[node + 1] = (outStart[node] as number) + targets.length;
  return { nodeCount: nodes.length, inDegree, outStart, outTargets: Int32Array.from(outgoing.flat()) };
}

/**
 * Runs a graph with nothing but counters of unfinished parents and an array of outputs: no context, no events, no
 * record, no limits. The floor under every engine.
 * @param functions what each node does
 * @returns how many nodes ran
 */
export function runCounted(
  { nodeCount, inDegree, outStart, outTargets }: CountedGraph,
  functions: readonly (() => unknown)[],
): number {
  const waitingFor = inDegree.slice();
  const outputs: unknown[] = new Array(nodeCount).fill(null);
  const ready: number[] = [];
  for (let node = 0; node < nodeCount; node += 1) if (waitingFor[node] === 0) ready.push(node);
  let ran = 0;
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    outputs[node] = functions[node]?.();
    ran += 1;
    for (let at = outStart[node] as number; at < (outStart[node + 1] as number); at += 1) {
      const target = outTargets[at] as number;
      const left = (waitingFor[target] as number) - 1;
      waitingFor[target] = left;
      if (left === 0) ready.push(target);
    }
  }
  return outputs.length === ran ? ran : Number.NaN;
}
