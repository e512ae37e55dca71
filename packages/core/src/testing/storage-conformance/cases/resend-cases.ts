import assert from "node:assert/strict";
import type { ExecutionCommit } from "../../../ports/execution-commit.js";
import { commitOne, eventDraft, executionRecord, inboxItem, nodeRecord } from "../../sample-rows.js";
import {
  ALL_EVENTS,
  type CaseGroup,
  claimIds,
  createExecution,
  createParked,
  ending,
  parking,
} from "../conformance-case.js";

function creating(id: string, parts: Parameters<typeof executionRecord>[1] = {}): ExecutionCommit {
  return {
    executionId: id,
    epoch: 1,
    afterSeq: 0,
    create: executionRecord(id, parts),
    events: [eventDraft(id, "execution.created"), eventDraft(id, "execution.started")],
  };
}

function working(id: string, afterSeq: number): ExecutionCommit {
  return {
    executionId: id,
    epoch: 1,
    afterSeq,
    nodes: [nodeRecord("a")],
    steps: [{ nodePath: "a", key: "k", value: 1 }],
    events: [eventDraft(id, "node.started"), eventDraft(id, "node.completed")],
  };
}

export const resendCases: CaseGroup = {
  group: "commits sent again",
  cases: [
    {
      name: "acknowledges a commit that was written already, and writes nothing twice",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const commit = working("e1", 1);
        assert.deepEqual(await commitOne(storage, commit), { ok: true, firstSeq: 2 });
        assert.deepEqual(await commitOne(storage, commit), { ok: true, firstSeq: 2 });
        assert.deepEqual(
          (await storage.listEvents("e1", ALL_EVENTS)).map(({ seq }) => seq),
          [1, 2, 3],
        );
        assert.equal((await storage.listSteps("e1")).length, 1);
        assert.equal((await storage.getExecution("e1"))?.lastSeq, 3);
      },
    },
    {
      name: "writes a commit that was not written, at the place that its writer knows",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        assert.deepEqual(await commitOne(storage, working("e1", 1)), { ok: true, firstSeq: 2 });
        assert.deepEqual(await commitOne(storage, working("e1", 3)), { ok: true, firstSeq: 4 });
        assert.equal((await storage.getExecution("e1"))?.lastSeq, 5);
      },
    },
    {
      name: "acknowledges a start sent again",
      check: async ({ storage }) => {
        const commit = creating("e1", { idempotencyKey: "k" });
        assert.deepEqual(await commitOne(storage, commit), { ok: true, firstSeq: 1 });
        assert.deepEqual(await commitOne(storage, commit), { ok: true, firstSeq: 1 });
        assert.equal((await storage.listEvents("e1", ALL_EVENTS)).length, 2);
      },
    },
    {
      name: "acknowledges a start sent again although its limit is reached by now",
      check: async ({ storage }) => {
        const limits = { concurrency: { key: "k", limit: 1 }, rate: null };
        const commit = { ...creating("e1", { limits }), refuseAtLimit: true };
        assert.equal((await commitOne(storage, commit)).ok, true);
        assert.equal((await commitOne(storage, commit)).ok, true);
      },
    },
    {
      name: "does not take another worker's start with the same id for one sent again",
      check: async ({ storage }) => {
        await commitOne(storage, creating("e1"));
        assert.deepEqual(await commitOne(storage, creating("e1", { owner: "worker-2" })), {
          ok: false,
          reason: "duplicate",
          existingId: "e1",
        });
      },
    },
    {
      name: "answers each commit of a batch sent again by what became of it",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2"]) await createExecution(storage, id);
        const batch = [working("e1", 1), working("e2", 1)];
        await storage.commit(batch.slice(0, 1));
        assert.deepEqual(await storage.commit(batch), [
          { ok: true, firstSeq: 2 },
          { ok: true, firstSeq: 2 },
        ]);
        for (const id of ["e1", "e2"]) assert.equal((await storage.listEvents(id, ALL_EVENTS)).length, 3);
      },
    },
    {
      name: "acknowledges parking and an end sent again",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2"]) await createExecution(storage, id);
        const batch = [
          { ...parking("e1", { wakeAt: 5_000 }), afterSeq: 1 },
          { ...ending("e2"), afterSeq: 1 },
        ];
        const outcomes = await storage.commit(batch);
        assert.deepEqual(await storage.commit(batch), outcomes);
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "acknowledges an end sent again although a cancel came in between",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const commit = { ...ending("e1"), afterSeq: 1 };
        await commitOne(storage, commit);
        await storage.requestCancel("e1", null, 5);
        assert.deepEqual(await commitOne(storage, commit), { ok: true, firstSeq: 2 });
      },
    },
    {
      name: "refuses a commit sent again once another worker owns the execution",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { wakeAt: 5_000 });
        assert.deepEqual(await claimIds(storage), ["e1"]);
        assert.deepEqual(await commitOne(storage, { ...parking("e1", { wakeAt: 5_000 }), afterSeq: 1 }), {
          ok: false,
          reason: "lease_lost",
        });
      },
    },
    {
      name: "delivers nothing a second time",
      check: async ({ storage }) => {
        for (const id of ["child", "parent"]) await createExecution(storage, id);
        const commit = {
          ...ending("child"),
          afterSeq: 1,
          deliver: [{ executionId: "parent", item: inboxItem("i1", { kind: "child_ended" }) }],
        };
        await commitOne(storage, commit);
        await commitOne(storage, { executionId: "parent", epoch: 1, readInbox: ["i1"] });
        await commitOne(storage, commit);
        assert.deepEqual(await storage.listInbox("parent"), []);
      },
    },
  ],
};
