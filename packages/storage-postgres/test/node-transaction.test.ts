import type { ExecutionCommit, Storage, StorageTransaction } from "@automatrix/core";
import { commitOne, creation } from "@automatrix/core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { postgresStorage } from "../src/index.js";
import { describePostgres } from "./support/postgres.js";
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
    const single = postgresStorage({ connectionString: database.connectionString, schema: SCHEMA, pool: { max: 1 } });
    await single.open();
    await commitOne(
      single,
      transactional(async (tx) => {
        await tx.query("SELECT set_config('lock_timeout', '12345', false), pg_advisory_lock(7)");
      }),
    );
    let left: unknown;
    const second = await commitOne(single, {
      ...stepCommit("e1", { step: 1 }),
      transaction: async (tx) => {
        const { rows } = await tx.query(
          `SELECT current_setting('lock_timeout') AS timeout,
            (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7)::integer AS locks`,
        );
        left = rows[0];
      },
    });
    expect({ second, left }).toEqual({ second: { ok: true, firstSeq: 3 }, left: { timeout: "0", locks: 0 } });
    await single.close();
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
});
