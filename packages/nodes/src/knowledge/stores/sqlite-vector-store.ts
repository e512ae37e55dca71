import { FatalNodeError, RetryableNodeError } from "@automatrix/core";
import type { Database, Options } from "better-sqlite3";
import { nextTurn } from "../../data/content/next-turn.js";
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
import { bestOf, type Scored } from "./best-matches.js";
import { acceptedValues } from "./matches-filter.js";
import { namespaceFull } from "./memory-vector-store.js";

const DEFAULT_MAX_RECORDS = 100_000;
const DEFAULT_BUSY_TIMEOUT_MS = 2_000;
/** Vectors compared at once; in between, other work of this thread gets its turn. */
const CHUNK_RECORDS = 500;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS vector_spaces (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    UNIQUE (tenant, namespace)
  );
  CREATE TABLE IF NOT EXISTS vectors (
    key INTEGER PRIMARY KEY,
    space INTEGER NOT NULL REFERENCES vector_spaces (key) ON DELETE CASCADE,
    id TEXT NOT NULL,
    vector BLOB NOT NULL,
    text TEXT,
    metadata TEXT NOT NULL,
    UNIQUE (space, id)
  );
  CREATE INDEX IF NOT EXISTS vectors_by_space ON vectors (space);
`;

export interface SqliteVectorStoreOptions {
  /** The database file, made at first use; `:memory:` for tests. */
  readonly file: string;
  /** Records of one namespace. Default 100,000: a search compares them all. */
  readonly maxRecords?: number;
  /** How long a write of another process is waited for, the whole thread with it. Default 2,000. */
  readonly busyTimeoutMs?: number;
}

interface Space {
  readonly key: number;
  readonly dimensions: number;
}

/**
 * Vectors in an SQLite file of their own, compared by sqlite-vec. Needs the packages `better-sqlite3` and `sqlite-vec`.
 * Several processes may use one file.
 */
export function sqliteVectorStore(options: SqliteVectorStoreOptions): VectorStore {
  return new SqliteVectorStore(options);
}

class SqliteVectorStore implements VectorStore {
  readonly #options: SqliteVectorStoreOptions;
  readonly #maxRecords: number;
  #database: Database | undefined;

  constructor(options: SqliteVectorStoreOptions) {
    this.#options = options;
    this.#maxRecords = options.maxRecords ?? DEFAULT_MAX_RECORDS;
  }

  async upsert(space: VectorSpace, records: readonly VectorRecord[]): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    this.#write((database) => {
      const { key, dimensions } = requireSpace(database, space, first.vector.length);
      for (const { vector } of records) requireDimensions(vector.length, { namespace: space.namespace, dimensions });
      const insert = database.prepare(
        `INSERT INTO vectors (space, id, vector, text, metadata) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (space, id) DO UPDATE SET vector = excluded.vector, text = excluded.text, metadata = excluded.metadata`,
      );
      for (const { id, vector, text, metadata } of records) {
        insert.run(key, id, toBytes(vector), text, JSON.stringify(metadata));
      }
      const count = database.prepare("SELECT count(*) FROM vectors WHERE space = ?").pluck().get(key) as number;
      if (count > this.#maxRecords) throw namespaceFull(space.namespace, this.#maxRecords);
    });
  }

  async search(space: VectorSpace, query: VectorQuery): Promise<readonly VectorMatch[]> {
    query.signal.throwIfAborted();
    const found = this.#read((database) => findSpace(database, space));
    if (found === undefined) return [];
    requireDimensions(query.vector.length, { namespace: space.namespace, dimensions: found.dimensions });
    const best = await this.#scan(found.key, query);
    return this.#read((database) => readMatches(database, best));
  }

  /** Compares chunk by chunk in the order of keys; what is written meanwhile may or may not be seen. */
  async #scan(space: number, { vector, limit, filter, signal }: VectorQuery): Promise<readonly ScoredKey[]> {
    const { condition, values } = toCondition(filter);
    const sql = `
      SELECT key, id, CASE WHEN ${condition} THEN 1 - vec_distance_cosine(vector, ?) END AS score
      FROM (SELECT key, id, vector, metadata FROM vectors WHERE space = ? AND key > ? ORDER BY key LIMIT ${CHUNK_RECORDS})
      ORDER BY key`;
    const bytes = toBytes(vector);
    let best: readonly ScoredKey[] = [];
    let last = 0;
    for (;;) {
      signal.throwIfAborted();
      const after = last;
      const rows = this.#read((database) =>
        database.prepare(sql).all(...values, bytes, space, after),
      ) as readonly ChunkRow[];
      const scored = rows.flatMap(({ key, id, score }) => (score === null ? [] : [{ key, id, score }]));
      best = bestOf([...best, ...scored], limit);
      last = rows.at(-1)?.key ?? last;
      if (rows.length < CHUNK_RECORDS) return best;
      await nextTurn();
    }
  }

  async delete(space: VectorSpace, ids: readonly string[] | "all"): Promise<number> {
    return this.#write((database) => {
      const found = findSpace(database, space);
      if (found === undefined) return 0;
      if (ids === "all") {
        const { changes } = database.prepare("DELETE FROM vectors WHERE space = ?").run(found.key);
        database.prepare("DELETE FROM vector_spaces WHERE key = ?").run(found.key);
        return changes;
      }
      const remove = database.prepare("DELETE FROM vectors WHERE space = ? AND id = ?");
      return ids.reduce((count, id) => count + remove.run(found.key, id).changes, 0);
    });
  }

  async close(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
  }

  /** Reads in one transaction, which no writer holds up. */
  #read<Value>(work: (database: Database) => Value): Value {
    return this.#run((database) => database.transaction(() => work(database)).deferred());
  }

  /** Writes in one transaction. Another process that writes is waited for, for a while. */
  #write<Value>(work: (database: Database) => Value): Value {
    return this.#run((database) => database.transaction(() => work(database)).immediate());
  }

  #run<Value>(work: (database: Database) => Value): Value {
    try {
      this.#database ??= openDatabase(this.#options);
      return work(this.#database);
    } catch (error) {
      throw toFailure(error);
    }
  }
}

/** What may pass: locks of other processes, and disks that stumble. */
const TRANSIENT = /^SQLITE_(?:BUSY|LOCKED|IOERR)/;

function toFailure(error: unknown): unknown {
  const { name, code = "unknown" } = error as { readonly name?: unknown; readonly code?: unknown };
  if (name !== "SqliteError" || typeof code !== "string") return error;
  const details = { reason: code };
  if (TRANSIENT.test(code)) {
    const message = "The vector store is busy or cannot be read at the moment.";
    return new RetryableNodeError(message, { code: "vector_store_unavailable", details });
  }
  return new FatalNodeError(`The vector store on SQLite failed (${code}); check its file.`, {
    code: "vector_store_failed",
    details,
  });
}

interface ScoredKey extends Scored {
  readonly key: number;
}

interface ChunkRow {
  readonly key: number;
  readonly id: string;
  readonly score: number | null;
}

function openDatabase({ file, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS }: SqliteVectorStoreOptions): Database {
  const neededFor = "The vector store on SQLite";
  const open = loadOptionalModule<new (file: string, options: Options) => Database>("better-sqlite3", neededFor);
  const vectors = loadOptionalModule<{ load(database: Database): void }>("sqlite-vec", neededFor);
  const database = openFile(() => new open(file, { timeout: busyTimeoutMs }));
  try {
    vectors.load(database);
    database.pragma("journal_mode = WAL");
    database.pragma("foreign_keys = ON");
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A folder that is missing is reported before SQLite is asked. */
function openFile(open: () => Database): Database {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new FatalNodeError("The file of the vector store cannot be opened; check that its folder exists.", {
      code: "vector_store_failed",
    });
  }
}

/** The tenant as a key: no tenant differs from every name. */
function tenantKey({ tenant }: VectorSpace): string {
  return tenant === null ? "" : `=${tenant}`;
}

function findSpace(database: Database, space: VectorSpace): Space | undefined {
  return database
    .prepare("SELECT key, dimensions FROM vector_spaces WHERE tenant = ? AND namespace = ?")
    .get(tenantKey(space), space.namespace) as Space | undefined;
}

function requireSpace(database: Database, space: VectorSpace, dimensions: number): Space {
  database
    .prepare("INSERT INTO vector_spaces (tenant, namespace, dimensions) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
    .run(tenantKey(space), space.namespace, dimensions);
  return findSpace(database, space) as Space;
}

/** Members of JSON compared as JSON texts, which tells 1, "1" and true apart. */
function toCondition(filter: MetadataFilter): { readonly condition: string; readonly values: readonly string[] } {
  const values: string[] = [];
  const conditions = Object.entries(filter).map(([name, wanted]) => {
    const accepted = acceptedValues(wanted).map((value) => JSON.stringify(value));
    values.push(`$."${name}"`, ...accepted);
    return `metadata -> ? IN (${accepted.map(() => "?").join(", ")})`;
  });
  return { condition: conditions.length === 0 ? "1" : conditions.join(" AND "), values };
}

function readMatches(database: Database, best: readonly ScoredKey[]): readonly VectorMatch[] {
  const read = database.prepare("SELECT text, metadata FROM vectors WHERE key = ?");
  return best.flatMap(({ key, id, score }) => {
    const row = read.get(key) as { text: string | null; metadata: string } | undefined;
    return row === undefined ? [] : [{ id, score, text: row.text, metadata: JSON.parse(row.metadata) }];
  });
}

function toBytes(vector: readonly number[]): Buffer {
  return Buffer.from(new Float32Array(vector).buffer);
}
