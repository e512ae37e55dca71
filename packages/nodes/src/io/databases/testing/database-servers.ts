import { randomBytes } from "node:crypto";
import mysql from "mysql2/promise";
import pg from "pg";
import { afterAll, describe, it } from "vitest";

const CONNECT_TIMEOUT_MS = 3_000;

/** A database of one test file, and how to look at it as its administrator would. */
export interface TestDatabase {
  readonly url: string;
  /** Resolves when the database is there. */
  readonly created: Promise<unknown>;
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

interface Server {
  readonly url: string;
  readonly query: (url: string, sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly drop: (name: string) => string;
}

const postgresServer = await findServer(
  [
    process.env["AUTOMATRIX_TEST_POSTGRES"],
    process.env["PGHOST"] === undefined
      ? undefined
      : `postgres://${process.env["PGUSER"] ?? "postgres"}@${process.env["PGHOST"]}:${process.env["PGPORT"] ?? 5432}/postgres`,
    "postgres://postgres@127.0.0.1:5432/postgres",
  ],
  { query: queryPostgres, drop: (name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)` },
);
const mysqlServer = await findServer([process.env["AUTOMATRIX_TEST_MYSQL"], "mysql://root@127.0.0.1:3306/mysql"], {
  query: queryMysql,
  drop: (name) => `DROP DATABASE IF EXISTS ${name}`,
});

/** `describe` for suites that need Postgres: left out with a reason where there is none, a failure with `CI=true`. */
export function describePostgres(title: string, suite: (database: TestDatabase) => void): void {
  describeServer(title, { server: postgresServer, kind: "Postgres", variable: "AUTOMATRIX_TEST_POSTGRES", suite });
}

/** As {@link describePostgres}, for MySQL or MariaDB. */
export function describeMysql(title: string, suite: (database: TestDatabase) => void): void {
  describeServer(title, { server: mysqlServer, kind: "MySQL or MariaDB", variable: "AUTOMATRIX_TEST_MYSQL", suite });
}

interface ServerSuite {
  readonly server: Server | undefined;
  readonly kind: string;
  readonly variable: string;
  readonly suite: (database: TestDatabase) => void;
}

function describeServer(title: string, { server, kind, variable, suite }: ServerSuite): void {
  if (server !== undefined) {
    describe(title, () => suite(makeDatabase(server)));
    return;
  }
  const reason = `no ${kind} server answers: set ${variable} to one, or start one on its usual port`;
  if (process.env["CI"] !== "true") {
    describe.skip(`${title} (left out: ${reason})`, () => it("needs a server", () => {}));
    return;
  }
  describe(title, () => {
    it(`has a ${kind} server`, () => {
      throw new Error(`${reason}; with CI=true leaving the suite out is a failure`);
    });
  });
}

function makeDatabase({ url: admin, query, drop }: Server): TestDatabase {
  const name = `automatrix_nodes_${randomBytes(6).toString("hex")}`;
  const url = new URL(admin);
  url.pathname = `/${name}`;
  const created = query(admin, `CREATE DATABASE ${name}`);
  // A failure is reported by the first use.
  created.catch(() => {});
  afterAll(async () => {
    await created;
    await query(admin, drop(name));
  });
  return {
    url: url.href,
    created,
    query: async (sql) => {
      await created;
      return query(url.href, sql);
    },
  };
}

async function findServer(
  urls: readonly (string | undefined)[],
  rest: Omit<Server, "url">,
): Promise<Server | undefined> {
  for (const url of urls) {
    if (url === undefined) continue;
    const isThere = await rest.query(url, "SELECT 1").then(
      () => true,
      () => false,
    );
    if (isThere) return { url, ...rest };
  }
  return undefined;
}

async function queryPostgres(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function queryMysql(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: CONNECT_TIMEOUT_MS });
  try {
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  } finally {
    connection.destroy();
  }
}
