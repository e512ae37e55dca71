import fc from "fast-check";
import { expect, it } from "vitest";
import { compileGraph } from "../graph/graph.js";
import { ancestorsOf } from "../graph/reachable.js";
import { strongComponents } from "../graph/strong-components.js";
import { findNotUpstream } from "./upstream.js";

const anyCase = fc.integer({ min: 2, max: 80 }).chain((nodeCount) => {
  const node = fc.integer({ min: 0, max: nodeCount - 1 });
  return fc.record({
    nodeCount: fc.constant(nodeCount),
    isAcyclic: fc.boolean(),
    edges: fc.array(fc.record({ source: node, target: node }), { maxLength: 200, size: "max" }),
    queries: fc.array(fc.record({ from: node, to: node }), { maxLength: 300, size: "max" }),
  });
});

it("answers as a search from each node would, cycles included", () => {
  fc.assert(
    fc.property(anyCase, ({ nodeCount, isAcyclic, edges, queries }) => {
      const graph = compileGraph(
        nodeCount,
        edges.filter(({ source, target }) => (isAcyclic ? source < target : source !== target)),
      );
      const expected = queries.filter(({ from, to }) => from === to || ancestorsOf(graph, from)[to] !== 1);
      const found = findNotUpstream(queries, { graph, components: strongComponents(graph) });
      expect(new Set(found)).toEqual(new Set(expected));
      expect(found).toHaveLength(expected.length);
    }),
    { numRuns: 300 },
  );
});
