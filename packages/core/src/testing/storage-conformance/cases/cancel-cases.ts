import assert from "node:assert/strict";
import { commitOne, eventDraft, nodeRecord } from "../../sample-rows.js";
import { type CaseGroup, createExecution, ending } from "../conformance-case.js";

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
