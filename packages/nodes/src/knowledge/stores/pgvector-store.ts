import { AutomatrixError } from "@automatrix/core";
import type { Pool, PoolClient, PoolConfig } from "pg";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import { requireDimensions } from "../check-records.js";
import type {
  MetadataFilter,
  VectorMatch,
  VectorQuery,
  VectorRecord,
  VectorSpace,
  VectorStore,
} from "../vector-store.js";
import { acceptedValues } from "./matches-filter.js";
import { toFailure } from "./pgvector-failure.js";
import { createTables, type PgvectorNames } from "./pgvector-schema.js";

const DEFAULT_SCHEMA = "automatrix_vectors";
const DEFAULT_MAX_CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

export interface PgvectorStoreOptions {
  readonly connectionString: string;
  /** Schema of the tables, made at first use. Default `automatrix_vectors`. */
  readonly schema?: string;
  /** Default 4. */
  readonly maxConnections?: number;
}

/**
 * Vectors in Postgres with the extension pgvector. Needs the package `pg`, and on the server the extension: it is created
 * at first use where the user may do that. Searches are exact.
 */
export function pgvectorStore(options: PgvectorStoreOptions): VectorStore {
  return new PgvectorStore(options);
}

class PgvectorStore implements VectorStore {
  readonly #options: PgvectorStoreOptions;
  #pool: Pool | undefined;
  #names: Promise<PgvectorNames> | undefined;

  constructor(options: PgvectorStoreOptions) {
    if (!SCHEMA_NAME.test(options.schema ?? DEFAULT_SCHEMA)) {
      throw new AutomatrixError(
        "invalid_configuration",
        "The schema of a pgvector store is a plain name in lower case.",
      );
    }
    this.#options = options;
  }

  async upsert(space: VectorSpace, records: readonly VectorRecord[]): Promise<void> {
    const unique = [...new Map(records.map((record) => [record.id, record])).values()];
    const [first] = unique;
    if (first === undefined) return;
    await this.#run(async (client, names) => {
      const { key, dimensions } = await requireSpace(client, names, { space, dimensions: first.vector.length });
      for (const { vector } of unique) requireDimensions(vector.length, { namespace: space.namespace, dimensions });
      await client.query(
        `INSERT INTO ${names.schema}.vectors (space, id, vector, text, metadata)
         SELECT $1, id, vector::${names.type}, text, metadata::jsonb
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS given (id, vector, text, metadata)
         ON CONFLICT (space, id) DO UPDATE SET vector = excluded.vector, text = excluded.text, metadata = excluded.metadata`,
        [
          key,
          unique.map(({ id }) => id),
          unique.map(({ vector }) => toVectorText(vector)),
          unique.map(({ text }) => text),
          unique.map(({ metadata }) => JSON.stringify(metadata)),
        ],
      );
    });
  }

  async search(space: VectorSpace, { vector, limit, filter, signal }: VectorQuery): Promise<readonly VectorMatch[]> {
    signal.throwIfAborted();
    return this.#run(async (client, names) => {
      const found = await findSpace(client, names, space);
      if (found === undefined) return [];
      requireDimensions(vector.length, { namespace: space.namespace, dimensions: found.dimensions });
      const { condition, values } = toCondition(filter);
      const { rows } = await client.query<VectorMatch>(
        `SELECT id, 1 - distance AS score, text, metadata
         FROM (
           SELECT id, text, metadata, vector ${names.distance} $1::${names.type} AS distance
           FROM ${names.schema}.vectors WHERE space = $2 AND ${condition}
         ) AS compared
         ORDER BY distance, id COLLATE "C" LIMIT $3`,
        [toVectorText(vector), found.key, limit, ...values],
      );
      return rows;
    });
  }

  async delete(space: VectorSpace, ids: readonly string[] | "all"): Promise<number> {
    return this.#run(async (client, names) => {
      const found = await findSpace(client, names, space);
      if (found === undefined) return 0;
      const wanted = ids === "all" ? "" : " AND id = ANY ($2::text[])";
      const { rowCount } = await client.query(
        `DELETE FROM ${names.schema}.vectors WHERE space = $1${wanted}`,
        ids === "all" ? [found.key] : [found.key, ids],
      );
      if (ids === "all") await client.query(`DELETE FROM ${names.schema}.spaces WHERE key = $1`, [found.key]);
      return rowCount ?? 0;
    });
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    this.#names = undefined;
    await pool?.end();
  }

  /** One transaction; whatever fails ends it. */
  async #run<Value>(work: (client: PoolClient, names: PgvectorNames) => Promise<Value>): Promise<Value> {
    try {
      const names = await this.#setUp();
      return await inTransaction(this.#openPool(), (client) => work(client, names));
    } catch (error) {
      throw toFailure(error);
    }
  }

  #openPool(): Pool {
    if (this.#pool !== undefined) return this.#pool;
    const pg = loadOptionalModule<{ Pool: new (config: PoolConfig) => Pool }>("pg", "The vector store on Postgres");
    this.#pool = new pg.Pool({
      connectionString: this.#options.connectionString,
      max: this.#options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      allowExitOnIdle: true,
    });
    // An idle connection that breaks is replaced at the next use.
    this.#pool.on("error", () => {});
    return this.#pool;
  }

  #setUp(): Promise<PgvectorNames> {
    if (this.#names === undefined) {
      const schema = this.#options.schema ?? DEFAULT_SCHEMA;
      this.#names = inTransaction(this.#openPool(), (client) => createTables(client, schema));
      this.#names.catch(() => {
        this.#names = undefined;
      });
    }
    return this.#names;
  }
}

