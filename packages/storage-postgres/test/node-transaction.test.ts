import {
  createEngine,
  defineNode,
  type ExecutionCommit,
  type Storage,
  type StorageTransaction,
} from "@automatrix/core";
import { commitOne, creation, silentLogger } from "@automatrix/core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { PostgresConnection } from "../src/connection/connection.js";
import { quoteSchemaName } from "../src/connection/quote-schema-name.js";
import { postgresStorage } from "../src/index.js";
import { commitInTransaction } from "../src/sql/commit-in-transaction.js";
import { describePostgres } from "./support/postgres.js";
import { withClient } from "./support/postgres-server.js";
import { stepCommit } from "./support/step-commit.js";

const SCHEMA = "transactions";

describePostgres("a node in the transaction of its result", (database) => {
  let storage: Storage;

  beforeEach(async () => {
    await database.created;
    await database.emptySchema(SCHEMA);
    await database.query("DROP TABLE IF EXISTS orders; CREATE TABLE orders (id bigint PRIMARY KEY, note text)");
    storage = postgresStorage({ connectionString: database.connectionString, schema: SCHEMA, pool: { max: 3 } });
    await storage.open();
    await commitOne(storage, creation("e1"));
  });

  afterEach(() => storage.close());

  const transactional = (
    transaction: (tx: StorageTransaction) => Promise<void>,
    parts: Partial<ExecutionCommit> = {},
  ): ExecutionCommit => ({ ...stepCommit("e1", { step: 0 }), ...parts, transaction });
  const insert = (tx: StorageTransaction, id: number) =>
    tx.query("INSERT INTO orders (id, note) VALUES ($1, $2)", [id, "'); DROP TABLE orders; --"]);
  const openSingleConnection = (): PostgresConnection => {
    const connection = new PostgresConnection({
      connectionString: database.connectionString,
      schema: quoteSchemaName(SCHEMA),
      maxConnections: 1,
      idleTimeoutMs: 0,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 500,
    });
    connection.open();
    return connection;
  };
  const orders = async () => (await database.query("SELECT id, note FROM orders ORDER BY id")).length;

  it("writes with it, once, however often it is sent", async () => {
    let runs = 0;
    const commit = transactional(async (tx) => {
      runs++;
      expect((await insert(tx, 1)).rowCount).toBe(1);
      expect((await tx.query("SELECT note FROM orders")).rows).toEqual([{ note: "'); DROP TABLE orders; --" }]);
    });
    expect(await commitOne(storage, commit)).toEqual({ ok: true, firstSeq: 2 });
    expect(await commitOne(storage, commit)).toEqual({ ok: true, firstSeq: 2 });
    expect({ runs, orders: await orders(), nodes: (await storage.listNodes("e1")).length }).toEqual({
      runs: 1,
      orders: 1,
      nodes: 1,
    });
  });

  it("writes nothing when its code throws, or swallows an error of the database", async () => {
    const boom = new Error("boom");
    const thrown = transactional(async (tx) => {
      await insert(tx, 1);
      throw boom;
    });
    expect(await commitOne(storage, thrown)).toEqual({ ok: false, reason: "transaction_failed", error: boom });
    const swallowed = transactional(async (tx) => {
      await insert(tx, 1);
      await insert(tx, 1).catch(() => {});
    });
    expect(await commitOne(storage, swallowed)).toMatchObject({ ok: false, reason: "transaction_failed" });
    expect({ orders: await orders(), nodes: await storage.listNodes("e1") }).toEqual({ orders: 0, nodes: [] });
  });

  it("does not run at all where the commit is refused", async () => {
    let runs = 0;
    const count = async () => {
      runs++;
    };
    expect(await commitOne(storage, transactional(count, { epoch: 9 }))).toEqual({ ok: false, reason: "lease_lost" });
    await storage.requestCancel("e1", null, 5);
    const success = transactional(count, { patch: { status: "completed", output: 1, endedAt: 9 } });
    expect(await commitOne(storage, success)).toEqual({ ok: false, reason: "cancel_requested" });
    expect(runs).toBe(0);
  });

  it.each([
    "COMMIT",
    " /* a /* b */ c */ -- d\n ;rollback",
    "begin",
    "END",
    "SAVEPOINT x",
    "RELEASE x",
    "START TRANSACTION",
    "PREPARE TRANSACTION 'x'",
    "SET search_path = x",
    "COPY orders TO STDOUT",
    "SELECT 1; COMMIT",
    "DO $$ BEGIN COMMIT; END $$",
  ])("takes no statement that would leave the transaction: %s", async (sql) => {
    const outcome = await commitOne(
      storage,
      transactional(async (tx) => {
        await insert(tx, 1);
        await tx.query(sql);
      }),
    );
    expect(outcome).toMatchObject({ ok: false, reason: "transaction_failed" });
    expect(await orders()).toBe(0);
    expect((await commitOne(storage, stepCommit("e1", { step: 0 }))).ok).toBe(true);
  });

  it("leaves nothing of its session to the next user of the connection", async () => {
    const role = `writer_${database.name}`;
    await database.query(`CREATE ROLE ${role}; GRANT ALL ON SCHEMA ${SCHEMA} TO ${role}`);
    await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${role}`);
    const connection = openSingleConnection();
    const readSession = () =>
      connection.query({
        text: `SELECT session_user, current_user, pg_backend_pid() AS pid, to_regclass('pg_temp.staging') AS staging,
          current_setting('lock_timeout') AS timeout, current_setting('enable_seqscan') AS planning,
          (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7)::integer AS locks`,
        name: "read_session",
      });
    const before = await readSession();
    const outcome = await commitInTransaction(
      connection,
      transactional(async (tx) => {
        await tx.query("CREATE TEMP TABLE staging (id int)");
        await tx.query("SELECT set_config('lock_timeout', '12345', false), pg_advisory_lock(7)");
        await tx.query("SELECT set_config('session_authorization', $1, false), set_config('role', $1, false)", [role]);
      }),
    );
    const after = await readSession();
    const prepared = await connection.query({ text: "SELECT FROM pg_prepared_statements WHERE name = 'read_session'" });
    await connection.close();
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    expect(outcome).toEqual({ ok: true, firstSeq: 2 });
    expect(after).toEqual(before);
    expect(after).toMatchObject([{ staging: null, timeout: "2s", planning: "off", locks: 0 }]);
    expect(prepared).toHaveLength(1);
  });

  it("is written though its session could not be cleaned", async () => {
    const connection = openSingleConnection();
    await connection.execute({ text: "CREATE TEMP TABLE staging (id int)" });
    const [place] = await connection.query<{ name: string }>({
      text: "SELECT pg_my_temp_schema()::regnamespace::text AS name",
    });
    await withClient(database.connectionString, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${place?.name}.staging IN ACCESS SHARE MODE`);
      const outcome = await commitInTransaction(
        connection,
        transactional(async (tx) => void (await insert(tx, 1))),
      );
      expect(outcome).toEqual({ ok: true, firstSeq: 2 });
    });
    expect(await orders()).toBe(1);
    expect(await connection.query({ text: "SELECT to_regclass('pg_temp.staging') AS staging" })).toEqual([
      { staging: null },
    ]);
    await connection.close();
  });

  it("rolls back after its time, and frees the row", { timeout: 20_000 }, async () => {
    let late: unknown;
    const outcome = await commitOne(
      storage,
      transactional(async (tx) => {
        await insert(tx, 1);
        await new Promise((resolve) => setTimeout(resolve, 5_300));
        late = await tx.query("SELECT 1").catch((error: unknown) => error);
      }),
    );
    expect(outcome).toMatchObject({ ok: false, reason: "transaction_failed", error: { code: "storage_unavailable" } });
    expect((await commitOne(storage, stepCommit("e1", { step: 0 }))).ok).toBe(true);
    expect(await orders()).toBe(0);
    await expect.poll(() => late).toMatchObject({ code: "storage_unavailable" });
  });

  it("rejects the batch when its connection is ended under it", async () => {
    const commit = transactional(async (tx) => {
      await insert(tx, 1);
      await tx.query("SELECT pg_terminate_backend(pg_backend_pid())");
    });
    await expect(storage.commit([commit])).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(await orders()).toBe(0);
    expect((await commitOne(storage, stepCommit("e1", { step: 0 }))).ok).toBe(true);
  });

  it("is tried again when its connection was lost, since that may pass", async () => {
    let runs = 0;
    const node = defineNode({
      type: "order",
      effects: "transactional",
      execute: async (ctx) => {
        runs++;
        await ctx.transaction(async (tx) => {
          await insert(tx, runs);
          if (runs === 1) await tx.query("SELECT pg_terminate_backend(pg_backend_pid())");
        });
        return runs;
      },
    });
    await using engine = createEngine({
      storage: postgresStorage({ connectionString: database.connectionString, schema: SCHEMA }),
      nodes: [node],
      logger: silentLogger,
    });
    await engine.start();
    const retry = { delaysMs: [0], on: "transient" } as const;
    const result = await engine.run({ nodes: [{ id: "a", type: "order", retry }] });
    expect(result).toMatchObject({ status: "completed", output: 2 });
    expect(await database.query("SELECT id FROM orders")).toEqual([{ id: "2" }]);
  });

  it.each([
    ["serialization_failure", { code: "storage_unavailable", details: { sqlState: "40001" } }],
    ["deadlock_detected", { code: "storage_unavailable", details: { sqlState: "40P01" } }],
    ["unique_violation", { code: "23505" }],
  ])("learns of %s by its own code or by one that may pass", async (condition, error) => {
    let seen: unknown;
    const outcome = await commitOne(
      storage,
      transactional(async (tx) => {
        await tx.query(`DO $$ BEGIN RAISE ${condition}; END $$`).catch((failure: unknown) => {
          seen = failure;
          throw failure;
        });
      }),
    );
    expect(seen).toMatchObject(error);
    expect(outcome).toEqual({ ok: false, reason: "transaction_failed", error: seen });
  });

  it("holds up no other execution of its process", async () => {
    const other = defineNode({ type: "other", execute: () => 1 });
    const node = defineNode({
      type: "order",
      effects: "transactional",
      execute: (ctx) =>
        ctx.transaction(async (tx) => {
          await insert(tx, 1);
          const runs = Array.from({ length: 50 }, () => engine.run({ nodes: [{ id: "a", type: "other" }] }));
          return (await Promise.all(runs)).map(({ status }) => status);
        }),
    });
    await using engine = createEngine({
      storage: postgresStorage({ connectionString: database.connectionString, schema: SCHEMA }),
      nodes: [node, other],
      logger: silentLogger,
    });
    await engine.start();
    const result = await engine.run({ nodes: [{ id: "a", type: "order" }] });
    expect(result).toMatchObject({ status: "completed", output: Array(50).fill("completed") });
    expect(await orders()).toBe(1);
  });

  it("may return binary content with the fewest connections", async () => {
    const node = defineNode({
      type: "order",
      effects: "transactional",
      execute: async (ctx) => {
        await ctx.transaction((tx) => insert(tx, 1));
        return { file: Buffer.alloc(100_000) };
      },
    });
    await using engine = createEngine({
      storage: postgresStorage({ connectionString: database.connectionString, schema: SCHEMA, pool: { max: 2 } }),
      nodes: [node],
      logger: silentLogger,
    });
    await engine.start();
    expect((await engine.run({ nodes: [{ id: "a", type: "order" }] })).status).toBe("completed");
    expect(await orders()).toBe(1);
  });
});
