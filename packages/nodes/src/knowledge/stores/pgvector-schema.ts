import { FatalNodeError } from "@automatrix/core";
import type { PoolClient } from "pg";
import { codeOf, isTransient } from "./pgvector-failure.js";

/** Any number, the same in all processes: whoever makes the tables holds this lock. */
const SETUP_LOCK = 4_815_162_342;

/** The tables, and the type and operator of the extension, which may be installed in any schema. */
export interface PgvectorNames {
  readonly schema: string;
  readonly type: string;
  readonly distance: string;
}

/** Makes what is not there yet. Processes that begin at the same time take turns. */
export async function createTables(client: PoolClient, schema: string): Promise<PgvectorNames> {
  await client.query("SELECT pg_advisory_xact_lock($1)", [SETUP_LOCK]);
  const names = { schema, ...((await findExtension(client, schema)) ?? (await createExtension(client, schema))) };
  if (await hasTables(client, schema)) return names;
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS ${schema};
    CREATE TABLE IF NOT EXISTS ${schema}.spaces (
      key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tenant text NOT NULL,
      namespace text NOT NULL,
      dimensions integer NOT NULL,
      UNIQUE (tenant, namespace)
    );
    CREATE TABLE IF NOT EXISTS ${schema}.vectors (
      space bigint NOT NULL REFERENCES ${schema}.spaces (key) ON DELETE CASCADE,
      id text NOT NULL,
      vector ${names.type} NOT NULL,
      text text,
      metadata jsonb NOT NULL,
      PRIMARY KEY (space, id)
    );
  `);
  return names;
}

/** Once the tables are there, a user without the right to make any may work with them. */
async function hasTables(client: PoolClient, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    "SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL AS found",
    [`${schema}.spaces`, `${schema}.vectors`],
  );
  return rows[0]?.found === true;
}

type Extension = Pick<PgvectorNames, "type" | "distance">;

async function findExtension(client: PoolClient, schema: string): Promise<Extension | undefined> {
  const { rows } = await client.query<{ schema: string }>(
    `SELECT quote_ident(space.nspname) AS schema
     FROM pg_type AS type JOIN pg_namespace AS space ON space.oid = type.typnamespace
     WHERE type.typname = 'vector' AND type.typtype IN ('b', 'd') AND space.nspname <> $1 LIMIT 1`,
    [schema],
  );
  const [found] = rows;
  return found && { type: `${found.schema}.vector`, distance: `OPERATOR(${found.schema}.<=>)` };
}

/** @throws FatalNodeError `not_configured` when the server lacks the extension or the user may not create it */
async function createExtension(client: PoolClient, schema: string): Promise<Extension> {
  const message =
    'Postgres has no extension "vector": install pgvector on the server, and run CREATE EXTENSION vector in this database.';
  try {
    await client.query("CREATE EXTENSION IF NOT EXISTS vector");
  } catch (error) {
    if (isTransient(error)) throw error;
    throw new FatalNodeError(message, { code: "not_configured", details: { reason: codeOf(error) } });
  }
  const found = await findExtension(client, schema);
  if (found === undefined) throw new FatalNodeError(message, { code: "not_configured" });
  return found;
}
