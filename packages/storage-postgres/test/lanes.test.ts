import { afterEach, beforeEach, expect, it } from "vitest";
import { type ConnectionSettings, PostgresConnection } from "../src/connection/connection.js";
import type { WriteStatement, WriteValue } from "../src/connection/prepared-write.js";
import { describePostgres } from "./support/postgres.js";
import { withClient } from "./support/postgres-server.js";
import { startVanishingServer } from "./support/vanishing-server.js";

const APPLICATION = "automatrix";
/** A write whose server says nothing is given up this much later than a statement that takes too long. */
const SILENCE_MS = 5_000;

function addOrders(...ids: readonly WriteValue[]): WriteStatement {
  return {
    name: `add_orders_${ids.length}`,
    text: `INSERT INTO orders (id) VALUES ${ids.map((_, index) => `($${index + 1}::bigint)`).join(", ")}`,
    values: [...ids],
  };
}

describePostgres("writes on connections that are kept for them", (database) => {
  let connection: PostgresConnection;

  const open = (settings: Partial<ConnectionSettings> = {}): PostgresConnection => {
    connection = new PostgresConnection({
      connectionString: database.connectionString,
      schema: '"unused"',
      maxConnections: 2,
      idleTimeoutMs: 30_000,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 5_000,
      ...settings,
    });
    connection.open();
    return connection;
  };
  const readOne = () => connection.query({ text: "SELECT pg_sleep(0.01), 1 AS one" });
  const orders = async () => (await database.query("SELECT id FROM orders ORDER BY id")).map(({ id }) => Number(id));
  const sessions = async () =>
    (
      await database.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
        [APPLICATION],
      )
    ).map(({ pid }) => Number(pid));

  beforeEach(async () => {
    await database.created;
    await database.query("DROP TABLE IF EXISTS orders; CREATE TABLE orders (id bigint PRIMARY KEY)");
  });

  afterEach(() => connection.close());

  it("say how many rows they wrote, one after the other on one connection", async () => {
    open();
    expect(await connection.write(addOrders(1))).toBe(1);
    const [session] = await sessions();
    expect(await connection.write(addOrders(2, 3, "4"))).toBe(3);
    expect(await connection.write(addOrders(5))).toBe(1);
    expect(await sessions()).toEqual([session]);
    expect(await orders()).toEqual([1, 2, 3, 4, 5]);
  });

  it("hold nobody up who reads, with however few connections", async () => {
    open({ maxConnections: 1 });
    for (let id = 1; id <= 3; id++) {
      await connection.write(addOrders(id));
      expect(await readOne()).toMatchObject([{ one: 1 }]);
    }
    expect(await sessions()).toHaveLength(1);
  });

  it("go on beside reads, all at once, within the connections there are", async () => {
    open({ maxConnections: 3 });
    const all = Array.from({ length: 40 }, (_, id) => (id % 3 === 0 ? readOne() : connection.write(addOrders(id))));
    await Promise.all(all);
    await Promise.all(Array.from({ length: 3 }, readOne));
    expect(await orders()).toHaveLength(26);
    expect((await sessions()).length).toBeLessThanOrEqual(3);
  });

  it("fail alone, without the value in the message", async () => {
    open();
    await connection.write(addOrders(1));
    const outcomes = await Promise.allSettled([
      connection.write(addOrders(1)),
      connection.write(addOrders("s3cret")),
      connection.write(addOrders(2)),
    ]);
    expect(outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason : outcome.value))).toMatchObject([
      { code: "invalid_input", details: { sqlState: "23505" } },
      { code: "invalid_input", details: { sqlState: "22P02" } },
      1,
    ]);
    expect(String((outcomes[1] as PromiseRejectedResult).reason)).not.toContain("s3cret");
    expect(await connection.write(addOrders(3))).toBe(1);
    expect(await orders()).toEqual([1, 2, 3]);
  });

  it("give up what the server says is wrong with the statement, each time anew", async () => {
    open();
    const wrong = { name: "wrong", text: "INSERT INTO nowhere (id) VALUES ($1)", values: [1] };
    for (let time = 0; time < 2; time++)
      await expect(connection.write(wrong)).rejects.toMatchObject({ code: "migration_failed" });
    expect(await connection.write(addOrders(1))).toBe(1);
  });

  it("keep to a limit of time in the connection string, each for itself", async () => {
    const url = new URL(database.connectionString);
    url.searchParams.set("query_timeout", "700");
    open({ connectionString: url.href });
    await connection.write(addOrders(1));
    const slow = { name: "slow", text: "INSERT INTO orders (id) SELECT 2 FROM pg_sleep(0.5)", values: [] };
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await connection.write(slow)).toBe(1);
  });

  it("may be sent again after a session has lost its prepared statements", async () => {
    open({ maxConnections: 1 });
    await connection.write(addOrders(1));
    await connection.query({ text: "DEALLOCATE ALL" });
    await expect(connection.write(addOrders(2))).rejects.toMatchObject({
      code: "storage_unavailable",
      details: { sqlState: "26000" },
    });
    expect(await connection.write(addOrders(2))).toBe(1);
  });

  it("leave connections to others where the server allows no more", async () => {
    const role = `${database.name}_few`;
    await database.query(`CREATE ROLE ${role} LOGIN CONNECTION LIMIT 2`);
    try {
      await database.query(`GRANT ALL ON orders TO ${role}`);
      const url = new URL(database.connectionString);
      url.username = role;
      open({ connectionString: url.href, maxConnections: 10 });
      await Promise.all([connection.write(addOrders(1)), connection.write(addOrders(2))]);
      for (let id = 3; id < 8; id++) {
        expect(await readOne()).toMatchObject([{ one: 1 }]);
        expect(await connection.write(addOrders(id))).toBe(1);
      }
      await connection.close();
    } finally {
      await database.query(`DROP OWNED BY ${role}`);
      await database.query(`DROP ROLE ${role}`);
    }
  });

  it("go on after the end of a connection that waited for the next", async () => {
    open();
    await connection.write(addOrders(1));
    const [before] = await sessions();
    await database.query("SELECT pg_terminate_backend($1)", [before]);
    await expect.poll(() => connection.write(addOrders(2)).catch(() => 0)).toBe(1);
    expect(await sessions()).not.toContain(before);
  });

  it("give their connections back when nobody has written for a while", async () => {
    open({ idleTimeoutMs: 50 });
    await connection.write(addOrders(1));
    expect(await sessions()).toHaveLength(1);
    await expect.poll(sessions, { timeout: 5_000 }).toEqual([]);
    expect(await connection.write(addOrders(2))).toBe(1);
  });

  it("are cut off when the storage closes and they do not end", async () => {
    open();
    await connection.write(addOrders(1));
    await withClient(database.connectionString, async (client) => {
      await client.query("BEGIN; LOCK TABLE orders");
      const cutOff = expect(connection.write(addOrders(2))).rejects.toMatchObject({ code: "storage_unavailable" });
      await connection.close(50);
      await cutOff;
    });
    await expect(connection.write(addOrders(3))).rejects.toThrow("not open");
    await expect.poll(sessions).toEqual([]);
  });

  it("are given up when the server has vanished, as reads are", { timeout: 20_000 }, async () => {
    await using server = await startVanishingServer(database.connectionString);
    open({ connectionString: server.connectionString, statementTimeoutMs: 50 });
    await Promise.all([connection.write(addOrders(1)), readOne()]);
    server.vanish();
    const startedAt = performance.now();
    const lost = [connection.write(addOrders(2)), readOne()];
    await Promise.all(lost.map((answer) => expect(answer).rejects.toMatchObject({ code: "storage_unavailable" })));
    expect(performance.now() - startedAt).toBeGreaterThan(SILENCE_MS);
    await connection.close(50);
  });
});
