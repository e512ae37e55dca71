import type { PostgresConnection } from "../connection/connection.js";

/** The database's clock, in milliseconds. */
export async function now(connection: PostgresConnection): Promise<number> {
  const [row] = await connection.query<{ now: number }>({
    text: "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::double precision AS now",
  });
  return row?.now as number;
}
