import assert from "node:assert/strict";
import { commitOne } from "../../sample-rows.js";
import { type CaseGroup, claim, claimIds, createExecution, createQueued, DUE_AT, ending } from "../conformance-case.js";

export const claimCases: CaseGroup = {
  group: "claiming",
  cases: [
    {
      name: "takes what nobody owns, raises the epoch and counts no crash",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.release({ executionId: "e1", epoch: 1 });
        assert.equal((await storage.getExecution("e1"))?.owner, null);
        assert.deepEqual(
          (await claim(storage)).map(({ id, owner, epoch, crashes }) => ({ id, owner, epoch, crashes })),
          [{ id: "e1", owner: "worker-2", epoch: 2, crashes: 0 }],
        );
        assert.deepEqual(await claim(storage, { workerId: "worker-3" }), []);
      },
    },
    {
      name: "lets a queued one run, from the instant that the claimer names",
      check: async ({ storage }) => {
        await createQueued(storage, "e1");
        const [claimed] = await claim(storage);
        assert.deepEqual([claimed?.status, claimed?.startedAt], ["running", DUE_AT]);
      },
    },
    {
      name: "answers the rows as they are now",
      check: async ({ storage }) => {
        await createQueued(storage, "e1", { input: { large: "x".repeat(20_000) } });
        const [claimed] = await claim(storage);
        assert.deepEqual(claimed, await storage.getExecution("e1"));
      },
    },
    {
      name: "keeps when it started, if it did",
      check: async ({ storage }) => {
        await createQueued(storage, "e1", { startedAt: 1_234 });
        assert.equal((await claim(storage))[0]?.startedAt, 1_234);
      },
    },
    {
      name: "keeps the status of what is neither queued nor parked",
      check: async ({ storage }) => {
        await createExecution(storage, "e1", { status: "waiting" });
        await storage.release({ executionId: "e1", epoch: 1 });
        assert.equal((await claim(storage))[0]?.status, "waiting");
      },
    },
    {
      name: "leaves alone what another worker owns",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        assert.deepEqual(await claimIds(storage), []);
      },
    },
    {
      name: "takes no more than asked for, and nothing that has ended",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2", "e3"]) await createExecution(storage, id, { owner: null });
        await commitOne(storage, ending("e2"));
        assert.equal((await claim(storage, { limit: 1 })).length, 1);
        assert.equal((await claim(storage)).length, 1);
        assert.equal((await claim(storage)).length, 0);
      },
    },
    {
      name: "gives each execution to one of many workers that claim at once",
      check: async ({ storage }) => {
        for (let index = 0; index < 30; index++) await createExecution(storage, `e${index}`, { owner: null });
        const claims = await Promise.all(
          Array.from({ length: 6 }, (_, index) => claimIds(storage, { workerId: `worker-${index + 10}` })),
        );
        const claimed = claims.flat();
        assert.equal(new Set(claimed).size, claimed.length);
        assert.equal(claimed.length, 30);
      },
    },
    {
      name: "takes what was claimed, released and claimed again, each time in a higher epoch",
      check: async ({ storage }) => {
        await createQueued(storage, "e1");
        for (let epoch = 2; epoch < 6; epoch++) {
          assert.equal((await claim(storage))[0]?.epoch, epoch);
          await storage.release({ executionId: "e1", epoch });
        }
      },
    },
    {
      name: "leaves alone what is blocked, until it is unblocked with its crashes forgotten",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const blocked = { code: "quarantined", message: "m", nodeId: "a" };
        await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          patch: { status: "waiting", blocked, crashes: 3 },
        });
        await storage.release({ executionId: "e1", epoch: 1 });
        assert.deepEqual(await claimIds(storage), []);
        assert.deepEqual((await storage.getExecution("e1"))?.blocked, blocked);
        assert.equal(await storage.unblock("e1"), true);
        const [claimed] = await claim(storage);
        assert.deepEqual([claimed?.id, claimed?.blocked, claimed?.crashes], ["e1", null, 0]);
      },
    },
    {
      name: "says when there is nothing to unblock",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        assert.equal(await storage.unblock("e1"), false);
        assert.equal(await storage.unblock("none"), false);
      },
    },
  ],
};
