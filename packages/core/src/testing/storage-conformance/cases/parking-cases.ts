import assert from "node:assert/strict";
import { commitOne, inboxItem, nodeRecord, waitRecord } from "../../sample-rows.js";
import {
  ALL_EVENTS,
  type CaseGroup,
  claim,
  claimIds,
  createExecution,
  createParked,
  DUE_AT,
  ending,
  parking,
} from "../conformance-case.js";

export const parkingCases: CaseGroup = {
  group: "parking",
  cases: [
    {
      name: "gives the execution up together with everything else of the commit",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const wait = waitRecord("e1", "a", { resumeAt: 5_000 });
        const commit = { ...parking("e1", { wakeAt: 5_000 }), nodes: [nodeRecord("b")], waits: [wait] };
        assert.deepEqual(await commitOne(storage, commit), { ok: true, firstSeq: 2 });
        const record = await storage.getExecution("e1");
        assert.deepEqual(
          [record?.status, record?.owner, record?.isParked, record?.wakeAt, record?.epoch],
          ["waiting", null, true, 5_000, 1],
        );
        assert.deepEqual(await storage.listWaits("e1"), [wait]);
        assert.equal((await storage.listNodes("e1")).length, 1);
        assert.equal((await storage.listEvents("e1", ALL_EVENTS)).length, 2);
      },
    },
    {
      name: "keeps it from claims until it is due",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { wakeAt: 5_000 });
        assert.deepEqual(await claimIds(storage, { dueAt: 4_999 }), []);
        assert.deepEqual(await claimIds(storage, { dueAt: 5_000 }), ["e1"]);
      },
    },
    {
      name: "ends with a claim: it runs, in a higher epoch, started when it was",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { wakeAt: 5_000 });
        const [claimed] = await claim(storage);
        assert.deepEqual(
          [claimed?.status, claimed?.isParked, claimed?.owner, claimed?.epoch, claimed?.startedAt, claimed?.crashes],
          ["running", false, "worker-2", 2, 1_000, 0],
        );
        assert.deepEqual(await claimIds(storage, { workerId: "worker-3" }), []);
      },
    },
    {
      name: "counts as the start of one that never started",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { wakeAt: 5_000, startedAt: null });
        assert.equal((await claim(storage))[0]?.startedAt, DUE_AT);
      },
    },
    {
      name: "without an instant lasts until there is news",
      check: async ({ storage }) => {
        await createParked(storage, "e1");
        assert.deepEqual(await claimIds(storage, { dueAt: Number.MAX_SAFE_INTEGER }), []);
        assert.equal(await storage.addToInbox("e1", inboxItem("i1"), 10), "added");
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "ends before its instant when there is news",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { wakeAt: 99_000 });
        await storage.requestCancel("e1", "why", 5);
        const [claimed] = await claim(storage);
        assert.deepEqual([claimed?.id, claimed?.cancelRequested], ["e1", { reason: "why", at: 5 }]);
      },
    },
    {
      name: "ends when another execution delivers something",
      check: async ({ storage }) => {
        await createParked(storage, "parent");
        await createExecution(storage, "child");
        const deliver = [{ executionId: "parent", item: inboxItem("i1", { kind: "child_ended" }) }];
        await commitOne(storage, { ...ending("child"), deliver });
        assert.deepEqual(await claimIds(storage), ["parent"]);
      },
    },
    {
      name: "can be done again, until another instant",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { wakeAt: 5_000 });
        await claim(storage);
        assert.equal((await commitOne(storage, parking("e1", { wakeAt: 20_000, epoch: 2 }))).ok, true);
        assert.deepEqual(await claimIds(storage), []);
        assert.deepEqual(await claimIds(storage, { dueAt: 20_000 }), ["e1"]);
      },
    },
    {
      name: "is refused over an unread item that the writer does not know, and nothing is written",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        for (const id of ["i1", "i2"]) await storage.addToInbox("e1", inboxItem(id), 10);
        const before = await storage.getExecution("e1");
        const commit = { ...parking("e1", { knownInbox: ["i1"] }), nodes: [nodeRecord("a")] };
        assert.deepEqual(await commitOne(storage, commit), { ok: false, reason: "inbox_unread" });
        assert.deepEqual(await storage.getExecution("e1"), before);
        assert.deepEqual(await storage.listNodes("e1"), []);
        assert.equal((await storage.listEvents("e1", ALL_EVENTS)).length, 1);
      },
    },
    {
      name: "is taken when the item is read in the same commit",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.addToInbox("e1", inboxItem("i1"), 10);
        assert.equal((await commitOne(storage, { ...parking("e1"), readInbox: ["i1"] })).ok, true);
        assert.deepEqual(await storage.listInbox("e1"), []);
      },
    },
    {
      name: "is taken over an item that the writer knows, which stays and is no news",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.addToInbox("e1", inboxItem("i1"), 10);
        assert.deepEqual(await storage.takeNews({ workerId: "worker-1", limit: 10 }), ["e1"]);
        assert.equal((await commitOne(storage, parking("e1", { knownInbox: ["i1"] }))).ok, true);
        assert.equal((await storage.listInbox("e1")).length, 1);
        assert.deepEqual(await claimIds(storage), []);
      },
    },
    {
      name: "is refused when the execution is to be cancelled",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.requestCancel("e1", null, 5);
        assert.deepEqual(await commitOne(storage, parking("e1")), { ok: false, reason: "cancel_requested" });
        const record = await storage.getExecution("e1");
        assert.deepEqual([record?.status, record?.owner, record?.isParked], ["running", "worker-1", false]);
      },
    },
    {
      name: "lets a blocked one be claimed with news, and not without",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const blocked = { code: "unknown_outcome", message: "decide", nodeId: "a" };
        const commit = { ...parking("e1"), patch: { status: "waiting" as const, blocked } };
        assert.equal((await commitOne(storage, commit)).ok, true);
        assert.deepEqual(await claimIds(storage), []);
        await storage.addToInbox("e1", inboxItem("i1", { kind: "resolve_unknown", name: "a" }), 10);
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "lets a blocked one be claimed when it is due",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const blocked = { code: "unknown_outcome", message: "decide", nodeId: "a" };
        const commit = { ...parking("e1", { wakeAt: 5_000 }), patch: { status: "waiting" as const, blocked } };
        await commitOne(storage, commit);
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "tells the first instant at which one is due",
      check: async ({ storage }) => {
        assert.equal(await storage.nextWakeAt(), null);
        await createExecution(storage, "e0");
        await createParked(storage, "e1");
        assert.equal(await storage.nextWakeAt(), null);
        await createParked(storage, "e2", { wakeAt: 7_000 });
        await createParked(storage, "e3", { wakeAt: 5_000 });
        await createParked(storage, "e4", { wakeAt: 6_000 });
        assert.equal(await storage.nextWakeAt(), 5_000);
        await claim(storage, { dueAt: 5_500 });
        assert.equal(await storage.nextWakeAt(), 6_000);
      },
    },
  ],
};

