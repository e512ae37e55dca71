import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { testNode } from "@automatrix/core/testing";
import { beforeAll, expect, it } from "vitest";
import { describePostgres } from "../databases/testing/database-servers.js";
import { createDatabaseNodes } from "./database-query.js";
import { runQuery, startQuery } from "./testing/run-query.js";

describePostgres("database_query on Postgres", (database) => {
  const open = (options = {}) => createDatabaseNodes({ connections: { db: { url: database.url, ...options } } });
  const nodes = open();

  beforeAll(async () => {
    await database.created;
    await database.query("CREATE TABLE customers (id int PRIMARY KEY, name text UNIQUE)");
    await database.query("INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bob')");
  });

  it("binds parameters and answers with rows, columns and their count", async () => {
    const { output } = await runQuery(nodes, "SELECT id, name FROM customers WHERE name = $1", ["Ada"]);
    expect(output).toEqual({ rows: [{ id: 1, name: "Ada" }], rowCount: 1, truncated: false, columns: ["id", "name"] });
  });

  it.each(["' OR '1'='1", "Ada'; DROP TABLE customers; --", "$1", "\\'; SELECT 1", "Ada\u0000"])(
    "takes %j as a value and nothing else",
    async (value) => {
      const { output, error } = await runQuery(nodes, "SELECT * FROM customers WHERE name = $1", [value]);
      if (value.includes("\u0000")) expect(error?.code).toBe("query_refused");
      else expect(output).toMatchObject({ rows: [], columns: ["id", "name"] });
      expect(await database.query("SELECT * FROM customers")).toHaveLength(2);
    },
  );

  it("takes parameters as a list only", async () => {
    const { error } = await runQuery(nodes, "SELECT $1", { 1: "secret" });
    expect(error).toMatchObject({ code: "query_refused", message: expect.stringMatching(/as a list/) });
    expect(JSON.stringify(error)).not.toContain("secret");
  });

  it("takes one statement only", async () => {
    const { error } = await runQuery(nodes, "SELECT 1; DROP TABLE customers");
    expect(error).toMatchObject({ code: "query_refused", message: expect.stringMatching(/multiple commands/) });
    expect(await database.query("SELECT * FROM customers")).toHaveLength(2);
  });

  it("yields JSON of every type, and loses neither digits nor days", async () => {
    const sql = `SELECT 9007199254740993::int8 AS big, 12::int8 AS small, 0.10::numeric AS price, 1.5::float8 AS float,
      'NaN'::float8 AS nan, DATE '2024-03-31' AS day, TIMESTAMP '2024-03-31 02:30:00.123456' AS local,
      TIMESTAMPTZ '2024-03-31 02:30:00.123456+05:30' AS instant, '\\x00ff'::bytea AS bytes, '{"a":[1]}'::jsonb AS json,
      ARRAY[1,2]::int8[] AS list, ARRAY['a,b',NULL] AS texts, ARRAY[TIMESTAMPTZ '2024-01-01 00:00:00+00'] AS instants,
      true AS yes, NULL AS nothing, 'infinity'::timestamptz AS forever, INTERVAL '1 day' AS span`;
    const { output } = await runQuery(nodes, sql);
    expect((output as { rows: unknown[] }).rows[0]).toEqual({
      big: "9007199254740993",
      small: 12,
      price: "0.10",
      float: 1.5,
      nan: "NaN",
      day: "2024-03-31",
      local: "2024-03-31T02:30:00.123456",
      instant: "2024-03-30T21:00:00.123456Z",
      bytes: "AP8=",
      json: { a: [1] },
      list: [1, 2],
      texts: ["a,b", null],
      instants: ["2024-01-01T00:00:00Z"],
      yes: true,
      nothing: null,
      forever: "infinity",
      span: "1 day",
    });
  });

  it("keeps columns of the same name, and names that are none of an object's business", async () => {
    const { output } = await runQuery(nodes, 'SELECT 1 AS a, 2 AS a, 3 AS "constructor"');
    expect(output).toMatchObject({ columns: ["a", "a_2", "constructor"], rows: [{ a: 1, a_2: 2, constructor: 3 }] });
  });

  it("reads no more rows than its limit, of a result without end", async () => {
    const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    const { output } = await runQuery(nodes, endless, [], { rowLimit: 700 });
    expect(output).toMatchObject({ rowCount: 700, truncated: true });
    const exact = await runQuery(nodes, "SELECT generate_series(1, 700)", [], { rowLimit: 700 });
    expect(exact.output).toMatchObject({ rowCount: 700, truncated: false });
  });

  it("refuses a result that is larger than allowed, and goes on with the next", async () => {
    const small = createDatabaseNodes({ connections: { db: database.url }, maxResultBytes: 100_000 });
    const { error } = await runQuery(small, "SELECT repeat('x', 50000000) AS text");
    expect(error?.code).toBe("output_too_large");
    expect((await runQuery(small, "SELECT 1 AS one")).output).toMatchObject({ rows: [{ one: 1 }] });
  });

  it("tells how many rows were written, and what they return", async () => {
    const inserted = await runQuery(nodes, "INSERT INTO customers VALUES ($1, $2), ($3, $4)", [3, "Cy", 4, "Di"]);
    expect(inserted.output).toEqual({ rows: [], rowCount: 2, truncated: false, columns: [] });
    const deleted = await runQuery(nodes, "DELETE FROM customers WHERE id > $1 RETURNING id", [2]);
    expect(deleted.output).toMatchObject({ rowCount: 2, columns: ["id"] });
  });

  it("is fatal for what no retry mends, and repeats no value", async () => {
    const missing = await runQuery(nodes, "SELECT * FROM nowhere");
    expect(missing.error).toMatchObject({ code: "query_refused", message: expect.stringContaining("nowhere") });
    const constraint = await runQuery(nodes, "INSERT INTO customers VALUES (9, $1)", ["Ada"]);
    expect(constraint.error).toMatchObject({ code: "constraint_violated" });
    expect(constraint.error?.message).toMatch(/customers_name_key/);
    const value = await runQuery(nodes, "SELECT $1::int", ["my-secret-payload"]);
    expect(value.error?.code).toBe("query_refused");
    expect(JSON.stringify([constraint.error, value.error])).not.toMatch(/Ada|my-secret-payload/);
  });

  it("reuses its connection after an error, with a session as new", async () => {
    const single = open({ maxConnections: 1 });
    const pid = async () =>
      ((await runQuery(single, "SELECT pg_backend_pid() AS pid")).output as { rows: { pid: number }[] }).rows[0]?.pid;
    const first = await pid();
    await runQuery(single, "SELECT nonsense");
    await runQuery(single, "SELECT set_config('search_path', 'pg_catalog', false), pg_advisory_lock(42)");
    expect((await runQuery(single, "SELECT current_setting('search_path') AS path")).output).toMatchObject({
      rows: [{ path: '"$user", public' }],
    });
    expect(await pid()).toBe(first);
    expect(await database.query("SELECT * FROM pg_locks WHERE locktype = 'advisory'")).toEqual([]);
  });

  it("takes no answer for that to another statement after an error at the commit, and after nothing at all", async () => {
    await database.query(
      "CREATE TABLE orders (id int, customer int REFERENCES customers DEFERRABLE INITIALLY DEFERRED)",
    );
    const single = open({ maxConnections: 1 });
    const one = async (value: number) =>
      (
        (await runQuery(single, "SELECT $1::int AS value, pg_backend_pid() AS pid", [value])).output as {
          rows: { value: number; pid: number }[];
        }
      ).rows[0];
    const first = await one(0);
    for (let value = 1; value <= 5; value++) {
      const late = await runQuery(single, "INSERT INTO orders VALUES (1, 999) RETURNING id", [], { rowLimit: value });
      expect(late.error?.code).toBe("constraint_violated");
      expect(await one(value)).toEqual({ value, pid: first?.pid });
      expect((await runQuery(single, "-- nothing")).output).toMatchObject({ rows: [], rowCount: 0 });
      expect((await runQuery(single, "SELECT 1 / $1::int", [0])).error?.code).toBe("query_refused");
      expect(await one(-value)).toEqual({ value: -value, pid: first?.pid });
    }
    expect(await database.query("SELECT * FROM orders")).toEqual([]);
  });

  it("refuses statements about sessions and transactions", async () => {
    for (const sql of ["BEGIN", "/* x */ set role postgres", "-- y\nCOPY customers TO STDOUT", "LISTEN x"]) {
      expect((await runQuery(nodes, sql)).error?.code).toBe("query_refused");
    }
  });

  it("only reads over a connection for reading", async () => {
    const reading = open({ readOnly: true });
    for (const sql of [
      "DELETE FROM customers",
      "SELECT set_config('transaction_read_only', 'off', false), pg_sleep(0)",
      "WITH gone AS (DELETE FROM customers RETURNING 1) SELECT * FROM gone",
    ]) {
      expect((await runQuery(reading, sql)).error?.code, sql).toBe("query_refused");
    }
    await runQuery(reading, "SELECT set_config('default_transaction_read_only', 'off', false)");
    expect((await runQuery(reading, "DELETE FROM customers")).error?.code).toBe("query_refused");
  });

  it("has the server stop the statement when the execution is cancelled", async () => {
    const mark = randomBytes(6).toString("hex");
    const run = await startQuery(nodes, `SELECT pg_sleep(60) /* ${mark} */`);
    const active = () =>
      database.query(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%${mark}%' AND state = 'active' AND pid <> pg_backend_pid()`,
      );
    await expect.poll(active).toHaveLength(1);
    await run.cancel();
    expect((await run.result).status).toBe("cancelled");
    await expect.poll(active).toHaveLength(0);
  });

  it("stops a statement at its time limit, and goes on", async () => {
    const hasty = open({ statementTimeoutMs: 100, maxConnections: 1 });
    expect((await runQuery(hasty, "SELECT pg_sleep(60)")).error?.code).toBe("ETIMEDOUT");
    expect((await runQuery(hasty, "SELECT 1 AS one")).output).toMatchObject({ rowCount: 1 });
  });

  it("tells of a connection that was killed in the middle as of one that may pass, and opens another", async () => {
    const mark = randomBytes(6).toString("hex");
    const run = await startQuery(nodes, `SELECT pg_sleep(60) /* ${mark} */`, { maxAttempts: 2, delaysMs: [0] });
    const kill = () =>
      database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%${mark}%' AND pid <> pg_backend_pid() AND state = 'active'`,
      );
    await expect.poll(kill).toHaveLength(1);
    await expect.poll(kill).toHaveLength(1);
    const { error } = await run.result;
    expect(error).toMatchObject({ code: "ECONNRESET", message: expect.not.stringContaining("postgres") });
    expect((await runQuery(nodes, "SELECT 1 AS one")).output).toMatchObject({ rowCount: 1 });
  });

  it("retries what the database undid for another statement", async () => {
    await database.query(
      "CREATE FUNCTION give_way() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$",
    );
    const { error, attempts } = await runQuery(nodes, "SELECT give_way()", [], {}, { maxAttempts: 2, delaysMs: [0] });
    expect(error?.code).toBe("query_conflict");
    expect(attempts).toBe(2);
  });

  it("runs many at once over few connections", async () => {
    const narrow = open({ maxConnections: 2 });
    const runs = Array.from({ length: 12 }, (_, index) =>
      runQuery(narrow, "SELECT $1::int AS n, pg_sleep(0.01)", [index]),
    );
    const outputs = (await Promise.all(runs)).map(({ output }) => (output as { rows: { n: number }[] }).rows[0]?.n);
    expect(outputs).toEqual(Array.from({ length: 12 }, (_, index) => index));
  });

  it("takes a credential in place of a configured connection", async () => {
    const url = new URL(database.url);
    const credential = {
      type: "postgres",
      host: url.hostname,
      port: Number(url.port) || 5432,
      user: url.username,
      database: url.pathname.slice(1),
    };
    const [node] = createDatabaseNodes();
    const run = testNode(node as never).credentials({ shop: credential, bare: { url: database.url } });
    for (const connection of ["shop", "bare"]) {
      const { output } = await run.parameters({ connection, sql: "SELECT 1 AS one" }).run();
      expect(output).toMatchObject({ rows: [{ one: 1 }] });
    }
  });

  it("keeps no process alive", async () => {
    const held = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const before = held();
    await runQuery(open(), "SELECT 1");
    // The connection is put back after its use.
    await expect.poll(held).toBe(before);
  });

  it("keeps the addresses of servers to itself", async () => {
    const listener = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address() as { readonly port: number };
    const broken = createDatabaseNodes({ connections: { db: `postgres://user:pa55word@127.0.0.1:${port}/name` } });
    const refused = await runQuery(broken, "SELECT 1");
    await new Promise((resolve) => listener.close(resolve));
    const unreachable = await runQuery(broken, "SELECT 1");
    for (const { error } of [refused, unreachable]) {
      expect(error?.code).toBe("service_unavailable");
      expect(JSON.stringify(error)).not.toMatch(/pa55word|127\.0\.0\.1|user/);
    }
    const url = new URL(database.url);
    url.pathname = "/no_such_database";
    const login = await runQuery(createDatabaseNodes({ connections: { db: url.href } }), "SELECT 1");
    expect(login.error?.code).toBe("credential_unusable");
  });
});
