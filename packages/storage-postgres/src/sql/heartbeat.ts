import type { Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toPostgresText } from "../rows/text.js";

/** Extends a worker's lease by the database's clock, unless it was declared dead. */
export async function heartbeat(
  connection: PostgresConnection,
  { workerId, leaseDurationMs }: Parameters<Storage["heartbeat"]>[0],
): Promise<boolean> {
  const written = await connection.execute({
    name: "heartbeat",
    text: `INSERT INTO ${connection.schema}.workers AS w (id, lease_ends_at)
      VALUES ($1, extract(epoch FROM clock_timestamp()) * 1000 + $2::double precision)
      ON CONFLICT (id) DO UPDATE SET lease_ends_at = excluded.lease_ends_at WHERE NOT w.is_dead`,
    values: [toPostgresText(workerId), leaseDurationMs],
  });
  return written === 1;
}