async function inTransaction<Value>(pool: Pool, work: (client: PoolClient) => Promise<Value>): Promise<Value> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await client.query("BEGIN");
    const value = await work(client);
    await client.query("COMMIT");
    isBroken = false;
    return value;
  } catch (error) {
    isBroken = await client.query("ROLLBACK").then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    client.release(isBroken);
  }
}

interface Space {
  readonly key: string;
  readonly dimensions: number;
}

/** The tenant as a key: no tenant differs from every name. */
function tenantKey({ tenant }: VectorSpace): string {
  return tenant === null ? "" : `=${tenant}`;
}

async function findSpace(
  client: PoolClient,
  { schema }: PgvectorNames,
  space: VectorSpace,
): Promise<Space | undefined> {
  const { rows } = await client.query<Space>(
    `SELECT key, dimensions FROM ${schema}.spaces WHERE tenant = $1 AND namespace = $2 FOR KEY SHARE`,
    [tenantKey(space), space.namespace],
  );
  return rows[0];
}

/** The space, locked: writers of one namespace take turns, so that they cannot lock each other's records. */
async function requireSpace(
  client: PoolClient,
  { schema }: PgvectorNames,
  { space, dimensions }: { readonly space: VectorSpace; readonly dimensions: number },
): Promise<Space> {
  const { rows } = await client.query<Space>(
    `INSERT INTO ${schema}.spaces AS known (tenant, namespace, dimensions) VALUES ($1, $2, $3)
     ON CONFLICT (tenant, namespace) DO UPDATE SET dimensions = known.dimensions
     RETURNING key, dimensions`,
    [tenantKey(space), space.namespace, dimensions],
  );
  return rows[0] as Space;
}

const FIRST_FILTER_PLACE = 4;

function toCondition(filter: MetadataFilter): { readonly condition: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [];
  const conditions = Object.entries(filter).map(([name, wanted]) => {
    const place = FIRST_FILTER_PLACE + values.length;
    values.push(
      name,
      acceptedValues(wanted).map((value) => JSON.stringify(value)),
    );
    return `metadata -> $${place}::text = ANY ($${place + 1}::jsonb[])`;
  });
  return { condition: conditions.length === 0 ? "true" : conditions.join(" AND "), values };
}

function toVectorText(vector: readonly number[]): string {
  return `[${vector.map((number) => Math.fround(number)).join(",")}]`;
}
