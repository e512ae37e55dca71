import type { NodeType, RetryDefinition } from "@automatrix/core";
import { type TestNodeResult, testEngine, testNode } from "@automatrix/core/testing";

const ONCE: RetryDefinition = { maxAttempts: 1 };

/** Runs one statement over the connection `db` in an engine of its own. */
export function runQuery(
  [node]: readonly NodeType[],
  sql: string,
  parameters: readonly unknown[] | Readonly<Record<string, unknown>> = [],
  more: Readonly<Record<string, unknown>> = {},
  retry: RetryDefinition = ONCE,
): Promise<TestNodeResult> {
  return testNode(node as NodeType)
    .parameters({ connection: "db", sql, parameters, ...more })
    .settings({ retry })
    .run();
}

/** Begins a statement that takes long. */
export async function startQuery(nodes: readonly NodeType[], sql: string, retry: RetryDefinition = ONCE) {
  const engine = await testEngine({ nodes });
  const handle = await engine.execute({
    nodes: [{ id: "node", type: "database_query", data: { connection: "db", sql }, retry }],
  });
  return {
    cancel: () => handle.cancel("enough"),
    result: handle.result().finally(() => engine.close()),
  };
}
