import { join } from "node:path";
import type { CommitOutcome, ExecutionCommit, Storage, StorageTransaction } from "@automatrix/core";
import { commitOne, creation, eventDraft, nodeRecord } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/temporary-folder.js";

describe("a node's own code in the transaction", () => {
  const folder = temporaryFolder();
  let count = 0;
  let storage: Storage;

  beforeEach(async () => {
    storage = sqliteStorage({ file: join(folder.path, `${count++}.db`), transactionTimeoutMs: 100 });
    await storage.open();
    await storage.commit([creation("e1"), creation("e2")]);
    await run(async (tx) => {
      await tx.query("CREATE TABLE effects (n INTEGER PRIMARY KEY, text TEXT)");
    }, "e2");
  });
  afterEach(() => storage.close());

  function working(id: string, transaction?: ExecutionCommit["transaction"]): ExecutionCommit {
    const commit = {
      executionId: id,
      epoch: 1,
      nodes: [nodeRecord("a", { output: 1 })],
      events: [eventDraft(id, "node.completed")],
    };
    return transaction === undefined ? commit : { ...commit, transaction };
  }

  function run(transaction: (tx: StorageTransaction) => Promise<void>, id = "e1"): Promise<CommitOutcome> {
    return commitOne(storage, working(id, transaction));
  }

  async function effects(): Promise<readonly unknown[]> {
    let rows: readonly unknown[] = [];
    await run(async (tx) => {
      ({ rows } = await tx.query("SELECT n, text FROM effects ORDER BY n"));
    }, "e2");
    return rows;
  }

  async function failureOf(transaction: (tx: StorageTransaction) => Promise<void>): Promise<unknown> {
    const outcome = await run(transaction);
    expect(outcome).toMatchObject({ ok: false, reason: "transaction_failed" });
    expect(await storage.listNodes("e1")).toEqual([]);
    return "error" in outcome ? outcome.error : undefined;
  }

  it("binds parameters, whatever they hold", async () => {
    const text = "'); DROP TABLE effects; --";
    let rowCount: number | undefined;
    await run(async (tx) => {
      ({ rowCount } = await tx.query("INSERT INTO effects (n, text) VALUES (?, ?), (?, ?)", [
        1,
        text,
        true && 2,
        undefined,
      ]));
    });
    expect(rowCount).toBe(2);
    expect(await effects()).toEqual([
      { n: 1, text },
      { n: 2, text: null },
    ]);
  });

  it.each([
    ["$1, $2", "SELECT $1 AS a, $2 AS b"],
    ["$2, $1, with $1 twice", "SELECT $2 AS b, $1 AS a WHERE $1 = 'one'"],
    ["?1, ?2", "SELECT ?2 AS b, ?1 AS a"],
    ["$1, $2 beside texts and comments", "SELECT $1 AS a, /* $3 ? */ $2 AS b WHERE '$4 ?' = '$4 ?' -- $5 ?"],
    ["?, ? beside texts and comments", "SELECT ? AS a, /* $3 */ ? AS b WHERE '$4' = '$4' -- $5"],
  ])("binds a list of values to %s", async (_, sql) => {
    let rows: readonly unknown[] = [];
    await run(async (tx) => {
      ({ rows } = await tx.query(sql, ["one", undefined]));
    });
    expect(rows).toEqual([{ a: "one", b: null }]);
  });

  it("writes what it binds by number", async () => {
    const values = Array.from({ length: 12 }, (_, index) => index + 1);
    await run(async (tx) => {
      const sql = `INSERT INTO effects (n, text) VALUES ${values.map((n) => `($${n}, 'no. ' || CAST($${n} AS INTEGER))`).join(", ")}`;
      expect(await tx.query(sql, values)).toEqual({ rows: [], rowCount: 12 });
    });
    expect(await effects()).toEqual(values.map((n) => ({ n, text: `no. ${n}` })));
  });

  it.each([
    ["too many by position", "INSERT INTO effects (n) VALUES (?)", [1, 2]],
    ["too few by position", "INSERT INTO effects (n, text) VALUES (?, ?)", [1]],
    ["too many by number", "INSERT INTO effects (n) VALUES ($1)", [1, 2]],
    ["too few by number", "INSERT INTO effects (n, text) VALUES ($1, $2)", [1]],
    ["none by number", "INSERT INTO effects (n) VALUES ($1)", []],
    ["a number left out", "INSERT INTO effects (n) VALUES ($2)", [1, 2]],
    ["both manners at once", "INSERT INTO effects (n, text) VALUES (?, $1)", [1, 2]],
    ["names", "INSERT INTO effects (n) VALUES (:n)", [1]],
    ["values for a statement without places", "INSERT INTO effects (n) VALUES (1)", [1]],
  ])("refuses %s", async (_, sql, values) => {
    expect(await failureOf(async (tx) => void (await tx.query(sql, values)))).toBeInstanceOf(Error);
    expect(await effects()).toEqual([]);
  });

  it.each([
    "COMMIT",
    "rollback",
    " -- a comment\n /* another */ ; END",
    "SAVEPOINT s",
    "BEGIN",
    "ATTACH DATABASE ':memory:' AS other",
    "PRAGMA journal_mode = DELETE",
    "VACUUM",
  ])("refuses %j", async (sql) => {
    const error = await failureOf(async (tx) => {
      await tx.query("INSERT INTO effects (n) VALUES (1)");
      await tx.query(sql);
    });
    expect(error).toMatchObject({ code: "transaction_misused" });
    expect(await effects()).toEqual([]);
  });

  it.each([
    "UPDATE automatrix_executions SET status = 'completed'",
    'DELETE FROM "AUTOMATRIX_commits"',
    "DROP TABLE automatrix_inbox",
    "CREATE TRIGGER t AFTER INSERT ON effects BEGIN DELETE FROM automatrix_executions; END",
    "CREATE TABLE automatrix_mine (n)",
  ])("refuses to write the engine's tables: %s", async (sql) => {
    expect(await failureOf(async (tx) => void (await tx.query(sql)))).toMatchObject({ code: "transaction_misused" });
    expect((await storage.getExecution("e1"))?.status).toBe("running");
  });

  it("may read the engine's tables", async () => {
    let rows: readonly unknown[] = [];
    await run(async (tx) => {
      ({ rows } = await tx.query("SELECT id FROM automatrix_executions ORDER BY id"));
    });
    expect(rows).toEqual([{ id: "e1" }, { id: "e2" }]);
  });

  it("refuses two statements in one text", async () => {
    await failureOf(async (tx) => void (await tx.query("INSERT INTO effects (n) VALUES (1); COMMIT")));
    expect(await effects()).toEqual([]);
  });

  it("is undone when one of its statements ends the transaction from within", async () => {
    const error = await failureOf(async (tx) => {
      await tx.query("INSERT INTO effects (n) VALUES (1)");
      await tx.query("INSERT OR ROLLBACK INTO effects (n) VALUES (1)").catch(() => {});
    });
    expect(error).toMatchObject({ code: "transaction_misused" });
    expect(await effects()).toEqual([]);
  });

  it("is undone when a rule that is checked last is broken", async () => {
    await run(async (tx) => {
      await tx.query("CREATE TABLE links (n REFERENCES effects (n) DEFERRABLE INITIALLY DEFERRED)");
    }, "e2");
    const error = await failureOf(async (tx) => void (await tx.query("INSERT INTO links (n) VALUES (99)")));
    expect(error).toMatchObject({ code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
  });

  it("is undone when it takes too long, and its late queries are refused", async () => {
    let late: Promise<unknown> | undefined;
    const error = await failureOf(
      (tx) =>
        new Promise((resolve) => {
          setTimeout(() => {
            late = tx.query("INSERT INTO effects (n) VALUES (1)").catch((caught: unknown) => caught);
            resolve();
          }, 200);
        }),
    );
    expect(error).toMatchObject({ code: "transaction_timed_out" });
    await expect.poll(() => late).toBeDefined();
    expect(await late).toMatchObject({ code: "transaction_misused" });
    expect(await effects()).toEqual([]);
  });

  it("lets others read what is committed and makes their writes wait", async () => {
    const order: string[] = [];
    let other: Promise<unknown> | undefined;
    await run(async (tx) => {
      other = commitOne(storage, working("e2")).then(() => order.push("other commit"));
      await tx.query("INSERT INTO effects (n) VALUES (1)");
      expect(await storage.getExecution("e1")).toMatchObject({ status: "running", lastSeq: 1 });
      await new Promise((resolve) => setImmediate(resolve));
      order.push("own code");
    });
    await other;
    expect(order).toEqual(["own code", "other commit"]);
  });

  it("adds its result to the commit, large as it may be", async () => {
    const nodes = [] as ReturnType<typeof nodeRecord>[];
    const events = [] as ReturnType<typeof eventDraft>[];
    const output = "x".repeat(30_000);
    await commitOne(storage, {
      executionId: "e1",
      epoch: 1,
      nodes,
      events,
      transaction: async () => {
        nodes.push(nodeRecord("late", { output }));
        events.push({ ...eventDraft("e1", "node.completed", nodes[0]), nodeId: "late", attempt: 1 });
      },
    });
    expect(await storage.listNodes("e1")).toEqual([nodeRecord("late", { output })]);
    expect((await storage.listEvents("e1", { after: 1, limit: 5 }))[0]?.data).toEqual(nodeRecord("late", { output }));
  });

  it("lets a close wait for it", async () => {
    const own = run(async (tx) => {
      await tx.query("INSERT INTO effects (n) VALUES (1)");
    });
    await Promise.all([own, storage.close()]);
    await storage.open();
    expect(await effects()).toEqual([{ n: 1, text: null }]);
  });
});
