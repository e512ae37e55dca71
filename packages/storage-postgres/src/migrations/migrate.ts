import { StorageError } from "@automatrix/core";
import { Kysely, Migrator, PostgresDialect } from "kysely";
import type pg from "pg";
import type { PostgresConnection } from "../connection/connection.js";
import { isConnectionLost, mayPass, toStorageError } from "../connection/to-storage-error.js";
import { migrations } from "./migrations.js";

/** Name of the session lock that lets one process at a time migrate; any number that nobody else takes. */
export const MIGRATION_LOCK = 6_147_201_583;

const MIGRATION_TABLE = "migrations";

/**
 * Brings the schema up to date. Processes that start at once come one after the other; those that find nothing to do
 * change nothing and need no right to.
 */
export async function migrate(connection: PostgresConnection): Promise<void> {
  if (await isUpToDate(connection)) return;
  // A migration of much data, and waiting for one, takes longer than any other statement may.
  await connection.withPatientClient(async (client) => {
    try {
      await client.query("SET statement_timeout = 0");
      await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
      await migrateLocked(client, connection.schema);
      await client.query("SELECT pg_advisory_unlock($1)", [MIGRATION_LOCK]);
    } catch (error) {
      throw toMigrationError(error);
    }
  });
}

/** The usual case, in one short query: nothing to do, nobody to wait for. */
async function isUpToDate(connection: PostgresConnection): Promise<boolean> {
  const { schema } = connection;
  const [table] = await connection.query<{ is_there: boolean }>({
    text: "SELECT to_regclass($1) IS NOT NULL AS is_there",
    values: [`${schema}.${MIGRATION_TABLE}`],
  });
  if (table?.is_there !== true) return false;
  const done = await connection.query<{ name: string }>({ text: `SELECT name FROM ${schema}.${MIGRATION_TABLE}` });
  const names = new Set(done.map(({ name }) => name));
  const wanted = Object.keys(migrations(schema));
  return names.size === wanted.length && wanted.every((name) => names.has(name));
}

async function migrateLocked(client: pg.Client, schema: string): Promise<void> {
  const schemaName = schema.slice(1, -1);
  const { rowCount } = await client.query("SELECT FROM pg_namespace WHERE nspname = $1", [schemaName]);
  if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`);
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: poolOfOne(client) }) });
  const migrator = new Migrator({
    db: kysely,
    provider: { getMigrations: async () => ({ ...migrations(schema) }) },
    migrationTableSchema: schemaName,
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: "migrations_lock",
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find(({ status }) => status === "Error")?.migrationName;
  throw failed === undefined ? error : Object.assign(error as object, { migrationName: failed });
}

/** The connection that holds the lock, as the pool that Kysely wants; with a second one a pool of one would wait for itself. */
function poolOfOne(client: pg.Client): NonNullable<ConstructorParameters<typeof PostgresDialect>[0]["pool"]> {
  const lent = { query: client.query.bind(client), release: () => {} } as unknown as pg.PoolClient;
  return { connect: async () => lent, end: async () => {} } as never;
}

function toMigrationError(error: unknown): Error {
  const known = toStorageError(error);
  if (isConnectionLost(error) || mayPass(known) || known.code === "invalid_configuration") return known;
  const { migrationName } = error as { readonly migrationName?: string };
  const place = migrationName === undefined ? "" : ` at "${migrationName}"`;
  return new StorageError(
    "migration_failed",
    `The Postgres schema could not be brought up to date${place}: ${known.message}`,
    {
      details: known.details,
    },
  );
}
