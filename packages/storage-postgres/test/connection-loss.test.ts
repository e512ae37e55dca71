import { AutomatrixError, type Storage } from "@automatrix/core";
import { commitOne, creation } from "@automatrix/core/testing";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { postgresStorage } from "../src/index.js";
import { describePostgres, type TestDatabase } from "./support/postgres.js";
import { stepCommit } from "./support/step-commit.js";
import { startVanishingServer } from "./support/vanishing-server.js";

const SCHEMA = "loss";
/** Three seconds, on a busy machine. */
const LONGEST_CLOSE_MS = 4_500;
const ALL_EVENTS = { after: 0, limit: 1_000 };

/** Ends every session of the storage that waits for a lock, once there is one. */
async function terminateWaiting(database: TestDatabase): Promise<void> {
  for (;;) {
    const ended = await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'automatrix' AND wait_event_type = 'Lock'`,
    );
    if (ended.length > 0) return;
  }
}

describePostgres("a storage that loses its connection", (database) => {
  let storage: Storage;

  beforeEach(async () => {
    await database.created;
    await database.emptySchema(SCHEMA);
    storage = postgresStorage({ connectionString: database.connectionString, schema: SCHEMA });
    await storage.open();
    await storage.commit(["e1", "e2"].map((id) => creation(id)));
  });

  afterEach(() => storage.close());

  async function whileRowIsLocked(id: string, run: () => Promise<void>): Promise<void> {
    const client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    try {
      await client.query("BEGIN");
      await client.query(`SELECT FROM ${SCHEMA}.executions WHERE id = $1 FOR UPDATE`, [id]);
      await run();
    } finally {
      await client.end();
    }
  }

  it("rejects the batch as unavailable, recovers, and takes the same batch again once", async () => {
    const batch = [stepCommit("e1", { step: 0 }), stepCommit("e2", { step: 0 })];
    await whileRowIsLocked("e2", async () => {
      const rejected = expect(storage.commit(batch)).rejects.toMatchObject({ code: "storage_unavailable" });
      await terminateWaiting(database);
      await rejected;
    });
    expect(await storage.listNodes("e1")).toEqual([]);
    for (let sending = 0; sending < 2; sending++)
      expect(await storage.commit(batch)).toEqual([
        { ok: true, firstSeq: 2 },
        { ok: true, firstSeq: 2 },
      ]);
    expect(await storage.listEvents("e1", ALL_EVENTS)).toHaveLength(2);
    expect(await storage.listNodes("e2")).toHaveLength(1);
  });

  it("acknowledges a batch that was written while its answer was lost", async () => {
    const batch = [stepCommit("e1", { step: 0 })];
    // Two sendings at once, as when the first still runs on a connection given up by the client.
    let both: Promise<unknown> = Promise.resolve();
    await whileRowIsLocked("e1", async () => {
      both = Promise.all([storage.commit(batch), storage.commit(batch)]);
    });
    expect(await both).toEqual([[{ ok: true, firstSeq: 2 }], [{ ok: true, firstSeq: 2 }]]);
    expect(await storage.listEvents("e1", ALL_EVENTS)).toHaveLength(2);
  });

  it("survives the end of idle connections", async () => {
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'automatrix'",
    );
    await expect
      .poll(() =>
        storage.now().then(
          () => "answered",
          () => "lost",
        ),
      )
      .toBe("answered");
    expect((await commitOne(storage, stepCommit("e1", { step: 0 }))).ok).toBe(true);
  });

  it("gives up a statement that takes too long", async () => {
    const hasty = postgresStorage({
      connectionString: database.connectionString,
      schema: SCHEMA,
      statementTimeoutMs: 50,
    });
    await hasty.open();
    await whileRowIsLocked("e1", async () => {
      await expect(hasty.commit([stepCommit("e1", { step: 0 })])).rejects.toMatchObject({
        code: "storage_unavailable",
      });
    });
    expect((await commitOne(hasty, stepCommit("e1", { step: 0 }))).ok).toBe(true);
    await hasty.close();
  });

  it("closes soon though the server has vanished with statements under way", { timeout: 20_000 }, async () => {
    await using server = await startVanishingServer(database.connectionString);
    const orphan = postgresStorage({ connectionString: server.connectionString, schema: SCHEMA });
    await orphan.open();
    // More than one, so that some wait for new connections, which are not answered either.
    await Promise.all([orphan.now(), orphan.now()]);
    server.vanish();
    const lost = Array.from({ length: 4 }, () =>
      expect(orphan.getExecution("e1")).rejects.toMatchObject({ code: "storage_unavailable" }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    const startedAt = performance.now();
    await orphan.close();
    expect(performance.now() - startedAt).toBeLessThan(LONGEST_CLOSE_MS);
    await Promise.all(lost);
  });

  it("answers, when it closes, also those who wait for a connection", async () => {
    const small = postgresStorage({ connectionString: database.connectionString, schema: SCHEMA, pool: { max: 2 } });
    await small.open();
    await whileRowIsLocked("e1", async () => {
      const commits = Array.from({ length: 8 }, (_, step) => small.commit([stepCommit("e1", { step })]));
      const startedAt = performance.now();
      const outcomes = Promise.allSettled(commits);
      await small.close();
      for (const outcome of await outcomes)
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: "storage_unavailable" } });
      expect(performance.now() - startedAt).toBeLessThan(LONGEST_CLOSE_MS);
    });
  });

  it("may be opened again while it closes", async () => {
    for (let time = 0; time < 5; time++) {
      const closed = storage.close();
      await storage.open();
      await closed;
      expect(await storage.getExecution("e1")).toBeDefined();
    }
  });

  it("says what is wrong with a database that is not there", async () => {
    const url = new URL(database.connectionString);
    url.pathname = "/no_such_database";
    url.password = "s3cret-word";
    const error = await postgresStorage({ connectionString: url.href })
      .open()
      .catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "invalid_configuration", details: { sqlState: "3D000" } });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("s3cret-word");
  });
});

describe("a storage without a server", () => {
  it("rejects as unavailable, without the password", async () => {
    const storage = postgresStorage({ connectionString: "postgres://me:s3cret-word@127.0.0.1:1/none" });
    const error = await storage.open().catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "storage_unavailable" });
    expect(String((error as Error).stack)).not.toContain("s3cret-word");
    await storage.close();
  });

  it("has to be opened first", async () => {
    const storage = postgresStorage({ connectionString: "postgres://127.0.0.1:1/none" });
    await expect(storage.getExecution("e1")).rejects.toMatchObject({ code: "storage_unavailable" });
  });

  it("refuses options that cannot work", () => {
    const refused = (options: object) => {
      try {
        postgresStorage({ connectionString: "postgres://127.0.0.1/x", ...options });
        return undefined;
      } catch (error) {
        expect(String(error)).not.toContain("s3cret-word");
        return AutomatrixError.is(error) ? error.code : error;
      }
    };
    expect(refused({})).toBeUndefined();
    expect(refused({ connectionString: "postgres://me:s3cret-word@[::bad/x" })).toBe("invalid_configuration");
    for (const schema of ['a"; DROP TABLE x; --', "", "1a", "pg_temp", "ä", "x".repeat(64)])
      expect(refused({ schema })).toBe("invalid_configuration");
    for (const max of [0, 1]) expect(refused({ pool: { max } })).toBe("invalid_configuration");
    expect(refused({ pool: { max: 2 } })).toBeUndefined();
    expect(refused({ statementTimeoutMs: Number.NaN })).toBe("invalid_configuration");
  });
});
