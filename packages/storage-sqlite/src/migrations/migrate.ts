import { StorageError } from "@automatrix/core";
import { Kysely, Migrator, SqliteDialect } from "kysely";
import type { Connection } from "../connection/connection.js";
import { isBusy } from "../connection/to-storage-error.js";
import { MIGRATIONS } from "./migrations.js";

const MIGRATION_TABLE = "automatrix_migrations";

/**
 * Brings the tables up to date, all or nothing. The write lock is taken before it is looked at what is missing, since
 * Kysely takes none on SQLite: of processes that open a new file at once one migrates, and the others find it done.
 * @throws StorageError `migration_failed`
 */
export async function migrate(connection: Connection, file: string): Promise<void> {
  const missing = missingMigrations(connection, file);
  if (missing.length === 0) return;
  connection.run("BEGIN IMMEDIATE");
  try {
    if (missingMigrations(connection, file).length > 0) await runMigrations(connection, file);
    connection.run("COMMIT");
  } catch (error) {
    connection.rollBack();
    throw error;
  }
}

function missingMigrations(connection: Connection, file: string): readonly string[] {
  const known = Object.keys(MIGRATIONS);
  const isNew = connection.database
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
    .get(MIGRATION_TABLE);
  if (isNew === undefined) return known;
  const done = connection.database.prepare(`SELECT name FROM ${MIGRATION_TABLE}`).pluck().all() as string[];
  const unknown = done.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new StorageError(
      "migration_failed",
      `The database "${file}" was written by a newer version (${unknown.join(", ")}); upgrade @automatrix/storage-sqlite, or restore a backup made before.`,
      { details: { unknown } },
    );
  return known.filter((name) => !done.includes(name));
}

async function runMigrations({ database }: Connection, file: string): Promise<void> {
  // Closing this Kysely would close the connection, which is not its own.
  const kysely = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) });
  const migrator = new Migrator({
    db: kysely,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: `${MIGRATION_TABLE}_lock`,
    disableTransactions: true,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const code = (error as { readonly code?: unknown }).code;
  // A lock, a full disk and the like are what they are; they say nothing about the migration.
  if (isBusy(error) || (typeof code === "string" && code !== "SQLITE_ERROR" && code.startsWith("SQLITE_"))) throw error;
  const failed = results?.find(({ status }) => status === "Error")?.migrationName ?? "the migration";
  throw new StorageError("migration_failed", `"${failed}" failed on the database "${file}"; nothing was changed.`, {
    cause: error,
    details: { migration: failed },
  });
}
