import { createEngine, defineNode } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { standardNodes } from "@automatrix/nodes";
import { chain } from "../../packages/cli/src/bench-graphs.js";
import { medianRunMicroseconds } from "../step-rate.js";

const LENGTH = 100;
const MEASURE_MS = 600;
const KEPT_EXECUTIONS = 5;
const NO_OPERATION = "no_operation";

/** Pure standard nodes with parameters that cost next to nothing themselves. */
const CASES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  set_variables: { variables: { seen: true } },
  data_transform: { set: { total: "{{ trigger }}" } },
  condition: { condition: "1 > 2" },
  limit: { items: [1, 2, 3], count: 2 },
  filter: { items: [1, 2, 3], condition: "item > 1" },
  json_schema_validate: { schema: { type: "object" }, data: "{{ trigger }}" },
};

/** Microseconds that a node takes beyond one that does nothing, in a chain of 100. */
export async function measureNodeOverhead(): Promise<Readonly<Record<string, number>>> {
  const noOperation = defineNode({ type: NO_OPERATION, effects: "pure", execute: ({ input }) => input });
  await using engine = createEngine({
    storage: memoryStorage({ maxEndedExecutions: KEPT_EXECUTIONS }),
    nodes: [...standardNodes(), noOperation],
  });
  await engine.start();
  const nothing = await medianRunMicroseconds(engine, chain(LENGTH, NO_OPERATION), MEASURE_MS);
  const overhead: Record<string, number> = {};
  for (const [type, data] of Object.entries(CASES)) {
    const { nodes, edges = [], ...rest } = chain(LENGTH, type);
    const definition = {
      ...rest,
      nodes: nodes.map((node) => ({ ...node, data })),
      edges: edges.map((edge) => (type === "condition" ? { ...edge, sourceHandle: "false" } : edge)),
    };
    overhead[type] = ((await medianRunMicroseconds(engine, definition, MEASURE_MS)) - nothing) / LENGTH;
  }
  return overhead;
}
