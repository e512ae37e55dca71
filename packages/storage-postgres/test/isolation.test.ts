import type { ExecutionCommit, Storage } from "@automatrix/core";
import { commitOne, creation } from "@automatrix/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { postgresStorage } from "../src/index.js";
import { describePostgres } from "./support/postgres.js";
import { withClient } from "./support/postgres-server.js";
import { stepCommit } from "./support/step-commit.js";

const SCHEMA = "isolation";

describePostgres("a database that isolates more strictly by default", (database) => {
  describe.each(["repeatable read", "serializable"])("%s", (level) => {
    let storage: Storage;

    beforeEach(async () => {
      await database.created;
      await database.query(`ALTER DATABASE ${database.name} SET default_transaction_isolation = '${level}'`);
      await database.query("DROP TABLE IF EXISTS orders; CREATE TABLE orders (id int)");
      storage = postgresStorage({ connectionString: database.connectionString, schema: SCHEMA });
      await storage.open();
      await database.emptySchema(SCHEMA);
      await commitOne(storage, creation("e1"));
    });

    afterEach(() => storage.close());

    /** Begins `run`, and goes on once it waits for the row of the execution. */
    async function whileRowIsLocked<Result>(before: string, run: () => Promise<Result>): Promise<Result> {
      return withClient(database.connectionString, async (client) => {
        await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; ${before}`);
        const result = run();
        await expect
          .poll(() =>
            database.query(
              "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            ),
          )
          .not.toEqual([]);
        await client.query("COMMIT");
        return result;
      });
    }

    it("runs the transaction of a node once, though it is sent again before its first answer", async () => {
      let runs = 0;
      const commit: ExecutionCommit = {
        ...stepCommit("e1", { step: 0 }),
        transaction: async (tx) => {
          runs += 1;
          await tx.query("INSERT INTO orders (id) VALUES (1)");
        },
      };
      const outcomes = await whileRowIsLocked(`SELECT FROM ${SCHEMA}.executions WHERE id = 'e1' FOR UPDATE`, () =>
        Promise.all([commitOne(storage, commit), commitOne(storage, commit)]),
      );
      expect(outcomes).toEqual([
        { ok: true, firstSeq: 2 },
        { ok: true, firstSeq: 2 },
      ]);
      expect(runs).toBe(1);
      expect(await database.query("SELECT id FROM orders")).toHaveLength(1);
    });

    it("does not park past a signal that came while the row was waited for", async () => {
      const item = (id: string) => ({ id, kind: "signal", name: "go", key: null, data: null, receivedAt: 1 });
      await database.query(`SELECT ${SCHEMA}.add_to_inbox('e1', md5('i1')::uuid, NULL, $1, 10)`, [
        JSON.stringify(item("i1")),
      ]);
      const known = await database.query(`SELECT item_digest FROM ${SCHEMA}.inbox`);
      expect(known).toHaveLength(1);
      const parked = await whileRowIsLocked(
        `SELECT ${SCHEMA}.add_to_inbox('e1', md5('i2')::uuid, NULL, '${JSON.stringify(item("i2"))}', 10)`,
        () => commitOne(storage, { executionId: "e1", epoch: 1, park: { wakeAt: null, knownInbox: [] } }),
      );
      expect(parked).toEqual({ ok: false, reason: "inbox_unread" });
    });
  });
});
