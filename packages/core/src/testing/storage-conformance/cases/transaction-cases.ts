import assert from "node:assert/strict";
import type { ExecutionCommit, StorageTransaction } from "../../../ports/execution-commit.js";
import type { Storage } from "../../../ports/storage.js";
import { commitOne, eventDraft, nodeRecord } from "../../sample-rows.js";
import { ALL_EVENTS, type CaseDraft, type CaseGroup, claim, createExecution, ending } from "../conformance-case.js";

/** Plain SQL that SQLite and Postgres both take; values in the text, since the marks of parameters differ. */
const EFFECTS_TABLE = "conformance_effects";

function working(id: string, transaction: (tx: StorageTransaction) => Promise<void>): ExecutionCommit {
  return {
    executionId: id,
    epoch: 1,
    nodes: [nodeRecord("a")],
    events: [eventDraft(id, "node.completed")],
    transaction,
  };
}

function inserting(value: number): (tx: StorageTransaction) => Promise<void> {
  return async (tx) => {
    await tx.query(`insert into ${EFFECTS_TABLE} (n) values (${value})`);
  };
}

/** Reads in a transaction of its own, of an execution of its own. */
async function effects(storage: Storage): Promise<readonly number[]> {
  let values: readonly number[] = [];
  await commitOne(storage, {
    executionId: "reader",
    epoch: 1,
    transaction: async (tx) => {
      const { rows } = await tx.query(`select n from ${EFFECTS_TABLE} order by n`);
      values = rows.map(({ n }) => Number(n));
    },
  });
  return values;
}

/** Where nodes have no transactions, a commit that asks for one is refused: there that is all a case checks. */
function transactionCase(name: string, check: (storage: Storage) => Promise<void>): CaseDraft {
  return {
    name,
    check: async ({ storage }) => {
      for (const id of ["e1", "reader"]) await createExecution(storage, id);
      if (!storage.capabilities.transactional) {
        await assert.rejects(storage.commit([working("e1", async () => {})]), { code: "capability_missing" });
        assert.deepEqual(await storage.listNodes("e1"), []);
        return;
      }
      await commitOne(storage, {
        executionId: "reader",
        epoch: 1,
        transaction: async (tx) => {
          await tx.query(`drop table if exists ${EFFECTS_TABLE}`);
          await tx.query(`create table ${EFFECTS_TABLE} (n integer)`);
        },
      });
      await check(storage);
    },
  };
}

async function assertNothingWritten(storage: Storage): Promise<void> {
  assert.deepEqual(await storage.listNodes("e1"), []);
  assert.equal((await storage.listEvents("e1", ALL_EVENTS)).length, 1);
  assert.deepEqual(await effects(storage), []);
}

export const transactionCases: CaseGroup = {
  group: "transactions of nodes",
  cases: [
    transactionCase("writes the node's effect and its result together", async (storage) => {
      assert.deepEqual(await commitOne(storage, working("e1", inserting(1))), { ok: true, firstSeq: 2 });
      assert.deepEqual(await effects(storage), [1]);
      assert.equal((await storage.listNodes("e1")).length, 1);
    }),
    transactionCase("writes neither when the node throws", async (storage) => {
      const error = new Error("changed my mind");
      const outcome = await commitOne(
        storage,
        working("e1", async (tx) => {
          await inserting(1)(tx);
          throw error;
        }),
      );
      assert.equal(!outcome.ok && outcome.reason === "transaction_failed" && outcome.error, error);
      await assertNothingWritten(storage);
    }),
    transactionCase("writes neither when a query fails", async (storage) => {
      const outcome = await commitOne(
        storage,
        working("e1", async (tx) => {
          await inserting(1)(tx);
          await tx.query("this is no query");
        }),
      );
      assert.equal(!outcome.ok && outcome.reason, "transaction_failed");
      await assertNothingWritten(storage);
    }),
    transactionCase("writes neither with an old epoch", async (storage) => {
      await storage.release({ executionId: "e1", epoch: 1 });
      assert.equal((await claim(storage)).length, 1);
      assert.deepEqual(await commitOne(storage, working("e1", inserting(1))), { ok: false, reason: "lease_lost" });
      await assertNothingWritten(storage);
    }),
    transactionCase("leaves the others of the batch alone when it fails", async (storage) => {
      for (const id of ["e2", "e3"]) await createExecution(storage, id);
      const failing = working("e1", async () => {
        throw new Error("no");
      });
      const outcomes = await storage.commit([ending("e2"), failing, ending("e3")]);
      assert.deepEqual(
        outcomes.map(({ ok }) => ok),
        [true, false, true],
      );
      for (const id of ["e2", "e3"]) assert.equal((await storage.getExecution(id))?.status, "completed");
      await assertNothingWritten(storage);
    }),
    transactionCase("sees what it wrote itself", async (storage) => {
      let seen: unknown;
      let written = 0;
      await commitOne(
        storage,
        working("e1", async (tx) => {
          written = (await tx.query(`insert into ${EFFECTS_TABLE} (n) values (1), (2)`)).rowCount;
          seen = (await tx.query(`select n from ${EFFECTS_TABLE} order by n`)).rows.map(({ n }) => Number(n));
        }),
      );
      assert.equal(written, 2);
      assert.deepEqual(seen, [1, 2]);
    }),
    transactionCase("does nothing twice when its commit is sent again", async (storage) => {
      const commit = { ...working("e1", inserting(1)), afterSeq: 1 };
      const outcome = await commitOne(storage, commit);
      assert.deepEqual(await commitOne(storage, commit), outcome);
      assert.deepEqual(await effects(storage), [1]);
    }),
  ],
};
