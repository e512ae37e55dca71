import { afterAll, describe, it } from "vitest";
import { addDatabase, findPostgres, withClient } from "./postgres-server.js";

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

const server = await findPostgres();

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
  const { name, connectionString, created, drop } = addDatabase(admin, "automatrix_test");
  afterAll(drop);
  return {
    name,
    connectionString,
    created,
    query: async (text, values = []) => {
      await created;
      return withClient(connectionString, async (client) => (await client.query(text, [...values])).rows);
    },
    emptySchema: async (schema) => {
      await withClient(connectionString, async (client) => {
        const { rows } = await client.query<{ tablename: string }>(
          "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename NOT LIKE 'migrations%'",
          [schema],
        );
        await client.query(rows.map(({ tablename }) => `DELETE FROM ${schema}.${tablename};`).join(" "));
      });
    },
  };
}
