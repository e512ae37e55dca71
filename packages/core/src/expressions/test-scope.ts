import type { ExpressionScope } from "./expression-scope.js";

/** A scope for the tests of this folder: empty, with a clock that stands still, unless told otherwise. */
export function testScope(given: Partial<ExpressionScope> & { readonly nodesById?: object } = {}): ExpressionScope {
  const nodes = given.nodesById ?? {};
  return {
    input: {},
    inputs: {},
    vars: {},
    trigger: {},
    execution: {},
    item: null,
    index: null,
    parameters: {},
    nodes,
    node: (id) => (Object.hasOwn(nodes, id) ? (nodes as Record<string, unknown>)[id] : undefined),
    now: () => Date.UTC(2026, 0, 31, 9, 30),
    random: () => 0.5,
    uuid: () => "00000000-0000-4000-8000-000000000000",
    ...given,
  };
}
