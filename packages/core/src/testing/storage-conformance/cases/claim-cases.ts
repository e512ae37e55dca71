import assert from "node:assert/strict";
import type { ClaimedExecution, ExecutionRecord } from "../../../ports/execution-record.js";
import { commitOne, inboxItem } from "../../sample-rows.js";
import {
  type CaseGroup,
  claim,
  claimIds,
  createExecution,
  createParked,
  createQueued,
  DUE_AT,
  ending,
  LEASE_MS,
} from "../conformance-case.js";

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
        assert.deepEqual(recordOf(claimed), await storage.getExecution("e1"));
      },
    },
    {
      name: "says so of each whose inbox holds something unread",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2", "e3", "e4"]) await createQueued(storage, id);
        for (const id of ["e2", "e3", "e4"]) await storage.addToInbox(id, inboxItem(`item of ${id}`), 10);
        const [named] = await claim(storage, { executionId: "e2" });
        const [among] = await claim(storage, { among: ["e3"] });
        const next = await claim(storage);
        const unread = [named, among, ...next]
          .filter((claimed) => claimed?.mayHaveUnread)
          .map((claimed) => claimed?.id);
        assert.ok(
          ["e2", "e3", "e4"].every((id) => unread.includes(id)),
          `only of ${unread.join(", ")}`,
        );
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
      name: "takes the named one before others, owned by nobody, whatever it requires",
      check: async ({ storage }) => {
        await createQueued(storage, "e1", { priority: 9 });
        await createQueued(storage, "e2", { requires: ["gpu"] });
        const [claimed, ...others] = await claim(storage, { executionId: "e2", offers: [] });
        assert.deepEqual([claimed?.id, claimed?.owner, claimed?.epoch, others.length], ["e2", "worker-2", 2, 0]);
        assert.deepEqual(recordOf(claimed), await storage.getExecution("e2"));
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "takes the named one though it is parked and has nothing to do",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { wakeAt: DUE_AT * 2 });
        assert.deepEqual(await claimIds(storage), []);
        const [claimed] = await claim(storage, { executionId: "e1" });
        assert.deepEqual(
          [claimed?.id, claimed?.status, claimed?.isParked, claimed?.wakeAt],
          ["e1", "running", false, null],
        );
      },
    },
    {
      name: "leaves alone a named one that is another's, blocked, ended or unknown",
      check: async ({ storage }) => {
        await createExecution(storage, "owned");
        await createQueued(storage, "ended");
        await commitOne(storage, ending("ended", "cancelled"));
        await createExecution(storage, "blocked", { owner: null, blocked: { code: "quarantined", message: "m" } });
        for (const executionId of ["owned", "ended", "blocked", "none"])
          assert.deepEqual(await claimIds(storage, { executionId }), [], executionId);
      },
    },
    {
      name: "takes a named one of a worker whose lease ended, and counts the crash",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        await storage.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS });
        assert.deepEqual(await claimIds(storage, { executionId: "e1" }), []);
        await clock.advance(LEASE_MS + 1);
        const [claimed] = await claim(storage, { executionId: "e1" });
        assert.deepEqual([claimed?.owner, claimed?.crashes, claimed?.epoch], ["worker-2", 1, 2]);
        assert.equal(await storage.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS }), false);
      },
    },
    {
      name: "takes among those named, by priority, no more than asked for",
      check: async ({ storage }) => {
        for (const [id, priority] of [
          ["e1", 0],
          ["e2", 5],
          ["e3", 0],
          ["e4", 9],
        ] as const)
          await createQueued(storage, id, { priority });
        assert.deepEqual(await claimIds(storage, { among: ["e3", "e2", "e1", "none", "e3"], limit: 2 }), ["e2", "e1"]);
        assert.deepEqual(await claimIds(storage, { among: ["e3", "e2", "e1"] }), ["e3"]);
        assert.deepEqual(await claimIds(storage, { among: [] }), []);
        assert.deepEqual(await claimIds(storage), ["e4"]);
      },
    },
    {
      name: "takes among those named only what it offers, what is due and what no limit concerns",
      check: async ({ storage }) => {
        await createQueued(storage, "tagged", { requires: ["gpu"] });
        await createQueued(storage, "limited", {
          concurrencyKey: "k",
          limits: { concurrency: { key: "k", limit: 9 }, rate: null },
        });
        await createParked(storage, "asleep", { wakeAt: DUE_AT + 1 });
        await createParked(storage, "due", { wakeAt: DUE_AT });
        await createExecution(storage, "owned");
        const among = ["tagged", "limited", "asleep", "due", "owned"];
        assert.deepEqual(await claimIds(storage, { among, offers: [] }), ["due"]);
        assert.deepEqual(await claimIds(storage, { among, offers: ["gpu"] }), ["tagged"]);
      },
    },
    {
      name: "claims nothing that is named for a worker that was declared dead",
      needsClock: true,
      check: async ({ storage, clock }) => {
        await createExecution(storage, "e1");
        await storage.heartbeat({ workerId: "worker-1", leaseDurationMs: LEASE_MS });
        await clock.advance(LEASE_MS + 1);
        assert.deepEqual(await claimIds(storage), ["e1"]);
        await createQueued(storage, "e2");
        assert.deepEqual(await claimIds(storage, { workerId: "worker-1", executionId: "e2" }), []);
        assert.deepEqual(await claimIds(storage, { workerId: "worker-1", among: ["e2"] }), []);
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

/** The row that was claimed, without what else its claimer was told. */
function recordOf(claimed: ClaimedExecution | undefined): ExecutionRecord | undefined {
  if (claimed === undefined) return undefined;
  const { mayHaveUnread: _, ...record } = claimed;
  return record;
}
