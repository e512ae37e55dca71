import assert from "node:assert/strict";
import type { Storage } from "../../../ports/storage.js";
import { commitOne } from "../../sample-rows.js";
import {
  type CaseGroup,
  claim,
  claimIds,
  createExecution,
  createParked,
  ending,
  LEASE_MS,
} from "../conformance-case.js";

function heartbeat(storage: Storage, workerId = "worker-1"): Promise<boolean> {
  return storage.heartbeat({ workerId, leaseDurationMs: LEASE_MS });
}

export const leaseCases: CaseGroup = {
  group: "leases",
  cases: [
    {
      name: "takes over when a lease has ended, and counts the crash",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        assert.equal(await heartbeat(storage), true);
        await clock.advance(LEASE_MS - 1);
        assert.deepEqual(await claim(storage), []);
        await clock.advance(2);
        const [taken] = await claim(storage);
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
          assert.equal(await heartbeat(storage), true);
          await clock.advance(LEASE_MS - 1);
          assert.deepEqual(await claim(storage), []);
        }
      },
    },
    {
      name: "covers what the worker comes to own after its sign of life",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await heartbeat(storage);
        await clock.advance(LEASE_MS - 1_000);
        await createExecution(storage, "e1");
        assert.deepEqual(await claimIds(storage), []);
        await clock.advance(1_001);
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "takes a worker that never gave a sign of life for alive",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        await clock.advance(100 * LEASE_MS);
        assert.deepEqual(await claimIds(storage), []);
        assert.equal(await heartbeat(storage), true);
      },
    },
    {
      name: "takes a claim for a sign of life",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1", { owner: null });
        assert.deepEqual(await claimIds(storage), ["e1"]);
        await clock.advance(LEASE_MS - 1);
        assert.deepEqual(await claimIds(storage, { workerId: "worker-3" }), []);
        await clock.advance(2);
        const [taken] = await claim(storage, { workerId: "worker-3" });
        assert.deepEqual([taken?.id, taken?.epoch, taken?.crashes], ["e1", 3, 1]);
      },
    },
    {
      name: "counts each crash",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1", { owner: null });
        for (let crashes = 0; crashes < 4; crashes++) {
          const [taken] = await claim(storage, { workerId: `worker-${crashes + 10}` });
          assert.equal(taken?.crashes, crashes);
          await clock.advance(LEASE_MS + 1);
        }
      },
    },
    {
      name: "takes over everything of a dead worker, and nothing of the living",
      needsClock: true,
      check: async ({ storage, clock }) => {
        for (const id of ["e1", "e2", "e3"]) await createExecution(storage, id);
        await createExecution(storage, "e4", { owner: "worker-3" });
        await heartbeat(storage);
        await clock.advance(LEASE_MS - 1);
        await heartbeat(storage, "worker-3");
        await clock.advance(2);
        const taken = [
          await claimIds(storage, { limit: 1 }),
          await claimIds(storage, { limit: 1 }),
          await claimIds(storage),
        ];
        assert.deepEqual(taken.flat().sort(), ["e1", "e2", "e3"]);
      },
    },
    {
      name: "keeps status and start of what is taken over",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1", { createdAt: 1_001 });
        await createExecution(storage, "e2", { status: "waiting", createdAt: 1_002 });
        await heartbeat(storage);
        await clock.advance(LEASE_MS + 1);
        assert.deepEqual(
          (await claim(storage)).map(({ id, status, startedAt }) => [id, status, startedAt]),
          [
            ["e1", "running", 1_000],
            ["e2", "waiting", 1_000],
          ],
        );
      },
    },
    {
      name: "leaves alone what is blocked or parked when its worker dies",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        const blocked = { code: "quarantined", message: "m" };
        await commitOne(storage, { executionId: "e1", epoch: 1, patch: { status: "waiting", blocked } });
        await createParked(storage, "e2");
        await heartbeat(storage);
        await clock.advance(LEASE_MS + 1);
        assert.deepEqual(await claimIds(storage), []);
      },
    },
    {
      name: "counts no crash for what was given back or parked before the worker died",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        await storage.release({ executionId: "e1", epoch: 1 });
        await createParked(storage, "e2", { wakeAt: 5_000 });
        await heartbeat(storage);
        await clock.advance(LEASE_MS + 1);
        assert.deepEqual(
          (await claim(storage)).map(({ crashes }) => crashes),
          [0, 0],
        );
      },
    },
    {
      name: "gives what a dead worker owned to one of many that claim at once",
      needsClock: true,
      check: async ({ storage, clock }) => {
        for (let index = 0; index < 20; index++) await createExecution(storage, `e${index}`);
        await heartbeat(storage);
        await clock.advance(LEASE_MS + 1);
        const claims = await Promise.all(
          Array.from({ length: 4 }, (_, index) => claim(storage, { workerId: `worker-${index + 10}` })),
        );
        const taken = claims.flat();
        assert.equal(new Set(taken.map(({ id }) => id)).size, 20);
        assert.ok(taken.every(({ epoch, crashes }) => epoch === 2 && crashes === 1));
      },
    },
    {
      name: "tells a worker that was declared dead",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        await heartbeat(storage);
        await clock.advance(LEASE_MS + 1);
        assert.equal((await claim(storage)).length, 1);
        assert.equal(await heartbeat(storage), false);
        assert.equal(await heartbeat(storage, "worker-2"), true);
      },
    },
    {
      name: "lets a worker that was late go on, as long as nobody claimed meanwhile",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        await heartbeat(storage);
        await clock.advance(LEASE_MS + 1);
        assert.equal(await heartbeat(storage), true);
        assert.deepEqual(await claimIds(storage), []);
        assert.equal((await commitOne(storage, ending("e1"))).ok, true);
      },
    },
  ],
};
