import assert from "node:assert/strict";
import {
  type CaseGroup,
  commitOne,
  createExecution,
  ending,
  eventDraft,
  executionRecord,
  inboxItem,
  nodeRecord,
} from "./conformance-case.js";

export const fencingCases: CaseGroup = {
  group: "epochs",
  cases: [
    {
      name: "refuses a stale epoch for that execution alone",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2"]) await createExecution(storage, id);
        await storage.release({ executionId: "e1", epoch: 1 });
        const [claimed] = await storage.claim({
          workerId: "worker-2",
          limit: 10,
          leaseDurationMs: 15_000,
          now: await storage.now(),
        });
        assert.equal(claimed?.epoch, 2);
        const outcomes = await storage.commit([ending("e1"), ending("e2")]);
        assert.deepEqual(outcomes[0], { ok: false, reason: "lease_lost" });
        assert.equal(outcomes[1]?.ok, true);
        assert.equal((await commitOne(storage, ending("e1", "completed", 2))).ok, true);
      },
    },
    {
      name: "refuses writes to an execution that does not exist",
      check: async ({ storage }) => {
        assert.deepEqual(await commitOne(storage, { executionId: "none", epoch: 1, nodes: [nodeRecord("a")] }), {
          ok: false,
          reason: "lease_lost",
        });
      },
    },
  ],
};

export const idempotencyCases: CaseGroup = {
  group: "idempotency",
  cases: [
    {
      name: "answers a second start with the first execution and writes nothing",
      check: async ({ storage }) => {
        const idempotencyKey = JSON.stringify([null, "wf", "k"]);
        await createExecution(storage, "e1", { idempotencyKey });
        assert.deepEqual(await createExecution(storage, "e2", { idempotencyKey }), {
          ok: false,
          reason: "duplicate",
          existingId: "e1",
        });
        assert.equal(await storage.getExecution("e2"), undefined);
        assert.equal(await storage.findByIdempotencyKey(idempotencyKey), "e1");
        assert.equal(await storage.findByIdempotencyKey("other"), undefined);
      },
    },
    {
      name: "lets one of two equal keys in a batch win",
      check: async ({ storage }) => {
        const outcomes = await storage.commit(
          ["e1", "e2"].map((id) => ({
            executionId: id,
            epoch: 1,
            create: executionRecord(id, { idempotencyKey: "k" }),
          })),
        );
        assert.equal(outcomes[0]?.ok, true);
        assert.deepEqual(outcomes[1], { ok: false, reason: "duplicate", existingId: "e1" });
      },
    },
    {
      name: "lets one of many concurrent starts win",
      check: async ({ storage }) => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) => createExecution(storage, `e${index}`, { idempotencyKey: "k" })),
        );
        assert.equal(outcomes.filter(({ ok }) => ok).length, 1);
        const winners = new Set(
          outcomes.flatMap((outcome) => (!outcome.ok && outcome.reason === "duplicate" ? [outcome.existingId] : [])),
        );
        assert.equal(winners.size, 1);
      },
    },
    {
      name: "does not take the absence of a key for a key",
      check: async ({ storage }) => {
        assert.equal((await createExecution(storage, "e1")).ok, true);
        assert.equal((await createExecution(storage, "e2")).ok, true);
      },
    },
  ],
};