async function news(storage: Parameters<typeof claim>[0], workerId = "worker-1", limit = 10) {
  return [...(await storage.takeNews({ workerId, limit }))].sort();
}

export const newsCases: CaseGroup = {
  group: "news",
  cases: [
    {
      name: "tells the owner of cancels, items and deliveries",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2", "e3", "e4"]) await createExecution(storage, id);
        assert.deepEqual(await news(storage), []);
        await storage.requestCancel("e1", null, 5);
        await storage.addToInbox("e2", inboxItem("i1"), 10);
        const deliver = [{ executionId: "e3", item: inboxItem("i2") }];
        await commitOne(storage, { ...ending("e4"), deliver });
        assert.deepEqual(await news(storage), ["e1", "e2", "e3"]);
      },
    },
    {
      name: "is news no more once told, until something else comes",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.addToInbox("e1", inboxItem("i1", { key: "k" }), 10);
        assert.deepEqual(await news(storage), ["e1"]);
        assert.deepEqual(await news(storage), []);
        await storage.addToInbox("e1", inboxItem("i2", { key: "k" }), 10);
        assert.deepEqual(await news(storage), []);
        await storage.addToInbox("e1", inboxItem("i3"), 10);
        assert.deepEqual(await news(storage), ["e1"]);
      },
    },
    {
      name: "is told to the worker that owns the execution, and to no other",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await createExecution(storage, "e2", { owner: "worker-2" });
        for (const id of ["e1", "e2"]) await storage.addToInbox(id, inboxItem("i1"), 10);
        assert.deepEqual(await news(storage, "worker-3"), []);
        assert.deepEqual(await news(storage, "worker-2"), ["e2"]);
        assert.deepEqual(await news(storage, "worker-1"), ["e1"]);
      },
    },
    {
      name: "comes in parts of the size asked for",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2", "e3"]) {
          await createExecution(storage, id);
          await storage.requestCancel(id, null, 5);
        }
        const first = await news(storage, "worker-1", 2);
        const second = await news(storage, "worker-1", 2);
        assert.deepEqual([first.length, second.length], [2, 1]);
        assert.deepEqual([...first, ...second].sort(), ["e1", "e2", "e3"]);
      },
    },
    {
      name: "is told by a claim",
      check: async ({ storage }) => {
        await createParked(storage, "e1");
        await storage.addToInbox("e1", inboxItem("i1"), 10);
        assert.deepEqual(await claimIds(storage), ["e1"]);
        assert.deepEqual(await news(storage, "worker-2"), []);
        assert.equal((await storage.listInbox("e1")).length, 1);
      },
    },
  ],
};
