import assert from "node:assert/strict";
import type { Storage } from "../../ports/storage.js";
import { type CaseGroup, commitOne, createExecution, ending } from "./conformance-case.js";

const LEASE_MS = 15_000;

async function claim(storage: Storage, workerId: string, limit = 10) {
  return storage.claim({ workerId, limit, leaseDurationMs: LEASE_MS, now: await storage.now() });
}

export const leaseCases: CaseGroup = {
  group: "leases",
  cases: [
    {
      name: "claims what nobody owns, raises the epoch and counts no crash",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.release({ executionId: "e1", epoch: 1 });
        assert.equal((await storage.getExecution("e1"))?.owner, null);
        const claimed = await claim(storage, "worker-2");
        assert.deepEqual(
          claimed.map(({ id, owner, epoch, crashes }) => ({ id, owner, epoch, crashes })),
          [{ id: "e1", owner: "worker-2", epoch: 2, crashes: 0 }],
        );
        assert.deepEqual(await claim(storage, "worker-3"), []);
      },
    },
    {
      name: "claims no more than asked for, and nothing that has ended",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2", "e3"]) await createExecution(storage, id, { owner: null });
        await commitOne(storage, ending("e2"));
        assert.equal((await claim(storage, "worker-2", 1)).length, 1);
        assert.equal((await claim(storage, "worker-2", 10)).length, 1);
        assert.equal((await claim(storage, "worker-2", 10)).length, 0);
      },
    },
    {
      name: "gives each execution to one of many workers that claim at once",
      check: async ({ storage }) => {
        const ids = Array.from({ length: 30 }, (_, index) => `e${index}`);
        for (const id of ids) await createExecution(storage, id, { owner: null });
        const claims = await Promise.all(Array.from({ length: 6 }, (_, index) => claim(storage, `worker-${index}`)));
        const claimed = claims.flat().map(({ id }) => id);
        assert.equal(new Set(claimed).size, claimed.length);
        assert.equal(claimed.length, 30);
      },
    },
    {
      name: "ignores a release with a stale epoch",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.release({ executionId: "e1", epoch: 7 });
        assert.equal((await storage.getExecution("e1"))?.owner, "worker-1");
        await storage.release({ executionId: "none", epoch: 1 });
      },
    },
    {
      name: "takes over when a lease has ended, and counts the crash",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        assert.equal(await storage.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS }), true);
        await clock.advance(LEASE_MS - 1);
        assert.deepEqual(await claim(storage, "worker-2"), []);
        await clock.advance(2);
        const [taken] = await claim(storage, "worker-2");
        assert.deepEqual([taken?.owner, taken?.epoch, taken?.crashes], ["worker-2", 2, 1]);
        assert.deepEqual(await commitOne(storage, ending("e1")), { ok: false, reason: "lease_lost" });
      },
    },
    {
      name: "keeps a lease as long as the worker gives a sign of life",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        for (let beat = 0; beat < 5; beat++) {
          assert.equal(await storage.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS }), true);
          await clock.advance(LEASE_MS - 1);
          assert.deepEqual(await claim(storage, "worker-2"), []);
        }
      },
    },
    {
      name: "tells a worker that was declared dead",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        await storage.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS });
        await clock.advance(LEASE_MS + 1);
        assert.equal((await claim(storage, "worker-2")).length, 1);
        assert.equal(await storage.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS }), false);
        assert.equal(await storage.heartbeat({ workerId: "worker-2", leaseDurationMs: LEASE_MS }), true);
      },
    },
  ],
};
