import assert from "node:assert/strict";
import type { FlowLimits } from "../../../ports/execution-record.js";
import type { Storage } from "../../../ports/storage.js";
import { commitOne, eventDraft, executionRecord } from "../../sample-rows.js";
import {
  type CaseGroup,
  claim,
  claimIds,
  createExecution,
  createParked,
  createQueued,
  ending,
  LEASE_MS,
  parking,
} from "../conformance-case.js";

function concurrency(limit: number, key = "k"): FlowLimits {
  return { concurrency: { key, limit }, rate: null };
}

function rate(count: number, perMs: number, key = "k"): FlowLimits {
  return { concurrency: null, rate: { key, count, perMs } };
}

async function queueMany(storage: Storage, ids: readonly string[], limits: FlowLimits): Promise<void> {
  for (const [index, id] of ids.entries()) await createQueued(storage, id, { limits, createdAt: 1_000 + index });
}

/** Claims of several workers at the same moment. */
async function claimAtOnce(storage: Storage, workers: number): Promise<readonly string[]> {
  const claims = await Promise.all(
    Array.from({ length: workers }, (_, index) => claimIds(storage, { workerId: `worker-${index + 10}` })),
  );
  return claims.flat();
}

async function createAtLimit(storage: Storage, id: string, limits: FlowLimits = concurrency(2)) {
  return commitOne(storage, {
    executionId: id,
    epoch: 1,
    create: executionRecord(id, { status: "queued", owner: null, startedAt: null, limits }),
    events: [eventDraft(id, "execution.created")],
    refuseAtLimit: true,
  });
}

export const concurrencyCases: CaseGroup = {
  group: "limits of concurrency",
  cases: [
    {
      name: "lets as many run as may, and the next once one has ended",
      check: async ({ storage }) => {
        await queueMany(storage, ["e1", "e2", "e3"], concurrency(2));
        assert.deepEqual([...(await claimIds(storage))].sort(), ["e1", "e2"]);
        assert.deepEqual(await claimIds(storage), []);
        await commitOne(storage, ending("e1", "failed", 2));
        assert.deepEqual(await claimIds(storage), ["e3"]);
      },
    },
    {
      name: "counts those that were created running",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { limits: concurrency(1) });
        await queueMany(storage, ["e1"], concurrency(1));
        assert.deepEqual(await claimIds(storage), []);
      },
    },
    {
      name: "gives the place of one that parks to the next",
      check: async ({ storage }) => {
        await queueMany(storage, ["e1", "e2"], concurrency(1));
        assert.deepEqual(await claimIds(storage), ["e1"]);
        await commitOne(storage, parking("e1", { epoch: 2 }));
        assert.deepEqual(await claimIds(storage), ["e2"]);
      },
    },
    {
      name: "holds back a parked one that is due, until there is a place",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { limits: concurrency(1), wakeAt: 5_000 });
        await createExecution(storage, "r1", { limits: concurrency(1) });
        assert.deepEqual(await claimIds(storage), []);
        await commitOne(storage, ending("r1"));
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "takes over a running one whatever the limit: it has its place",
      needsClock: true,
      check: async ({ storage, clock }) => {
        for (const id of ["e1", "e2"]) await createExecution(storage, id, { limits: concurrency(1) });
        await storage.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS });
        await clock.advance(LEASE_MS + 1);
        assert.deepEqual([...(await claimIds(storage))].sort(), ["e1", "e2"]);
      },
    },
    {
      name: "counts each key apart",
      check: async ({ storage }) => {
        for (const key of ["k1", "k2"]) await queueMany(storage, [`${key}-a`, `${key}-b`], concurrency(1, key));
        assert.deepEqual([...(await claimIds(storage))].sort(), ["k1-a", "k2-a"]);
      },
    },
    {
      name: "takes what comes after one that is held back",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { limits: concurrency(1) });
        await createQueued(storage, "e1", { limits: concurrency(1), priority: 9 });
        await createQueued(storage, "e2");
        assert.deepEqual(await claimIds(storage, { limit: 1 }), ["e2"]);
      },
    },
    {
      name: "is not exceeded by workers that claim at once",
      check: async ({ storage }) => {
        await queueMany(
          storage,
          Array.from({ length: 12 }, (_, index) => `e${index}`),
          concurrency(3),
        );
        assert.equal((await claimAtOnce(storage, 5)).length, 3);
      },
    },
    {
      name: "lists those that count against a key",
      check: async ({ storage }) => {
        await createExecution(storage, "e1", { limits: concurrency(1, "k1") });
        await createExecution(storage, "e2", { limits: concurrency(1, "k2") });
        await createExecution(storage, "e3");
        const { items } = await storage.listExecutions({ limitKey: "k1" });
        assert.deepEqual(
          items.map(({ id }) => id),
          ["e1"],
        );
      },
    },
  ],
};

