import type { Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toPostgresText } from "../rows/text.js";

export async function release(
  connection: PostgresConnection,
  { executionId, epoch }: Parameters<Storage["release"]>[0],
): Promise<void> {
  await connection.execute({
    name: "release",
    text: `UPDATE ${connection.schema}.executions SET owner = NULL WHERE id = $1 AND epoch = $2::bigint AND owner IS NOT NULL`,
    values: [toPostgresText(executionId), epoch],
  });
}