export const cancelCases: CaseGroup = {
  group: "cancel",
  cases: [
    {
      name: "refuses a success after a cancel was asked for",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        assert.equal(await storage.requestCancel("e1", "why", 5), "running");
        assert.deepEqual((await storage.getExecution("e1"))?.cancelRequested, { reason: "why", at: 5 });
        assert.deepEqual(await commitOne(storage, ending("e1")), { ok: false, reason: "cancel_requested" });
        assert.equal((await storage.getExecution("e1"))?.status, "running");
        assert.equal((await commitOne(storage, ending("e1", "cancelled"))).ok, true);
      },
    },
    {
      name: "keeps the first reason",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.requestCancel("e1", "first", 5);
        await storage.requestCancel("e1", "second", 6);
        assert.deepEqual((await storage.getExecution("e1"))?.cancelRequested, { reason: "first", at: 5 });
      },
    },
    {
      name: "changes nothing about an execution that has ended, and tells its status",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await commitOne(storage, ending("e1"));
        assert.equal(await storage.requestCancel("e1", null, 5), "completed");
        assert.equal((await storage.getExecution("e1"))?.cancelRequested, null);
        assert.equal(await storage.requestCancel("none", null, 5), undefined);
      },
    },
    {
      name: "still takes what happened before the cancel",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.requestCancel("e1", null, 5);
        assert.equal(
          (
            await commitOne(storage, {
              executionId: "e1",
              epoch: 1,
              nodes: [nodeRecord("a")],
              events: [eventDraft("e1", "node.completed")],
            })
          ).ok,
          true,
        );
      },
    },
  ],
};

export const inboxCases: CaseGroup = {
  group: "inbox",
  cases: [
    {
      name: "keeps items in order of arrival until they are read",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const items = [
          inboxItem("i1"),
          inboxItem("i2", { payload: null }),
          inboxItem("i3", { kind: "approval", name: "ask" }),
        ];
        for (const item of items) assert.equal(await storage.addToInbox("e1", item, 10), "added");
        assert.deepEqual(await storage.listInbox("e1"), items);
        await commitOne(storage, { executionId: "e1", epoch: 1, readInbox: ["i1", "i3"] });
        assert.deepEqual(await storage.listInbox("e1"), [items[1]]);
      },
    },
    {
      name: "answers a second item of the same kind, name and key with duplicate, read or not",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await createExecution(storage, "e2");
        assert.equal(await storage.addToInbox("e1", inboxItem("i1", { key: "k" }), 10), "added");
        assert.equal(await storage.addToInbox("e1", inboxItem("i2", { key: "k", payload: "other" }), 10), "duplicate");
        await commitOne(storage, { executionId: "e1", epoch: 1, readInbox: ["i1"] });
        assert.equal(await storage.addToInbox("e1", inboxItem("i3", { key: "k" }), 10), "duplicate");
        assert.equal(await storage.addToInbox("e1", inboxItem("i4", { key: "k", name: "stop" }), 10), "added");
        assert.equal(await storage.addToInbox("e2", inboxItem("i5", { key: "k" }), 10), "added");
        assert.deepEqual(
          (await storage.listInbox("e1")).map(({ id }) => id),
          ["i4"],
        );
      },
    },
    {
      name: "takes items without a key as often as they come",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        assert.equal(await storage.addToInbox("e1", inboxItem("i1"), 10), "added");
        assert.equal(await storage.addToInbox("e1", inboxItem("i2"), 10), "added");
      },
    },
    {
      name: "refuses what nobody can read: unknown, ended, full",
      check: async ({ storage }) => {
        assert.equal(await storage.addToInbox("none", inboxItem("i0"), 10), "not_found");
        await createExecution(storage, "e1");
        assert.equal(await storage.addToInbox("e1", inboxItem("i1"), 2), "added");
        assert.equal(await storage.addToInbox("e1", inboxItem("i2"), 2), "added");
        assert.equal(await storage.addToInbox("e1", inboxItem("i3"), 2), "full");
        await commitOne(storage, { executionId: "e1", epoch: 1, readInbox: ["i1"] });
        assert.equal(await storage.addToInbox("e1", inboxItem("i3"), 2), "added");
        await commitOne(storage, ending("e1"));
        assert.equal(await storage.addToInbox("e1", inboxItem("i4"), 2), "ended");
      },
    },
    {
      name: "refuses to park over an item that was not read",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.addToInbox("e1", inboxItem("i1"), 10);
        const park = { executionId: "e1", epoch: 1, patch: { status: "waiting" as const }, parks: true };
        assert.deepEqual(await commitOne(storage, park), { ok: false, reason: "inbox_unread" });
        assert.equal((await storage.getExecution("e1"))?.status, "running");
        assert.equal((await commitOne(storage, { ...park, readInbox: ["i1"] })).ok, true);
      },
    },
  ],
};
