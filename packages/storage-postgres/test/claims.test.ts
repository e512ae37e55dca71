import type { ExecutionRecord, Storage } from "@automatrix/core";
import { commitOne, creation } from "@automatrix/core/testing";
import { expect, it } from "vitest";
import { describePostgres } from "./support/postgres.js";
import { stepCommit } from "./support/step-commit.js";
import { useTwoStorages } from "./support/two-storages.js";

const SCHEMA = "claims";
const QUEUED = { status: "queued", owner: null, startedAt: null } as const;
const LEASE_MS = 60_000;

describePostgres("workers that claim at once", (database) => {
  const [one, two] = useTwoStorages(database, SCHEMA);

  async function claimAll(storage: Storage, workerId: string): Promise<readonly ExecutionRecord[]> {
    const claimed: ExecutionRecord[] = [];
    for (;;) {
      const records = await storage.claim({ workerId, limit: 100, leaseDurationMs: LEASE_MS, dueAt: 5_000 });
      if (records.length === 0) return claimed;
      claimed.push(...records);
    }
  }

  it("share two thousand executions, each claimed once", { timeout: 60_000 }, async () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => `e${index}`);
    const outcomes = await one.commit(ids.map((id) => creation(id, QUEUED)));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    const claims = await Promise.all([claimAll(one, "worker-1"), claimAll(two, "worker-2")]);
    const claimed = claims.flat();
    expect(claimed).toHaveLength(2_000);
    expect(new Set(claimed.map(({ id }) => id)).size).toBe(2_000);
    expect(claims.every((records) => records.length > 0)).toBe(true);
    expect(
      claimed.every(({ epoch, status, startedAt }) => epoch === 2 && status === "running" && startedAt === 5_000),
    ).toBe(true);
  });

  it("never exceed limits together", async () => {
    const limited = (key: string, limit: number) => ({
      ...QUEUED,
      limits: { concurrency: { key, limit }, rate: null },
    });
    const rated = { ...QUEUED, limits: { concurrency: null, rate: { key: "r", count: 7, perMs: 1_000 } } };
    await one.commit([
      ...Array.from({ length: 60 }, (_, index) => creation(`a${index}`, limited("a", 5))),
      ...Array.from({ length: 60 }, (_, index) => creation(`b${index}`, limited("b", 3))),
      ...Array.from({ length: 60 }, (_, index) => creation(`r${index}`, rated)),
    ]);
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? one : two).claim({
          workerId: `w${index}`,
          limit: 4,
          leaseDurationMs: LEASE_MS,
          dueAt: 5_000,
        }),
      ),
    );
    const rest = await Promise.all([claimAll(one, "w0"), claimAll(two, "w1")]);
    const ids = [...claims.flat(), ...rest.flat()].map(({ id }) => id[0]);
    const count = (key: string) => ids.filter((first) => first === key).length;
    expect({ a: count("a"), b: count("b"), r: count("r") }).toEqual({ a: 5, b: 3, r: 7 });
  });

  it("take over when a lease has ended by the database's clock, and the dead one is told", async () => {
    await commitOne(one, creation("e1"));
    expect(await one.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS })).toBe(true);
    expect(await claimAll(two, "worker-2")).toEqual([]);
    // Set back rather than waited for.
    await database.query(
      `UPDATE ${SCHEMA}.workers SET lease_ends_at = lease_ends_at - ${LEASE_MS} WHERE id = 'worker-1'`,
    );
    const [taken] = await claimAll(two, "worker-2");
    expect(await one.listOwned("worker-1")).toEqual([]);
    expect(await one.listOwned("worker-2")).toEqual([{ executionId: "e1", epoch: 2 }]);
    expect(taken).toMatchObject({ id: "e1", owner: "worker-2", epoch: 2, crashes: 1 });
    expect(await one.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS })).toBe(false);
    expect(await claimAll(one, "worker-1")).toEqual([]);
    expect(await commitOne(one, stepCommit("e1", { step: 0 }))).toEqual({ ok: false, reason: "lease_lost" });
    expect((await commitOne(two, stepCommit("e1", { step: 0, epoch: 2 }))).ok).toBe(true);
  });

  it("are revived by a heartbeat that comes before anybody took over", async () => {
    await commitOne(one, creation("e1"));
    await one.heartbeat({ workerId: "worker-1", leaseDurationMs: -1 });
    expect(await one.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS })).toBe(true);
    expect(await claimAll(two, "worker-2")).toEqual([]);
  });

  it("write batches in opposite orders without waiting for each other for ever", async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);
    await one.commit(ids.map((id) => creation(id, { idempotencyKey: `key ${id}` })));
    for (let step = 0; step < 5; step++) {
      const item = (id: string) =>
        ({ id: `${id} ${step}`, kind: "signal", name: "go", payload: 1, key: null, at: 1 }) as const;
      const half = (from: number, to: number) => ids.slice(from, to).map((id) => stepCommit(id, { step }));
      const outcomes = await Promise.all([
        one.commit(
          half(0, 20).map((commit, index) => ({
            ...commit,
            deliver: [{ executionId: ids[39 - index] as string, item: item(commit.executionId) }],
          })),
        ),
        two.commit(
          half(20, 40)
            .reverse()
            .map((commit, index) => ({
              ...commit,
              deliver: [{ executionId: ids[index] as string, item: item(commit.executionId) }],
            })),
        ),
      ]);
      expect(outcomes.flat().every(({ ok }) => ok)).toBe(true);
    }
    expect(await one.listInbox("e39")).toHaveLength(5);
  });

  it("find nothing quickly in a backlog that a full limit holds back", { timeout: 60_000 }, async () => {
    const parts = { ...QUEUED, limits: { concurrency: { key: "k", limit: 1 }, rate: null } };
    await one.commit(Array.from({ length: 1_000 }, (_, index) => creation(`e${index}`, parts)));
    expect(await one.claim({ workerId: "w", limit: 10, leaseDurationMs: LEASE_MS, dueAt: 5_000 })).toHaveLength(1);
    expect(await two.claim({ workerId: "v", limit: 10, leaseDurationMs: LEASE_MS, dueAt: 5_000 })).toEqual([]);
  });
});
