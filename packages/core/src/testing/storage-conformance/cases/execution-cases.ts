import assert from "node:assert/strict";
import { commitOne, eventDraft, executionRecord, nodeRecord, waitRecord } from "../../sample-rows.js";
import { ALL_EVENTS, type CaseGroup, createExecution } from "../conformance-case.js";

export const executionCases: CaseGroup = {
  group: "executions",
  cases: [
    {
      name: "gives a created execution back as it was written",
      check: async ({ storage }) => {
        const record = executionRecord("e1", {
          tenant: "t",
          priority: -3,
          metadata: { a: [1, null] },
          input: "text",
          mocks: { a: { output: 1 } },
          parent: { executionId: "p", nodePath: "x" },
          depth: 1,
          limits: { concurrency: { key: "c", limit: 3 }, rate: { key: "r", count: 2, perMs: 1_000 } },
          requires: ["gpu", "eu"],
        });
        assert.deepEqual(
          await commitOne(storage, {
            executionId: "e1",
            epoch: 1,
            create: record,
            events: [eventDraft("e1", "execution.created")],
          }),
          { ok: true, firstSeq: 1 },
        );
        assert.deepEqual(await storage.getExecution("e1"), { ...record, lastSeq: 1 });
      },
    },
    {
      name: "answers undefined for an unknown execution, and empty lists",
      check: async ({ storage }) => {
        assert.equal(await storage.getExecution("none"), undefined);
        assert.deepEqual(await storage.listNodes("none"), []);
        assert.deepEqual(await storage.listSteps("none"), []);
        assert.deepEqual(await storage.listWaits("none"), []);
        assert.deepEqual(await storage.listInbox("none"), []);
        assert.deepEqual(await storage.listEvents("none", ALL_EVENTS), []);
      },
    },
    {
      name: "applies a patch to the fields it names and to no other",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const before = await storage.getExecution("e1");
        await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          patch: { status: "waiting", parkedMs: 5, blocked: { code: "c", message: "m" } },
        });
        assert.deepEqual(await storage.getExecution("e1"), {
          ...before,
          status: "waiting",
          parkedMs: 5,
          blocked: { code: "c", message: "m" },
        });
      },
    },
    {
      name: "keeps what an ended execution gave",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          patch: {
            status: "failed",
            output: null,
            error: { code: "x", message: "m", cause: { code: "y", message: "n" } },
            endedAt: 9,
          },
        });
        const record = await storage.getExecution("e1");
        assert.deepEqual(
          [record?.status, record?.output, record?.error, record?.endedAt],
          ["failed", null, { code: "x", message: "m", cause: { code: "y", message: "n" } }, 9],
        );
      },
    },
    {
      name: "answers the last record of each node, in order of first writing",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const error = { code: "busy", message: "later" };
        await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          nodes: [nodeRecord("b", { status: "waiting", nextAttemptAt: 5, error, endedAt: null }), nodeRecord("a")],
        });
        const last = nodeRecord("b", {
          attempts: 2,
          output: { x: [1] },
          port: ["p", "q"],
          variables: { v: 1 },
          handled: "continue",
          reused: true,
        });
        await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          nodes: [last, nodeRecord("loop[3]/c", { status: "skipped", skipReason: "disabled" })],
        });
        assert.deepEqual(await storage.listNodes("e1"), [
          last,
          nodeRecord("a"),
          nodeRecord("loop[3]/c", { status: "skipped", skipReason: "disabled" }),
        ]);
      },
    },
    {
      name: "keeps steps with their values",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const steps = [
          { nodePath: "a", key: "step:x", value: { deep: [null, 1, "x"] } },
          { nodePath: "a", key: "step:x#2", value: null },
        ];
        await commitOne(storage, { executionId: "e1", epoch: 1, steps });
        await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          steps: [{ nodePath: "b", key: "body:[0]", value: 1 }],
        });
        assert.deepEqual(await storage.listSteps("e1"), [...steps, { nodePath: "b", key: "body:[0]", value: 1 }]);
      },
    },
    {
      name: "keeps waits until they end, the oldest first",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const approval = { message: "ok?", approvers: ["ann"], quorum: 2, decisions: [] };
        const waits = [
          waitRecord("e1", "late", { ordinal: 2, kind: "delay", resumeAt: 77, signalName: null }),
          waitRecord("e1", "early", { ordinal: 1 }),
          waitRecord("e1", "ask", { ordinal: 3, kind: "approval", signalName: null, approval }),
        ];
        await commitOne(storage, { executionId: "e1", epoch: 1, waits });
        assert.deepEqual(
          (await storage.listWaits("e1")).map(({ nodePath }) => nodePath),
          ["early", "late", "ask"],
        );
        const decided = {
          ...waits[2],
          approval: { ...approval, decisions: [{ decision: "approve" as const, by: "ann", comment: null, at: 5 }] },
        } as (typeof waits)[number];
        await commitOne(storage, { executionId: "e1", epoch: 1, waits: [decided], endedWaits: ["late"] });
        assert.deepEqual(await storage.listWaits("e1"), [waits[1], decided]);
      },
    },
    {
      name: "keeps waits of every kind",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const waits = (["delay", "signal", "approval", "execution", "unknown_outcome"] as const).map((kind, ordinal) =>
          waitRecord("e1", kind, { kind, ordinal, childId: kind === "execution" ? "child" : null }),
        );
        await commitOne(storage, { executionId: "e1", epoch: 1, waits });
        assert.deepEqual(await storage.listWaits("e1"), waits);
      },
    },
  ],
};

