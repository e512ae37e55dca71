import assert from "node:assert/strict";
import {
  commitOne,
  creation,
  eventDraft,
  executionRecord,
  inboxItem,
  nodeRecord,
  waitRecord,
} from "../../sample-rows.js";
import { ALL_EVENTS, type CaseGroup, createExecution, ending } from "../conformance-case.js";

export const atomicityCases: CaseGroup = {
  group: "atomicity",
  cases: [
    {
      name: "writes nothing at all of a refused commit",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.addToInbox("e1", { id: "i1", kind: "signal", name: "go", payload: 1, key: null, at: 1 }, 10);
        const before = await storage.getExecution("e1");
        const outcome = await commitOne(storage, {
          executionId: "e1",
          epoch: 7,
          patch: { status: "completed", output: 1, endedAt: 5 },
          nodes: [nodeRecord("a")],
          steps: [{ nodePath: "a", key: "k", value: 1 }],
          waits: [waitRecord("e1", "a")],
          readInbox: ["i1"],
          events: [eventDraft("e1", "node.completed")],
        });
        assert.deepEqual(outcome, { ok: false, reason: "lease_lost" });
        assert.deepEqual(await storage.getExecution("e1"), before);
        assert.deepEqual(
          [await storage.listNodes("e1"), await storage.listSteps("e1"), await storage.listWaits("e1")],
          [[], [], []],
        );
        assert.equal((await storage.listInbox("e1")).length, 1);
        assert.equal((await storage.listEvents("e1", ALL_EVENTS)).length, 1);
      },
    },
    {
      name: "answers in the order of the batch",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2", "e3"]) await createExecution(storage, id);
        const outcomes = await storage.commit([ending("e3"), { ...ending("e1"), epoch: 9 }, ending("e2")]);
        assert.deepEqual(
          outcomes.map(({ ok }) => ok),
          [true, false, true],
        );
        assert.deepEqual(
          [
            (await storage.getExecution("e3"))?.status,
            (await storage.getExecution("e1"))?.status,
            (await storage.getExecution("e2"))?.status,
          ],
          ["completed", "running", "completed"],
        );
      },
    },
    {
      name: "takes several batches at once, with different executions",
      check: async ({ storage }) => {
        const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);
        const [evens, odds] = [ids.filter((_, index) => index % 2 === 0), ids.filter((_, index) => index % 2 === 1)];
        await Promise.all([evens, odds].map((part) => storage.commit(part.map((id) => creation(id)))));
        const answers = await Promise.all(
          [evens, odds].map((part) =>
            storage.commit(part.map((id) => (id === "e7" ? { ...ending(id), epoch: 9 } : ending(id)))),
          ),
        );
        assert.deepEqual(
          answers.map((outcomes) => outcomes.map(({ ok }) => ok)),
          [evens.map(() => true), odds.map((id) => id !== "e7")],
        );
        const statuses = await Promise.all(ids.map(async (id) => (await storage.getExecution(id))?.status));
        assert.deepEqual(
          statuses,
          ids.map((id) => (id === "e7" ? "running" : "completed")),
        );
      },
    },
    {
      name: "takes an empty batch",
      check: async ({ storage }) => {
        assert.deepEqual(await storage.commit([]), []);
      },
    },
    {
      name: "keeps a thousand executions of one batch apart",
      check: async ({ storage }) => {
        const ids = Array.from({ length: 1_000 }, (_, index) => `e${index}`);
        const outcomes = await storage.commit(
          ids.map((id) => ({
            executionId: id,
            epoch: 1,
            create: executionRecord(id, { input: { id } }),
            events: [eventDraft(id, "execution.created")],
          })),
        );
        assert.equal(outcomes.filter(({ ok }) => ok).length, 1_000);
        assert.deepEqual((await storage.getExecution("e777"))?.input, { id: "e777" });
      },
    },
    {
      name: "delivers to other inboxes together with the commit",
      check: async ({ storage }) => {
        for (const id of ["child", "parent"]) await createExecution(storage, id);
        const item = inboxItem("i1", { kind: "child_ended", name: "sub" });
        const commit = { ...ending("child"), deliver: [{ executionId: "parent", item }] };
        assert.equal((await commitOne(storage, commit)).ok, true);
        assert.deepEqual(await storage.listInbox("parent"), [item]);
      },
    },
    {
      name: "delivers nothing of a refused commit",
      check: async ({ storage }) => {
        for (const id of ["child", "parent"]) await createExecution(storage, id);
        const commit = {
          ...ending("child", "completed", 7),
          deliver: [{ executionId: "parent", item: inboxItem("i1") }],
        };
        assert.equal((await commitOne(storage, commit)).ok, false);
        assert.deepEqual(await storage.listInbox("parent"), []);
      },
    },
    {
      name: "drops what is delivered to an execution that has ended or is not there, and writes the rest",
      check: async ({ storage }) => {
        for (const id of ["child", "ended", "other"]) await createExecution(storage, id);
        await commitOne(storage, ending("ended"));
        const deliver = ["ended", "none", "other"].map((executionId) => ({ executionId, item: inboxItem("i1") }));
        assert.equal((await commitOne(storage, { ...ending("child"), deliver })).ok, true);
        assert.deepEqual(await storage.listInbox("ended"), []);
        assert.equal((await storage.listInbox("other")).length, 1);
        assert.equal((await storage.getExecution("child"))?.status, "completed");
      },
    },
    {
      name: "delivers an item with a known key once",
      check: async ({ storage }) => {
        for (const id of ["child", "parent"]) await createExecution(storage, id);
        await storage.addToInbox("parent", inboxItem("i1", { key: "k" }), 10);
        const deliver = [{ executionId: "parent", item: inboxItem("i2", { key: "k" }) }];
        assert.equal((await commitOne(storage, { ...ending("child"), deliver })).ok, true);
        assert.deepEqual(
          (await storage.listInbox("parent")).map(({ id }) => id),
          ["i1"],
        );
      },
    },
  ],
};
