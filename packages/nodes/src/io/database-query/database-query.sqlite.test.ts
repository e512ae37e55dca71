import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeType } from "@automatrix/core";
import { testNode } from "@automatrix/core/testing";
import Database from "better-sqlite3";
import { afterAll, describe, expect, it } from "vitest";
import { createDatabaseNodes } from "./database-query.js";
import { runQuery, startQuery } from "./testing/run-query.js";

const folder = mkdtempSync(join(tmpdir(), "automatrix-query-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "cars.db");
{
  const database = new Database(file);
  database.exec("CREATE TABLE cars (id INTEGER PRIMARY KEY, name TEXT UNIQUE); INSERT INTO cars VALUES (1, 'Mini')");
  database.close();
}

const ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";

describe("database_query on SQLite", () => {
  const open = (options = {}) => createDatabaseNodes({ connections: { db: { url: `sqlite:${file}`, ...options } } });
  const nodes = open();

  it.each(["Mini", "' OR '1'='1", "Mini'; DROP TABLE cars; --", "?1", "Mini\u0000"])(
    "takes %j as a value and nothing else",
    async (value) => {
      const { output } = await runQuery(nodes, "SELECT id FROM cars WHERE name = ?", [value]);
      expect(output).toMatchObject({ rowCount: value === "Mini" ? 1 : 0, columns: ["id"] });
    },
  );

  it.each([
    ["SELECT $1 AS a, $2 AS b, $1 AS c", ["x", "y"], { a: "x", b: "y", c: "x" }],
    ["SELECT $2 AS a, '$3' AS b, '?' AS c, $1 AS d /* $4 ? */ -- ?", ["x", "y"], { a: "y", b: "$3", c: "?", d: "x" }],
    ["SELECT ?2 AS a, ?1 AS b", [1, { city: "Bonn" }], { a: '{"city":"Bonn"}', b: 1 }],
    ["SELECT $1 || $2 || $3 || $4 || $5 || $6 || $7 || $8 || $9 || $10 AS a", [..."abcdefghij"], { a: "abcdefghij" }],
    ["SELECT :name AS a, @name AS b, $city AS c", { name: "Ada", city: "Ulm" }, { a: "Ada", b: "Ada", c: "Ulm" }],
  ])("binds %s", async (sql, parameters, row) => {
    expect((await runQuery(nodes, sql, parameters)).output).toMatchObject({ rows: [row] });
  });

  it.each([
    ["SELECT $1", ["a", "b"], /too many parameter/i],
    ["SELECT 1", ["a"], /too many parameter/i],
    ["SELECT ?", ["a", "b"], /too many parameter/i],
    ["SELECT ?, ?", ["a"], /too few parameter/i],
    ["SELECT $1, $2", ["a"], /missing named parameter "2"/i],
    ["SELECT $1", [], /missing named parameter "1"/i],
    ["SELECT :name", { city: "Ulm" }, /missing named parameter "name"/i],
    ["INSERT INTO cars VALUES ($1, 'Golf')", [7, 8], /too many parameter/i],
  ])("refuses %s with %j, and does nothing", async (sql, parameters, message) => {
    const { error } = await runQuery(nodes, sql, parameters);
    expect(error).toMatchObject({ code: "query_refused", message: expect.stringMatching(message) });
    expect((await runQuery(nodes, "SELECT id FROM cars")).output).toMatchObject({ rowCount: 1 });
  });

  it("takes one statement only", async () => {
    const { error } = await runQuery(nodes, "SELECT 1; DROP TABLE cars");
    expect(error).toMatchObject({ code: "query_refused", message: expect.stringMatching(/more than one statement/) });
  });

  it("yields JSON of every type", async () => {
    const { output, error } = await runQuery(
      nodes,
      "SELECT 9007199254740993 AS big, 12 AS small, 1.5 AS real, 9e999 AS huge, x'00ff' AS bytes, NULL AS nil, ? AS yes, ? AS json, typeof(?) AS kind, 1 AS a, 2 AS a",
      [true, { a: 1 }, 7],
    );
    expect(error).toBeUndefined();
    expect((output as { rows: unknown[] }).rows[0]).toEqual({
      big: "9007199254740993",
      small: 12,
      real: 1.5,
      huge: "Infinity",
      bytes: "AP8=",
      nil: null,
      yes: 1,
      json: '{"a":1}',
      kind: "integer",
      a: 1,
      a_2: 2,
    });
  });

  it("reads no more rows and bytes than its limits, of a result without end", async () => {
    const { output } = await runQuery(nodes, `${ENDLESS} SELECT i FROM n`, [], { rowLimit: 700 });
    expect(output).toMatchObject({ rowCount: 700, truncated: true });
    const small = createDatabaseNodes({ connections: { db: `sqlite:${file}` }, maxResultBytes: 10_000 });
    const { error } = await runQuery(small, "SELECT printf('%.*c', 1000000, 'x')");
    expect(error?.code).toBe("output_too_large");
  });

  it("stops a statement that would never end, without holding up the engine's thread", async () => {
    const hasty = open({ statementTimeoutMs: 200 });
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const { error } = await runQuery(hasty, `${ENDLESS} SELECT count(*) FROM n`);
    clearInterval(timer);
    expect(error?.code).toBe("ETIMEDOUT");
    expect(turns).toBeGreaterThan(3);
    expect((await runQuery(hasty, "SELECT 1 AS one")).output).toMatchObject({ rowCount: 1 });
  });

  it("stops a statement when the execution is cancelled, and undoes it", async () => {
    const run = await startQuery(nodes, `${ENDLESS} INSERT INTO cars SELECT i + 10, 'car ' || i FROM n`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await run.cancel();
    expect((await run.result).status).toBe("cancelled");
    const { output } = await runQuery(nodes, "SELECT count(*) AS n FROM cars");
    expect(output).toMatchObject({ rows: [{ n: 1 }] });
  });

  it.each([
    `ATTACH DATABASE '${join(folder, "other.db")}' AS other`,
    `/* /* */ ATTACH DATABASE '${join(folder, "other.db")}' AS other`,
    `-- \r SELECT 1\nATTACH DATABASE '${join(folder, "other.db")}' AS other`,
    `\uFEFF;;ATTACH DATABASE '${join(folder, "other.db")}' AS other`,
    `VACUUM INTO '${join(folder, "copy.db")}'`,
    "PRAGMA journal_mode = DELETE",
    "BEGIN",
    "SELECT load_extension('x')",
    "SELECT writefile('x', 'y')",
  ])("stays within its file: %s", async (sql) => {
    expect((await runQuery(nodes, sql)).error?.code).toBe("query_refused");
  });

  it("leaves no temporary table for whoever comes next", async () => {
    const single = open({ maxConnections: 1 });
    await runQuery(single, "CREATE TEMP TABLE cars (name TEXT)");
    expect((await runQuery(single, "SELECT name FROM cars")).output).toMatchObject({ rows: [{ name: "Mini" }] });
  });

  it("only reads over a connection for reading", async () => {
    const reading = open({ readOnly: true });
    expect((await runQuery(reading, "DELETE FROM cars")).error?.code).toBe("query_refused");
    expect((await runQuery(reading, "SELECT id FROM cars")).output).toMatchObject({ rowCount: 1 });
  });

  it("writes from many runs at once, and tells of constraints", async () => {
    const runs = Array.from({ length: 8 }, (_, index) =>
      runQuery(nodes, "INSERT INTO cars VALUES (?, ?) RETURNING id", [100 + index, `n${index}`]),
    );
    expect((await Promise.all(runs)).map(({ status }) => status)).toEqual(Array(8).fill("completed"));
    expect((await runQuery(nodes, "DELETE FROM cars WHERE id >= 100")).output).toMatchObject({ rowCount: 8 });
    const twice = await runQuery(nodes, "INSERT INTO cars VALUES (2, 'Mini')");
    expect(twice.error).toMatchObject({ code: "constraint_violated", message: expect.stringContaining("cars.name") });
  });

  it("parks a statement that must run once for a person when its outcome is unknown, and not when it was refused", async () => {
    const hasty = open({ statementTimeoutMs: 200 });
    const once = (sql: string) =>
      testNode(hasty[0] as NodeType)
        .parameters({ connection: "db", sql })
        .settings({ effects: "once", retry: { maxAttempts: 1 } })
        .run();
    expect(await once("INSERT INTO nowhere VALUES (1)")).toMatchObject({
      status: "failed",
      error: { code: "query_refused" },
    });
    expect((await once(`${ENDLESS} SELECT count(*) FROM n`)).status).toBe("waiting");
  });

  it("keeps no process alive", async () => {
    const held = () => process.getActiveResourcesInfo().filter((kind) => /Process|Pipe/.test(kind)).length;
    const before = held();
    await runQuery(open(), "SELECT 1");
    expect(held()).toBe(before);
  });

  it("refuses a file that a credential names, and databases in memory", async () => {
    expect(() => createDatabaseNodes({ connections: { db: "sqlite::memory:" } })).toThrow(/path of a SQLite file/);
    expect(() => createDatabaseNodes({ connections: { engine: `sqlite:${file}` } })).toThrow(/engine's own/);
    const { error } = await runQuery(createDatabaseNodes(), "SELECT 1");
    expect(error?.code).toBe("not_configured");
  });
});
