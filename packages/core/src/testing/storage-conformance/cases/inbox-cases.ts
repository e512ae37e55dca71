import assert from "node:assert/strict";
import { commitOne, inboxItem } from "../../sample-rows.js";
import { type CaseGroup, createExecution, ending } from "../conformance-case.js";

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
      name: "reads the items of several at once as it reads those of each",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2", "e3"]) await createExecution(storage, id);
        for (const id of ["i1", "i2"]) await storage.addToInbox("e1", inboxItem(id), 10);
        await storage.addToInbox("e3", inboxItem("i3"), 10);
        await commitOne(storage, { executionId: "e1", epoch: 1, readInbox: ["i1"] });
        const inboxes = await storage.listInboxes(["e3", "e2", "none", "e1"]);
        for (const id of ["e1", "e2", "e3", "none"])
          assert.deepEqual(inboxes.get(id) ?? [], await storage.listInbox(id), id);
        assert.equal(inboxes.get("e1")?.length, 1);
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
  ],
};
