import type { CommitOutcome } from "@automatrix/core";
import { creation } from "@automatrix/core/testing";
import { expect, it } from "vitest";
import { runInChild } from "../../core/test/support/run-in-child.js";
import { postgresStorage } from "../src/index.js";
import { MIGRATION_LOCK } from "../src/migrations/migrate.js";
import { describePostgres } from "./support/postgres.js";
import { withClient } from "./support/postgres-server.js";

const PROCESSES = 2;
const SESSIONS = 6;
/** Two compilers and two engines on a busy machine. */
const DEADLINE_MS = 60_000;
const SCHEMA = "processes";
/** More than a storage with `SHORT_STATEMENT_MS` waits for the answer of a statement. */
const LONG_MIGRATION_MS = 5_500;
const SHORT_STATEMENT_MS = 100;

describePostgres("several processes on one database", (database) => {
  it("migrate it together, and start one execution of a key", { timeout: 2 * DEADLINE_MS }, async () => {
    await database.created;
    const script = new URL("./support/opening-child.ts", import.meta.url);
    const results = await Promise.all(
      Array.from({ length: PROCESSES }, (_, index) =>
        runInChild(script, [database.connectionString, SCHEMA, `e${index}`], DEADLINE_MS),
      ),
    );
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      Array.from({ length: PROCESSES }, () => ({ exitCode: 0, stderr: "" })),
    );
    const outcomes = results.map(({ stdout }) => JSON.parse(stdout) as CommitOutcome);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    const storage = postgresStorage({ connectionString: database.connectionString, schema: SCHEMA });
    await storage.open();
    const { items } = await storage.listExecutions({});
    expect(items).toHaveLength(1);
    expect(outcomes.flatMap((outcome) => ("existingId" in outcome ? [outcome.existingId] : []))).toEqual([
      items[0]?.id,
    ]);
    await storage.close();
  });

  it("migrate it from many sessions at once", async () => {
    await database.created;
    const storages = Array.from({ length: SESSIONS }, () =>
      postgresStorage({ connectionString: database.connectionString, schema: "sessions", pool: { max: 2 } }),
    );
    await Promise.all(storages.map((storage) => storage.open()));
    await Promise.all(storages.map((storage) => storage.getExecution("none")));
    await Promise.all(storages.map((storage) => storage.close()));
  });

  /** As if another process migrated. */
  const whileMigrating = (run: () => Promise<void>) =>
    withClient(database.connectionString, async (client) => {
      await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
      await run();
    });

  it("wait for a migration that takes longer than a statement may", { timeout: 20_000 }, async () => {
    await database.created;
    const storage = postgresStorage({
      connectionString: database.connectionString,
      schema: "waits",
      statementTimeoutMs: SHORT_STATEMENT_MS,
    });
    let opening: Promise<void> = Promise.resolve();
    await whileMigrating(async () => {
      opening = storage.open();
      opening.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, LONG_MIGRATION_MS));
    });
    await opening;
    expect(await storage.listExecutions({})).toMatchObject({ items: [] });
    await storage.close();
  });

  it("stop waiting for a migration when they are closed", async () => {
    await database.created;
    const storage = postgresStorage({ connectionString: database.connectionString, schema: "stops" });
    await whileMigrating(async () => {
      const rejected = expect(storage.open()).rejects.toMatchObject({ code: "storage_unavailable" });
      await storage.close();
      await rejected;
    });
  });

  it("say which right is missing to migrate it", async () => {
    await database.created;
    const role = `stranger_${database.name}`;
    await database.query(`CREATE ROLE ${role} LOGIN`);
    const url = new URL(database.connectionString);
    url.username = role;
    const storage = postgresStorage({ connectionString: url.href, schema: "forbidden" });
    const error = await storage.open().catch((failure: unknown) => failure);
    await storage.close();
    await database.query(`DROP ROLE ${role}`);
    expect(error).toMatchObject({
      code: "invalid_configuration",
      details: { sqlState: "42501" },
      message: expect.stringContaining("permission denied"),
    });
  });

  it("open it without any right to create once it is migrated", async () => {
    await database.created;
    const owner = postgresStorage({ connectionString: database.connectionString, schema: "rights" });
    await owner.open();
    await owner.close();
    const role = `reader_${database.name}`;
    await database.query(`CREATE ROLE ${role} LOGIN`);
    try {
      await database.query(
        `GRANT USAGE ON SCHEMA rights TO ${role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA rights TO ${role}`,
      );
      const url = new URL(database.connectionString);
      url.username = role;
      const storage = postgresStorage({ connectionString: url.href, schema: "rights" });
      await storage.open();
      expect(await storage.commit([creation("e1"), creation("e2")])).toEqual([
        { ok: true, firstSeq: 1 },
        { ok: true, firstSeq: 1 },
      ]);
      expect(await storage.claim({ workerId: "w", limit: 1, leaseDurationMs: 1_000, dueAt: 1 })).toEqual([]);
      await storage.close();
    } finally {
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
