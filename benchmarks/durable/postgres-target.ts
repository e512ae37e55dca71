import { postgresStorage } from "@automatrix/storage-postgres";
import pg from "pg";
import { type DurableFloor, type DurableTarget, toFloorRow } from "./durable-target.js";

const CONNECT_TIMEOUT_MS = 2_000;
const MICROSECONDS_PER_MILLISECOND = 1_000;

/** In this process. */
let schemasSoFar = 0;

/** As on a disk that truly writes, or that is reached through a network. */
const SLOW_COMMIT_MS = 1;

/**
 * Schemas of a running server, dropped at the end.
 * @param options `isSlow`: each commit takes the server at least {@link SLOW_COMMIT_MS} longer, which only a superuser
 * may ask for
 * @throws when the server cannot be reached or nothing may be created there
 */
export async function openPostgresTarget(
  server: string,
  { isSlow = false }: { readonly isSlow?: boolean } = {},
): Promise<DurableTarget> {
  const connectionString = isSlow ? withSlowCommits(server) : server;
  const admin = await connect(connectionString);
  const { rows } = await admin.query({ text: "SELECT current_setting('server_version') AS version" });
  const schemas: string[] = [];
  const nextSchema = () => {
    schemasSoFar += 1;
    const schema = `automatrix_bench_${process.pid}_${schemasSoFar}`;
    schemas.push(schema);
    return schema;
  };
  return {
    name: `Postgres ${String(rows[0]?.["version"]).split(" ")[0]}${isSlow ? `, each commit ${SLOW_COMMIT_MS} ms longer` : ""}`,
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

function withSlowCommits(server: string): string {
  const url = new URL(server);
  const settings = [`commit_delay=${SLOW_COMMIT_MS * MICROSECONDS_PER_MILLISECOND}`, "commit_siblings=0"];
  const given = url.searchParams.get("options") ?? "";
  url.searchParams.set("options", [given, ...settings.map((setting) => `-c ${setting}`)].join(" ").trim());
  return url.href.replaceAll("+", "%20");
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
