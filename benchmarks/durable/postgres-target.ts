import { postgresStorage } from "@automatrix/storage-postgres";
import pg from "pg";
import { type DurableFloor, type DurableTarget, toFloorRow } from "./durable-target.js";

const CONNECT_TIMEOUT_MS = 2_000;

/**
 * Schemas of a running server, dropped at the end.
 * @throws when the server cannot be reached or nothing may be created there
 */
export async function openPostgresTarget(connectionString: string): Promise<DurableTarget> {
  const admin = await connect(connectionString);
  const { rows } = await admin.query({ text: "SELECT current_setting('server_version') AS version" });
  const schemas: string[] = [];
  const nextSchema = () => {
    const schema = `automatrix_bench_${process.pid}_${schemas.length + 1}`;
    schemas.push(schema);
    return schema;
  };
  return {
    name: `Postgres ${String(rows[0]?.["version"]).split(" ")[0]}`,
    createStorage: () => postgresStorage({ connectionString, schema: nextSchema() }),
    openFloor: async () => openPostgresFloor(await connect(connectionString), nextSchema()),
    async walBytes() {
      const text = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS bytes";
      return (await admin.query({ text })).rows[0]?.["bytes"] as number;
    },
    async [Symbol.asyncDispose]() {
      for (const schema of schemas) await admin.query({ text: `DROP SCHEMA IF EXISTS ${schema} CASCADE` });
      await admin.end();
    },
  };
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** One statement, so one round trip, a transaction: several rows come as arrays. */
async function openPostgresFloor(client: pg.Client, schema: string): Promise<DurableFloor> {
  await client.query({ text: `CREATE SCHEMA ${schema}` });
  await client.query({
    text: `CREATE TABLE ${schema}.steps (execution text, step int, status text, output jsonb, ended_at bigint,
      PRIMARY KEY (execution, step))`,
  });
  const text = `INSERT INTO ${schema}.steps
    SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::jsonb[], $5::bigint[])`;
  return {
    async writeStep(executions, step) {
      const rows = executions.map((execution) => toFloorRow(execution, step));
      const values = [
        executions,
        rows.map((row) => row.step),
        rows.map((row) => row.status),
        rows.map((row) => row.output),
        rows.map((row) => row.endedAt),
      ];
      await client.query({ name: "write_step", text, values });
    },
    close: () => client.end(),
  };
}