export const refusalCases: CaseGroup = {
  group: "refusing at the limit",
  cases: [
    {
      name: "refuses a start when as many are queued or running as may run, and writes nothing of it",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { limits: concurrency(2) });
        assert.equal((await createAtLimit(storage, "e1")).ok, true);
        assert.deepEqual(await createAtLimit(storage, "e2"), { ok: false, reason: "limit_reached" });
        assert.equal(await storage.getExecution("e2"), undefined);
        await commitOne(storage, ending("r1"));
        assert.equal((await createAtLimit(storage, "e2")).ok, true);
      },
    },
    {
      name: "frees the idempotency key of a refused start",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { limits: concurrency(1) });
        const limits = concurrency(1);
        const create = executionRecord("e1", { limits, idempotencyKey: "k" });
        const refused = { executionId: "e1", epoch: 1, create, refuseAtLimit: true };
        assert.deepEqual(await commitOne(storage, refused), { ok: false, reason: "limit_reached" });
        assert.equal(await storage.findByIdempotencyKey("k"), undefined);
      },
    },
    {
      name: "answers a duplicate start with the first execution although the limit is reached",
      check: async ({ storage }) => {
        const limits = concurrency(1);
        await createExecution(storage, "e1", { limits, idempotencyKey: "k" });
        const create = executionRecord("e2", { limits, idempotencyKey: "k" });
        assert.deepEqual(await commitOne(storage, { executionId: "e2", epoch: 1, create, refuseAtLimit: true }), {
          ok: false,
          reason: "duplicate",
          existingId: "e1",
        });
      },
    },
    {
      name: "does not count those that wait",
      check: async ({ storage }) => {
        await createParked(storage, "r1", { limits: concurrency(1) });
        assert.equal((await createAtLimit(storage, "e1", concurrency(1))).ok, true);
      },
    },
    {
      name: "counts the starts before it in the batch",
      check: async ({ storage }) => {
        const outcomes = await storage.commit(
          ["e1", "e2", "e3"].map((id) => ({
            executionId: id,
            epoch: 1,
            create: executionRecord(id, { limits: concurrency(2) }),
            refuseAtLimit: true,
          })),
        );
        assert.deepEqual(
          outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.reason)),
          ["ok", "ok", "limit_reached"],
        );
      },
    },
    {
      name: "is not exceeded by starts at the same moment",
      check: async ({ storage }) => {
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, (_, index) => createAtLimit(storage, `e${index}`, concurrency(3))),
        );
        assert.equal(outcomes.filter(({ ok }) => ok).length, 3);
      },
    },
    {
      name: "takes a start over the limit that is content to wait",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { limits: concurrency(1) });
        assert.equal((await createQueued(storage, "e1", { limits: concurrency(1) })).ok, true);
      },
    },
  ],
};

export const rateCases: CaseGroup = {
  group: "limits of rate",
  cases: [
    {
      name: "lets as many start in a window as may, and the next after it",
      check: async ({ storage }) => {
        await queueMany(storage, ["e1", "e2", "e3"], rate(2, 1_000));
        assert.deepEqual([...(await claimIds(storage, { dueAt: 10_000 }))].sort(), ["e1", "e2"]);
        assert.deepEqual(await claimIds(storage, { dueAt: 10_999 }), []);
        assert.deepEqual(await claimIds(storage, { dueAt: 11_001 }), ["e3"]);
      },
    },
    {
      name: "counts starts of executions that have ended, and of those created running",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { limits: rate(2, 1_000), startedAt: 9_900 });
        await queueMany(storage, ["e1", "e2"], rate(2, 1_000));
        assert.deepEqual(await claimIds(storage), ["e1"]);
        await commitOne(storage, ending("e1", "completed", 2));
        assert.deepEqual(await claimIds(storage), []);
      },
    },
    {
      name: "does not hold back what started before",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { limits: rate(1, 1_000), startedAt: 1_000, wakeAt: 5_000 });
        await createExecution(storage, "r1", { limits: rate(1, 1_000), startedAt: 9_900 });
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "counts a window by the execution's own length of it",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { limits: rate(1, 1_000), startedAt: 8_000 });
        await createQueued(storage, "e1", { limits: rate(1, 5_000), createdAt: 1_001 });
        await createQueued(storage, "e2", { limits: rate(1, 1_000), createdAt: 1_002 });
        assert.deepEqual(await claimIds(storage), ["e2"]);
      },
    },
    {
      name: "counts each key apart",
      check: async ({ storage }) => {
        for (const key of ["k1", "k2"]) await queueMany(storage, [`${key}-a`, `${key}-b`], rate(1, 1_000, key));
        assert.deepEqual([...(await claimIds(storage))].sort(), ["k1-a", "k2-a"]);
      },
    },
    {
      name: "holds together with a limit of concurrency",
      check: async ({ storage }) => {
        const limits = { ...concurrency(2), rate: { key: "r", count: 1, perMs: 1_000 } };
        await queueMany(storage, ["e1", "e2", "e3"], limits);
        assert.deepEqual(await claimIds(storage, { dueAt: 10_000 }), ["e1"]);
        assert.deepEqual(await claimIds(storage, { dueAt: 12_000 }), ["e2"]);
        assert.deepEqual(await claimIds(storage, { dueAt: 14_000 }), []);
      },
    },
    {
      name: "is not exceeded by workers that claim at once",
      check: async ({ storage }) => {
        await queueMany(
          storage,
          Array.from({ length: 12 }, (_, index) => `e${index}`),
          rate(3, 1_000),
        );
        assert.equal((await claimAtOnce(storage, 5)).length, 3);
        assert.equal((await claim(storage, { dueAt: 20_000 })).length, 3);
      },
    },
  ],
};
