import { createEngine, defineNode, type Storage } from "@automatrix/core";
import { commitOne, creation, inboxItem, silentLogger } from "@automatrix/core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { postgresStorage } from "../src/index.js";
import { describePostgres } from "./support/postgres.js";
import { withClient } from "./support/postgres-server.js";
import { stepCommit } from "./support/step-commit.js";

const SCHEMA = "locked";

describePostgres("executions whose rows somebody else has locked", (database) => {
  let storage: Storage;

  beforeEach(async () => {
    await database.created;
    storage = postgresStorage({ connectionString: database.connectionString, schema: SCHEMA });
    await storage.open();
    await database.emptySchema(SCHEMA);
  });

  afterEach(() => storage.close());

  /** Holds the row until `run` has ended. */
  const whileLocked = <Result>(
    id: string,
    run: (release: () => Promise<unknown>) => Promise<Result>,
  ): Promise<Result> =>
    withClient(database.connectionString, async (client) => {
      await client.query("BEGIN");
      await client.query(`SELECT FROM ${SCHEMA}.executions WHERE id = $1 FOR UPDATE`, [id]);
      return run(() => client.query("COMMIT"));
    });

  it("are busy, and the others of their batch are written", async () => {
    await storage.commit(["e1", "e2", "e3"].map((id) => creation(id)));
    const batch = [stepCommit("e1", { step: 0 }), stepCommit("e2", { step: 0 }), stepCommit("e3", { step: 0 })];
    const outcomes = await whileLocked("e2", () => storage.commit([...batch, creation("e4")]));
    expect(outcomes).toEqual([
      { ok: true, firstSeq: 2 },
      { ok: false, reason: "busy" },
      { ok: true, firstSeq: 2 },
      { ok: true, firstSeq: 1 },
    ]);
    expect(await storage.commit(batch)).toEqual(batch.map(() => ({ ok: true, firstSeq: 2 })));
    expect(await storage.listNodes("e2")).toHaveLength(1);
  });

  it("are busy for those who send them something", async () => {
    await storage.commit(["parent", "child", "other"].map((id) => creation(id)));
    const deliver = [{ executionId: "parent", item: inboxItem("i1") }];
    const batch = [{ ...stepCommit("child", { step: 0 }), deliver }, stepCommit("other", { step: 0 })];
    expect(await whileLocked("parent", () => storage.commit(batch))).toEqual([
      { ok: false, reason: "busy" },
      { ok: true, firstSeq: 2 },
    ]);
    expect(await storage.commit(batch)).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it("are waited for by a cancel, and by a signal", { timeout: 20_000 }, async () => {
    await commitOne(storage, creation("e1"));
    const [cancelled, added] = await whileLocked("e1", async (release) => {
      const both = Promise.all([storage.requestCancel("e1", "stop", 5), storage.addToInbox("e1", inboxItem("i1"), 10)]);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await release();
      return both;
    });
    expect(cancelled).toBe("running");
    expect(added).toBe("added");
  });

  it("go on once they are free, and nothing of the others runs again", { timeout: 30_000 }, async () => {
    const runs = new Map<string, number>();
    const started: (() => void)[] = [];
    const node = defineNode({
      type: "gate",
      async execute({ execution }) {
        runs.set(execution.id, (runs.get(execution.id) ?? 0) + 1);
        await new Promise<void>((resolve) => started.push(resolve));
      },
    });
    const engineStorage = postgresStorage({ connectionString: database.connectionString, schema: SCHEMA });
    await using engine = createEngine({ storage: engineStorage, nodes: [node], logger: silentLogger });
    await engine.start();
    const handles = await Promise.all(
      Array.from({ length: 11 }, () => engine.execute({ nodes: [{ id: "a", type: "gate" }] })),
    );
    await expect.poll(() => started.length).toBe(11);
    const [held, ...others] = handles;
    await whileLocked(held?.id as string, async (release) => {
      for (const open of started) open();
      const results = await Promise.all(others.map((handle) => handle.result()));
      expect(results.map(({ status }) => status)).toEqual(others.map(() => "completed"));
      expect((await engine.getExecution(held?.id as string)).status).toBe("running");
      await release();
    });
    expect((await held?.result())?.status).toBe("completed");
    expect([...runs.values()]).toEqual(handles.map(() => 1));
  });
});
