import { randomBytes } from "node:crypto";
import pg from "pg";

/** Tried in this order; the first that answers is used. */
const CANDIDATES: readonly (string | undefined)[] = [
  process.env["AUTOMATRIX_TEST_POSTGRES"],
  process.env["PGHOST"] === undefined
    ? undefined
    : `postgres://${process.env["PGUSER"] ?? "postgres"}@${process.env["PGHOST"]}:${process.env["PGPORT"] ?? 5432}/postgres`,
  "postgres://postgres@127.0.0.1:5432/postgres",
];

const CONNECT_TIMEOUT_MS = 3_000;

/** A database that is added to a server. */
export interface AddedDatabase {
  readonly name: string;
  readonly connectionString: string;
  /** Resolves when the database is there; to be awaited before its first use. */
  readonly created: Promise<unknown>;
  drop(): Promise<void>;
}

/** A server to which databases can be added; undefined when none answers. */
export async function findPostgres(): Promise<string | undefined> {
  for (const candidate of CANDIDATES) {
    if (candidate === undefined) continue;
    if (await withClient(candidate, async () => true).catch(() => false)) return candidate;
  }
  return undefined;
}

/** Adds a database with a name of its own that starts so. */
export function addDatabase(server: string, prefix: string): AddedDatabase {
  const name = `${prefix}_${randomBytes(6).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  const created = withClient(server, (client) => client.query(`CREATE DATABASE ${name}`));
  // A failure is reported by the first use.
  created.catch(() => {});
  return {
    name,
    connectionString: url.href,
    created,
    async drop() {
      await created;
      await withClient(server, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** Lends a connection of its own. */
export async function withClient<Result>(
  connectionString: string,
  run: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => {});
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
