import { randomBytes } from "node:crypto";
import { beforeAll, expect, it } from "vitest";
import { describeMysql } from "../databases/testing/database-servers.js";
import { createDatabaseNodes } from "./database-query.js";
import { runQuery, startQuery } from "./testing/run-query.js";

describeMysql("database_query on MySQL and MariaDB", (database) => {
  const open = (options = {}) => createDatabaseNodes({ connections: { db: { url: database.url, ...options } } });
  const nodes = open();

  beforeAll(async () => {
    await database.created;
    await database.query(
      "CREATE TABLE customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(100) UNIQUE) ENGINE=InnoDB",
    );
    await database.query("INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bob')");
  });

  it.each(["Ada", "' OR '1'='1", "Ada'; DROP TABLE customers; -- ", "\\' OR 1=1 #", "Ada\u0000", '" OR "" = "'])(
    "takes %j as a value and nothing else",
    async (value) => {
      const { output } = await runQuery(nodes, "SELECT id FROM customers WHERE name = ?", [value]);
      expect(output).toMatchObject({ rowCount: value === "Ada" ? 1 : 0, columns: ["id"] });
      expect(await database.query("SELECT * FROM customers")).toHaveLength(2);
    },
  );

  it("takes one statement only", async () => {
    const { error } = await runQuery(nodes, "SELECT 1; DROP TABLE customers");
    expect(error?.code).toBe("query_refused");
    expect(await database.query("SELECT * FROM customers")).toHaveLength(2);
  });

  it("yields JSON of every type, and loses neither digits nor days", async () => {
    await database.query("CREATE TABLE kinds (t TIMESTAMP(6) NULL, d DATE, dt DATETIME(3), b BLOB, j JSON)");
    await database.query(
      "SET STATEMENT time_zone = '+05:30' FOR INSERT INTO kinds VALUES ('2024-03-31 02:30:00.123456', '2024-03-31', '2024-03-31 02:30:00.5', x'00ff', '[1]')",
    );
    const sql = `SELECT CAST(9007199254740993 AS SIGNED) AS big, CAST(12 AS SIGNED) AS small, CAST(0.10 AS DECIMAL(5,2)) AS price,
      1.5e0 AS flt, t, d, dt, b, j, NULL AS nil, 1 AS a, 2 AS a, 'ünï😀' AS text FROM kinds`;
    const { output, error } = await runQuery(nodes, sql);
    expect(error).toBeUndefined();
    expect((output as { rows: unknown[] }).rows[0]).toEqual({
      big: "9007199254740993",
      small: 12,
      price: "0.10",
      flt: 1.5,
      t: "2024-03-30T21:00:00.123456Z",
      d: "2024-03-31",
      dt: "2024-03-31T02:30:00.500",
      b: "AP8=",
      j: [1],
      nil: null,
      a: 1,
      a_2: 2,
      text: "ünï😀",
    });
  });

  it("reads no more rows than its limit", async () => {
    const endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT a.i FROM n a, n b, n c";
    const { output } = await runQuery(nodes, endless, [], { rowLimit: 700 });
    expect(output).toMatchObject({ rowCount: 700, truncated: true });
    expect((await runQuery(nodes, "SELECT id FROM customers", [], { rowLimit: 2 })).output).toMatchObject({
      rowCount: 2,
      truncated: false,
    });
  });

  it("refuses a result that is larger than allowed, and goes on with the next", async () => {
    const small = createDatabaseNodes({ connections: { db: database.url }, maxResultBytes: 100_000 });
    expect((await runQuery(small, "SELECT REPEAT('x', 8000000) AS text")).error?.code).toBe("output_too_large");
    expect((await runQuery(small, "SELECT 1 AS one")).output).toMatchObject({ rows: [{ one: 1 }] });
  });

  it("tells how many rows were written, and the key given", async () => {
    const inserted = await runQuery(nodes, "INSERT INTO customers (name) VALUES (?), (?)", ["Cy", "Di"]);
    expect(inserted.output).toMatchObject({ rows: [], rowCount: 2, columns: [], insertId: expect.any(Number) });
    expect((await runQuery(nodes, "DELETE FROM customers WHERE id > ?", [2])).output).toMatchObject({ rowCount: 2 });
  });

  it("is fatal for what no retry mends, and repeats no value", async () => {
    const missing = await runQuery(nodes, "SELECT * FROM nowhere");
    expect(missing.error).toMatchObject({ code: "query_refused", message: expect.stringContaining("nowhere") });
    const constraint = await runQuery(nodes, "INSERT INTO customers (name) VALUES (?)", ["Ada"]);
    expect(constraint.error).toMatchObject({ code: "constraint_violated", message: expect.stringContaining('"name"') });
    expect(JSON.stringify(constraint.error)).not.toContain("Ada");
  });

  it("reuses its connection after an error, with a session as new", async () => {
    const single = open({ maxConnections: 1 });
    const row = async (sql: string) => ((await runQuery(single, sql)).output as { rows: unknown[] }).rows[0];
    const first = await row("SELECT CONNECTION_ID() AS id");
    await runQuery(single, "SELECT nonsense");
    expect(await row("SELECT GET_LOCK('nodes-test', 0) AS held, @x := 5 AS x")).toMatchObject({ held: 1 });
    expect(await row("SELECT @x AS x, @@time_zone AS zone, IS_FREE_LOCK('nodes-test') AS free")).toEqual({
      x: null,
      zone: "+00:00",
      free: 1,
    });
    expect(await row("SELECT CONNECTION_ID() AS id")).toEqual(first);
  });

  it("refuses statements about sessions and files", async () => {
    for (const sql of [
      "BEGIN",
      "SET @x = 1",
      "USE mysql",
      "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE customers",
    ]) {
      expect((await runQuery(nodes, sql)).error?.code).toBe("query_refused");
    }
    const hidden = await runQuery(nodes, "/*! LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE customers (name) */");
    expect(hidden.status).toBe("failed");
  });

  it("only reads over a connection for reading", async () => {
    const reading = open({ readOnly: true });
    expect((await runQuery(reading, "DELETE FROM customers")).error?.code).toBe("query_refused");
    expect((await runQuery(reading, "SELECT id FROM customers")).output).toMatchObject({ rowCount: 2 });
  });

  it("has the server stop the statement when the execution is cancelled", async () => {
    const mark = randomBytes(6).toString("hex");
    const run = await startQuery(nodes, `SELECT SLEEP(60) /* ${mark} */`);
    const active = () =>
      database.query(
        `SELECT 1 FROM information_schema.processlist WHERE info LIKE '%${mark}%' AND id <> CONNECTION_ID()`,
      );
    await expect.poll(active).toHaveLength(1);
    await run.cancel();
    expect((await run.result).status).toBe("cancelled");
    await expect.poll(active).toHaveLength(0);
  });

  it("stops a statement at its time limit, and goes on", async () => {
    const hasty = open({ statementTimeoutMs: 200, maxConnections: 1 });
    const endless = "SELECT BENCHMARK(1000000000000, MD5('x')), SLEEP(60)";
    expect((await runQuery(hasty, endless)).error?.code).toBe("ETIMEDOUT");
    expect((await runQuery(hasty, "SELECT 1 AS one")).output).toMatchObject({ rowCount: 1 });
  });

  it("tells of a connection that was killed in the middle as of one that may pass", async () => {
    const mark = randomBytes(6).toString("hex");
    const run = await startQuery(nodes, `SELECT SLEEP(60) /* ${mark} */`, { maxAttempts: 2, delaysMs: [0] });
    const kill = async () => {
      const found = await database.query(
        `SELECT id FROM information_schema.processlist WHERE info LIKE '%${mark}%' AND id <> CONNECTION_ID()`,
      );
      for (const { id } of found) await database.query(`KILL CONNECTION ${id}`).catch(() => {});
      return found;
    };
    await expect.poll(kill).toHaveLength(1);
    await expect.poll(kill).toHaveLength(1);
    expect((await run.result).error).toMatchObject({ code: "ECONNRESET" });
    expect((await runQuery(nodes, "SELECT 1 AS one")).output).toMatchObject({ rowCount: 1 });
  });

  it("keeps no process alive", async () => {
    const held = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const before = held();
    await runQuery(open(), "SELECT 1");
    // The connection is put back after its use.
    await expect.poll(held).toBe(before);
  });

  it("tells a refused login from a server that is not there", async () => {
    const url = new URL(database.url);
    url.password = "wrong-pa55word";
    const login = await runQuery(createDatabaseNodes({ connections: { db: url.href } }), "SELECT 1");
    expect(login.error?.code).toBe("credential_unusable");
    const nobody = await runQuery(
      createDatabaseNodes({ connections: { db: "mysql://u:pa55word@127.0.0.1:1/x" } }),
      "SELECT 1",
    );
    expect(nobody.error?.code).toBe("service_unavailable");
    expect(JSON.stringify([login.error, nobody.error])).not.toMatch(/pa55word|127\.0\.0\.1/);
  });
});
