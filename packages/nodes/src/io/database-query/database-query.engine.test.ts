import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, defineNode, type NodeDefinition, type Storage } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { postgresStorage } from "@automatrix/storage-postgres";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../../../core/src/testing/silent-logger.js";
import { describePostgres } from "../databases/testing/database-servers.js";
import { createDatabaseNodes } from "./database-query.js";

const fails = defineNode({
  type: "fails",
  execute() {
    throw new Error("no");
  },
});
const nodes = [...createDatabaseNodes(), fails];

function query(id: string, sql: string, parameters: readonly unknown[] = [], more = {}): NodeDefinition {
  return {
    id,
    type: "database_query",
    data: { connection: "engine", sql, parameters, ...more },
    retry: { maxAttempts: 1 },
  };
}

async function runOn(storage: Storage, ...definitions: NodeDefinition[]) {
  await using engine = createEngine({ storage, nodes, logger: silentLogger });
  await engine.start();
  const edges = definitions
    .slice(1)
    .map((node, index) => ({ source: definitions[index]?.id as string, target: node.id }));
  return await engine.run({ nodes: definitions, edges }, {});
}

function suite(open: () => Storage, [first, second]: readonly [string, string]): void {
  it("writes together with the node's result", async () => {
    const { error, nodes: results } = await runOn(
      open(),
      query("make", "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, note TEXT)"),
      query("add", `INSERT INTO orders VALUES (${first}, ${second}), (2, 'b'), (3, 'c')`, [
        1,
        "'; DROP TABLE orders; --",
      ]),
      query("read", "SELECT id, note FROM orders ORDER BY id;", [], { rowLimit: 2 }),
    );
    expect(error).toBeUndefined();
    expect(results["add"]?.output).toMatchObject({ rowCount: 3, rows: [] });
    expect(results["read"]?.output).toEqual({
      rows: [
        { id: 1, note: "'; DROP TABLE orders; --" },
        { id: 2, note: "b" },
      ],
      rowCount: 2,
      truncated: true,
      columns: ["id", "note"],
    });
  });

  it("reads no more than its limit of a result without end", async () => {
    const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n -- all";
    const { nodes: results } = await runOn(open(), query("read", endless, [], { rowLimit: 5 }));
    expect(results["read"]?.output).toMatchObject({ rowCount: 5, truncated: true });
  });

  it("refuses what would end the transaction or write the engine's tables, and mends nothing by retrying", async () => {
    for (const sql of [
      "COMMIT",
      "SELECT 1; DROP TABLE orders",
      "SELECT * FROM nowhere",
      "INSERT INTO orders VALUES (1, 'again')",
    ]) {
      const { error } = await runOn(open(), query("bad", sql));
      expect(error?.code, sql).toMatch(/^(query_refused|constraint_violated)$/);
    }
  });
}

describe("database_query on the engine's own SQLite database", () => {
  const folder = mkdtempSync(join(tmpdir(), "automatrix-engine-query-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  suite(() => sqliteStorage({ file: join(folder, "engine.db") }), ["?", "?"]);

  it("needs a storage with transactions", async () => {
    const started = runOn(memoryStorage(), query("read", "SELECT 1"));
    await expect(started).rejects.toMatchObject({ name: "ConfigurationError", code: "capability_missing" });
  });
});

describePostgres("database_query on the engine's own Postgres database", (database) => {
  beforeAll(() => database.created.then(() => {}));
  const schema = `s${randomBytes(4).toString("hex")}`;
  const open = () => postgresStorage({ connectionString: database.url, schema });
  suite(open, ["$1", "$2"]);

  it("says of what the server undid that it met another statement", async () => {
    const { error } = await runOn(open(), query("a", "DO $$ BEGIN RAISE deadlock_detected; END $$"));
    expect(error?.code).toBe("query_conflict");
  });
});
