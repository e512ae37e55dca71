import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { criticalPath } from "./critical-path.js";
import { findCycle, findCycles } from "./find-cycle.js";
import { compileGraph, type IndexedEdge } from "./graph.js";
import { ancestorsOf, reachableFrom } from "./reachable.js";
import { strongComponents } from "./strong-components.js";
import { topologicalOrder } from "./topological-order.js";

const MAX_NODES = 12;
const anyGraph = fc.integer({ min: 1, max: MAX_NODES }).chain((nodeCount) => {
  const node = fc.integer({ min: 0, max: nodeCount - 1 });
  return fc.array(fc.record({ source: node, target: node }), { maxLength: 30 }).map((edges) => ({ nodeCount, edges }));
});
const acyclicGraph = anyGraph.map(({ nodeCount, edges }) => ({
  nodeCount,
  edges: edges
    .filter(({ source, target }) => source !== target)
    .map(({ source, target }) => ({ source: Math.max(source, target), target: Math.min(source, target) })),
}));

/** Reachability by brute force, by one edge or more. */
function reaches(nodeCount: number, edges: readonly IndexedEdge[]): boolean[][] {
  const matrix = Array.from({ length: nodeCount }, () => new Array<boolean>(nodeCount).fill(false));
  for (const { source, target } of edges) (matrix[source] as boolean[])[target] = true;
  for (let k = 0; k < nodeCount; k += 1) {
    for (const row of matrix) {
      for (let to = 0; to < nodeCount; to += 1) row[to] ||= Boolean(row[k] && matrix[k]?.[to]);
    }
  }
  return matrix;
}

function chain(length: number): IndexedEdge[] {
  return Array.from({ length: length - 1 }, (_, index) => ({ source: index, target: index + 1 }));
}

describe("compileGraph", () => {
  it("lists the edges of a node in edge order", () => {
    const graph = compileGraph(3, [
      { source: 0, target: 2 },
      { source: 1, target: 2 },
      { source: 0, target: 1 },
      { source: 0, target: 2 },
    ]);
    expect([...graph.outStart]).toEqual([0, 3, 4, 4]);
    expect([...graph.outEdges]).toEqual([0, 2, 3, 1]);
    expect([...graph.inStart]).toEqual([0, 0, 1, 4]);
    expect([...graph.inEdges]).toEqual([2, 0, 1, 3]);
  });

  it("refuses an edge to a node outside the graph", () => {
    expect(() => compileGraph(1, [{ source: 0, target: 1 }])).toThrow(RangeError);
  });

  it("takes a graph without nodes", () => {
    const graph = compileGraph(0, []);
    expect([...(topologicalOrder(graph) as Int32Array)]).toEqual([]);
    expect(findCycles(graph)).toEqual([]);
  });
});

describe("topologicalOrder", () => {
  it("puts every source before its target", () => {
    fc.assert(
      fc.property(acyclicGraph, ({ nodeCount, edges }) => {
        const order = topologicalOrder(compileGraph(nodeCount, edges)) as Int32Array;
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: nodeCount }, (_, index) => index));
        for (const { source, target } of edges) expect(order.indexOf(source)).toBeLessThan(order.indexOf(target));
      }),
    );
  });

  it("starts with the entries in definition order", () => {
    expect([...(topologicalOrder(compileGraph(4, [{ source: 3, target: 0 }])) as Int32Array)]).toEqual([1, 2, 3, 0]);
  });

  it("is undefined exactly when there is a cycle", () => {
    fc.assert(
      fc.property(anyGraph, ({ nodeCount, edges }) => {
        const graph = compileGraph(nodeCount, edges);
        expect(topologicalOrder(graph) === undefined).toBe(findCycles(graph).length > 0);
      }),
    );
  });
});

