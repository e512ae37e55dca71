import type { Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";

/** Workers that were silent for so long are forgotten, once nothing is theirs. */
const FORGET_WORKERS_AFTER = "7 days";

/** Chunks of a blob whose writer died before it was whole. */
const FORGET_CHUNKS_AFTER = "1 day";

/** Deletes executions with their rows, and sweeps up what dead processes left behind. */
export async function deleteEnded(
  connection: PostgresConnection,
  { endedBefore, limit }: Parameters<Storage["deleteEnded"]>[0],
): Promise<number> {
  const { schema } = connection;
  const [row] = await connection.query<{ count: string }>({
    text: `WITH gone AS (
        DELETE FROM ${schema}.executions WHERE key IN (
          SELECT key FROM ${schema}.executions WHERE ended_at < $1
          ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING key),
      commits AS (DELETE FROM ${schema}.commits c USING gone WHERE c.execution_key = gone.key),
      waits AS (DELETE FROM ${schema}.waits w USING gone WHERE w.execution_key = gone.key),
      inbox AS (DELETE FROM ${schema}.inbox i USING gone WHERE i.execution_key = gone.key)
      SELECT count(*) FROM gone`,
    values: [endedBefore, limit],
  });
  await forgetWorkers(connection);
  await forgetChunks(connection);
  return Number(row?.count);
}

async function forgetWorkers(connection: PostgresConnection): Promise<void> {
  const { schema } = connection;
  await connection.execute({
    text: `DELETE FROM ${schema}.workers w
      WHERE w.lease_ends_at < extract(epoch FROM clock_timestamp() - interval '${FORGET_WORKERS_AFTER}') * 1000
        AND NOT EXISTS (SELECT FROM ${schema}.executions e WHERE e.owner = w.id AND e.ended_at IS NULL)`,
  });
}

async function forgetChunks(connection: PostgresConnection): Promise<void> {
  const { schema } = connection;
  await connection.execute({
    text: `DELETE FROM ${schema}.blob_chunks c WHERE c.blob_id IN (
      SELECT f.blob_id FROM ${schema}.blob_chunks f
      WHERE f.number = 0 AND f.written_at < now() - interval '${FORGET_CHUNKS_AFTER}'
        AND NOT EXISTS (SELECT FROM ${schema}.blobs b WHERE b.id = f.blob_id))`,
  });
}
