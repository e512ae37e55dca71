import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, describe, it } from "vitest";

/** Tried in this order; the first that answers is used. */
const CANDIDATES: readonly (string | undefined)[] = [
  process.env["AUTOMATRIX_TEST_POSTGRES"],
  process.env["PGHOST"] === undefined
    ? undefined
    : `postgres://${process.env["PGUSER"] ?? "postgres"}@${process.env["PGHOST"]}:${process.env["PGPORT"] ?? 5432}/postgres`,
  "postgres://postgres@127.0.0.1:5432/postgres",
];

const CONNECT_TIMEOUT_MS = 3_000;

/** A database of one test file. */
export interface TestDatabase {
  readonly name: string;
  readonly connectionString: string;
  /** Resolves when the database is there; to be awaited before its first use. */
  readonly created: Promise<unknown>;
  /** Runs SQL beside the storage, as an administrator would. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Deletes every row of a storage's schema, if it is there: much faster than migrating another one. */
  emptySchema(schema: string): Promise<void>;
}

const server = await findServer();

/**
 * `describe` for suites that need a Postgres server. Each call makes a database and drops it at the end. Without a
 * server the suite is left out and its title says so; with `CI=true` that is a failure.
 */
export function describePostgres(title: string, suite: (database: TestDatabase) => void): void {
  if (server !== undefined) {
    describe(title, () => suite(makeDatabase(server)));
    return;
  }
  const reason = "no Postgres server answers: set AUTOMATRIX_TEST_POSTGRES to one, or start one on port 5432";
  if (process.env["CI"] !== "true") {
    describe.skip(`${title} (left out: ${reason})`, () => it("needs a server", () => {}));
    return;
  }
  describe(title, () => {
    it("has a Postgres server", () => {
      throw new Error(`${reason}; with CI=true leaving the suite out is a failure`);
    });
  });
}

function makeDatabase(admin: string): TestDatabase {
  const name = `automatrix_test_${randomBytes(6).toString("hex")}`;
  const url = new URL(admin);
  url.pathname = `/${name}`;
  const created: Promise<unknown> = withClient(admin, (client) => client.query(`CREATE DATABASE ${name}`));
  // A failure is reported by the first use.
  created.catch(() => {});
  afterAll(async () => {
    await created;
    await withClient(admin, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  });
  return {
    name,
    connectionString: url.href,
    created,
    query: async (text, values = []) => {
      await created;
      return withClient(url.href, async (client) => (await client.query(text, [...values])).rows);
    },
    emptySchema: async (schema) => {
      await withClient(url.href, async (client) => {
        const { rows } = await client.query<{ tablename: string }>(
          "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename NOT LIKE 'migrations%'",
          [schema],
        );
        await client.query(rows.map(({ tablename }) => `DELETE FROM ${schema}.${tablename};`).join(" "));
      });
    },
  };
}

async function findServer(): Promise<string | undefined> {
  for (const candidate of CANDIDATES) {
    if (candidate === undefined) continue;
    const isThere = await withClient(candidate, () => Promise.resolve(true)).catch(() => false);
    if (isThere) return candidate;
  }
  return undefined;
}

async function withClient<Result>(
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