export const journalCases: CaseGroup = {
  group: "journal",
  cases: [
    {
      name: "numbers events from 1 without gaps, in the order given",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const first = await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          events: [eventDraft("e1", "execution.started"), eventDraft("e1", "node.started", { n: 1 })],
        });
        const second = await commitOne(storage, { executionId: "e1", epoch: 1, nodes: [nodeRecord("a")] });
        const third = await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          events: [{ ...eventDraft("e1", "node.completed", { output: 1 }), nodeId: "a", attempt: 1 }],
        });
        assert.deepEqual(
          [first, third],
          [
            { ok: true, firstSeq: 2 },
            { ok: true, firstSeq: 4 },
          ],
        );
        assert.equal(second.ok, true);
        const events = await storage.listEvents("e1", ALL_EVENTS);
        assert.deepEqual(
          events.map(({ seq, type }) => `${seq} ${type}`),
          ["1 execution.created", "2 execution.started", "3 node.started", "4 node.completed"],
        );
        assert.deepEqual(events[3], {
          seq: 4,
          type: "node.completed",
          at: 1_000,
          executionId: "e1",
          nodeId: "a",
          attempt: 1,
          data: { output: 1 },
        });
        assert.equal((await storage.getExecution("e1"))?.lastSeq, 4);
      },
    },
    {
      name: "answers a range of events",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        for (let index = 0; index < 5; index++)
          await commitOne(storage, {
            executionId: "e1",
            epoch: 1,
            events: [eventDraft("e1", "node.started"), eventDraft("e1", "node.completed")],
          });
        const seqs = async (after: number, limit: number) =>
          (await storage.listEvents("e1", { after, limit })).map(({ seq }) => seq);
        assert.deepEqual(await seqs(0, 3), [1, 2, 3]);
        assert.deepEqual(await seqs(3, 4), [4, 5, 6, 7]);
        assert.deepEqual(await seqs(10, 4), [11]);
        assert.deepEqual(await seqs(11, 4), []);
      },
    },
    {
      name: "counts each execution apart",
      check: async ({ storage }) => {
        const outcomes = await storage.commit(
          ["e1", "e2"].map((id) => ({
            executionId: id,
            epoch: 1,
            create: executionRecord(id),
            events: [eventDraft(id, "execution.created")],
          })),
        );
        assert.deepEqual(outcomes, [
          { ok: true, firstSeq: 1 },
          { ok: true, firstSeq: 1 },
        ]);
      },
    },
  ],
};
