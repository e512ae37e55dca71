import type { StepRecord } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toSteps } from "../rows/commit-row.js";
import { toPostgresText } from "../rows/text.js";

/** A step is written once: of two with the same key the first counts. */
export async function listSteps(connection: PostgresConnection, executionId: string): Promise<readonly StepRecord[]> {
  const { schema } = connection;
  const rows = await connection.query<{ steps: string }>({
    name: "list_steps",
    text: `SELECT c.steps FROM ${schema}.commits c
      WHERE c.execution_key = (SELECT key FROM ${schema}.executions WHERE id = $1) AND c.steps IS NOT NULL
      ORDER BY c.last_seq, c.number`,
    values: [toPostgresText(executionId)],
  });
  const first = new Map<string, StepRecord>();
  for (const { steps } of rows)
    for (const step of toSteps(steps)) {
      const id = JSON.stringify([step.nodePath, step.key]);
      if (!first.has(id)) first.set(id, step);
    }
  return [...first.values()];
}
