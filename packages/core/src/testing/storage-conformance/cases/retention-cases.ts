import assert from "node:assert/strict";
import type { Storage } from "../../../ports/storage.js";
import { commitOne, inboxItem, nodeRecord, waitRecord } from "../../sample-rows.js";
import {
  ALL_EVENTS,
  type CaseGroup,
  createExecution,
  createParked,
  createQueued,
  ending,
} from "../conformance-case.js";

async function createEnded(storage: Storage, id: string, endedAt: number): Promise<void> {
  await createExecution(storage, id);
  const { patch, ...commit } = ending(id);
  await commitOne(storage, { ...commit, patch: { ...patch, endedAt } });
}

async function idsLeft(storage: Storage): Promise<readonly string[]> {
  return (await storage.listExecutions({})).items.map(({ id }) => id).sort();
}

export const retentionCases: CaseGroup = {
  group: "retention",
  cases: [
    {
      name: "removes an ended execution with everything of its own",
      check: async ({ storage }) => {
        await createExecution(storage, "e1", { idempotencyKey: "k" });
        await storage.addToInbox("e1", inboxItem("i1"), 10);
        await commitOne(storage, {
          ...ending("e1"),
          nodes: [nodeRecord("a", { output: "x".repeat(20_000) })],
          steps: [{ nodePath: "a", key: "k", value: 1 }],
          waits: [waitRecord("e1", "a")],
        });
        assert.equal(await storage.deleteEnded({ endedBefore: 5_000, limit: 10 }), 1);
        assert.equal(await storage.getExecution("e1"), undefined);
        assert.equal(await storage.findByIdempotencyKey("k"), undefined);
        assert.deepEqual(
          await Promise.all([
            storage.listNodes("e1"),
            storage.listSteps("e1"),
            storage.listWaits("e1"),
            storage.listInbox("e1"),
            storage.listEvents("e1", ALL_EVENTS),
          ]),
          [[], [], [], [], []],
        );
        assert.equal((await createExecution(storage, "e1", { idempotencyKey: "k" })).ok, true);
        assert.deepEqual(await storage.listNodes("e1"), []);
      },
    },
    {
      name: "leaves unfinished executions and those that ended later",
      check: async ({ storage }) => {
        await createExecution(storage, "running");
        await createQueued(storage, "queued");
        await createParked(storage, "parked");
        await createEnded(storage, "at-the-instant", 5_000);
        await createEnded(storage, "before", 4_999);
        assert.equal(await storage.deleteEnded({ endedBefore: 5_000, limit: 10 }), 1);
        assert.deepEqual(await idsLeft(storage), ["at-the-instant", "parked", "queued", "running"]);
      },
    },
    {
      name: "removes the oldest first, as many as asked for",
      check: async ({ storage }) => {
        for (const [id, endedAt] of Object.entries({ e1: 3_000, e2: 1_000, e3: 2_000 }))
          await createEnded(storage, id, endedAt);
        assert.equal(await storage.deleteEnded({ endedBefore: 9_000, limit: 2 }), 2);
        assert.deepEqual(await idsLeft(storage), ["e1"]);
        assert.equal(await storage.deleteEnded({ endedBefore: 9_000, limit: 2 }), 1);
        assert.equal(await storage.deleteEnded({ endedBefore: 9_000, limit: 2 }), 0);
      },
    },
    {
      name: "leaves what others need: definitions and other executions' rows",
      check: async ({ storage }) => {
        await storage.putDefinition("hash-1", { name: "n", nodes: [] });
        await createExecution(storage, "kept");
        await commitOne(storage, { executionId: "kept", epoch: 1, nodes: [nodeRecord("a")] });
        await createEnded(storage, "e1", 1_000);
        await storage.deleteEnded({ endedBefore: 9_000, limit: 10 });
        assert.deepEqual(await storage.getDefinition("hash-1"), { name: "n", nodes: [] });
        assert.equal((await storage.listNodes("kept")).length, 1);
      },
    },
  ],
};
