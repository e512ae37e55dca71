import assert from "node:assert/strict";
import type { ExecutionCommit } from "../../../ports/execution-commit.js";
import { commitOne, eventDraft, inboxItem, nodeRecord, waitRecord } from "../../sample-rows.js";
import {
  ALL_EVENTS,
  type CaseGroup,
  claim,
  claimIds,
  createExecution,
  createParked,
  ending,
} from "../conformance-case.js";

/** One commit of each kind of write. */
const WRITES: Readonly<Record<string, Omit<ExecutionCommit, "executionId" | "epoch">>> = {
  "a patch": { patch: { status: "failed", endedAt: 5 } },
  "a node": { nodes: [nodeRecord("a")] },
  "a step": { steps: [{ nodePath: "a", key: "k", value: 1 }] },
  "a wait": { waits: [waitRecord("e1", "a")] },
  "the end of a wait": { endedWaits: ["held"] },
  "the reading of an item": { readInbox: ["i1"] },
  "an event": { events: [eventDraft("e1", "node.started")] },
  parking: { park: { wakeAt: null, knownInbox: ["i1"] } },
  "a delivery": { deliver: [{ executionId: "other", item: inboxItem("i2") }] },
};

export const fencingCases: CaseGroup = {
  group: "epochs",
  cases: [
    {
      name: "refuses a stale epoch for that execution alone",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2"]) await createExecution(storage, id);
        await storage.release({ executionId: "e1", epoch: 1 });
        assert.equal((await claim(storage))[0]?.epoch, 2);
        const outcomes = await storage.commit([ending("e1"), ending("e2")]);
        assert.deepEqual(outcomes[0], { ok: false, reason: "lease_lost" });
        assert.equal(outcomes[1]?.ok, true);
        assert.equal((await commitOne(storage, ending("e1", "completed", 2))).ok, true);
      },
    },
    ...Object.entries(WRITES).map(([name, write]) => ({
      name: `refuses ${name} with an old epoch`,
      check: async ({ storage }: Parameters<CaseGroup["cases"][number]["check"]>[0]) => {
        await createExecution(storage, "other");
        await createExecution(storage, "e1");
        await commitOne(storage, { executionId: "e1", epoch: 1, waits: [waitRecord("e1", "held")] });
        await storage.addToInbox("e1", inboxItem("i1"), 10);
        await storage.release({ executionId: "e1", epoch: 1 });
        assert.equal((await claim(storage)).length, 1);
        const before = await storage.getExecution("e1");
        assert.deepEqual(await commitOne(storage, { executionId: "e1", epoch: 1, ...write }), {
          ok: false,
          reason: "lease_lost",
        });
        assert.deepEqual(await storage.getExecution("e1"), before);
        assert.deepEqual([await storage.listNodes("e1"), await storage.listSteps("e1")], [[], []]);
        assert.deepEqual(await storage.listWaits("e1"), [waitRecord("e1", "held")]);
        assert.equal((await storage.listInbox("e1")).length, 1);
        assert.equal((await storage.listEvents("e1", ALL_EVENTS)).length, 1);
        assert.deepEqual(await storage.listInbox("other"), []);
      },
    })),
    {
      name: "refuses the writer that parked, once another claimed it",
      check: async ({ storage }) => {
        await createParked(storage, "e1", { wakeAt: 5_000 });
        assert.deepEqual(await claimIds(storage), ["e1"]);
        assert.deepEqual(await commitOne(storage, { executionId: "e1", epoch: 1, nodes: [nodeRecord("a")] }), {
          ok: false,
          reason: "lease_lost",
        });
      },
    },
    {
      name: "releases nothing with an old epoch",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await storage.release({ executionId: "e1", epoch: 7 });
        assert.equal((await storage.getExecution("e1"))?.owner, "worker-1");
        await storage.release({ executionId: "none", epoch: 1 });
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