describe("findCycles", () => {
  it("gives the nodes of a cycle in order, once for each component", () => {
    const edges = [
      { source: 1, target: 2 },
      { source: 2, target: 0 },
      { source: 0, target: 1 },
      { source: 2, target: 3 },
      { source: 3, target: 4 },
      { source: 4, target: 3 },
      { source: 5, target: 5 },
    ];
    const graph = compileGraph(6, edges);
    expect(findCycles(graph)).toEqual([[0, 1, 2], [3, 4], [5]]);
    expect(findCycle(graph)).toEqual([0, 1, 2]);
  });

  it("finds real cycles, one for each component that has any", () => {
    fc.assert(
      fc.property(anyGraph, ({ nodeCount, edges }) => {
        const cycles = findCycles(compileGraph(nodeCount, edges));
        const matrix = reaches(nodeCount, edges);
        for (const cycle of cycles) {
          expect(new Set(cycle).size).toBe(cycle.length);
          cycle.forEach((source, index) => {
            const target = cycle[(index + 1) % cycle.length];
            expect(edges.some((edge) => edge.source === source && edge.target === target)).toBe(true);
          });
        }
        const cyclic = matrix.flatMap((row, node) =>
          row[node] ? [row.findIndex((yes, to) => yes && matrix[to]?.[node])] : [],
        );
        expect(cycles.length).toBe(new Set(cyclic).size);
      }),
    );
  });
});

describe("strongComponents", () => {
  it("joins exactly the nodes that reach each other, upstream components first", () => {
    fc.assert(
      fc.property(anyGraph, ({ nodeCount, edges }) => {
        const { componentOf, order } = strongComponents(compileGraph(nodeCount, edges));
        const matrix = reaches(nodeCount, edges);
        for (let a = 0; a < nodeCount; a += 1) {
          for (let b = 0; b < nodeCount; b += 1) {
            const isTogether = a === b || Boolean(matrix[a]?.[b] && matrix[b]?.[a]);
            expect(componentOf[a] === componentOf[b]).toBe(isTogether);
            if (!isTogether && matrix[a]?.[b]) expect(order.indexOf(a)).toBeLessThan(order.indexOf(b));
          }
        }
      }),
    );
  });
});

describe("reachableFrom and ancestorsOf", () => {
  it("agree with brute force", () => {
    fc.assert(
      fc.property(anyGraph, ({ nodeCount, edges }) => {
        const graph = compileGraph(nodeCount, edges);
        const matrix = reaches(nodeCount, edges);
        const all = [...matrix.keys()];
        expect([...reachableFrom(graph, [0])]).toEqual(all.map((node) => (node === 0 || matrix[0]?.[node] ? 1 : 0)));
        expect([...ancestorsOf(graph, 0)]).toEqual(all.map((node) => (matrix[node]?.[0] ? 1 : 0)));
      }),
    );
  });
});

describe("criticalPath", () => {
  it("is the heaviest way to an end", () => {
    const graph = compileGraph(4, [...chain(3), { source: 0, target: 3 }]);
    const order = topologicalOrder(graph) as Int32Array;
    expect([...criticalPath(graph, order)]).toEqual([3, 2, 1, 1]);
    expect([...criticalPath(graph, order, (node) => (node === 3 ? 10 : 1))]).toEqual([11, 2, 1, 10]);
  });
});

describe("large graphs", () => {
  it("takes a chain of 20,000 nodes, closed or not, without recursion", () => {
    const open = compileGraph(20_000, chain(20_000));
    const order = topologicalOrder(open) as Int32Array;
    expect(order[19_999]).toBe(19_999);
    expect(criticalPath(open, order)[0]).toBe(20_000);
    expect(findCycles(open)).toEqual([]);
    const closed = compileGraph(20_000, [...chain(20_000), { source: 19_999, target: 0 }]);
    expect(findCycle(closed)).toHaveLength(20_000);
    expect(ancestorsOf(closed, 5).every((mark) => mark === 1)).toBe(true);
  });
});
