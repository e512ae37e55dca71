import type { ExecutionCommit } from "@automatrix/core";
import { creation, eventDraft, inboxItem, nodeRecord, waitRecord } from "@automatrix/core/testing";
import { expect, it } from "vitest";
import { describePostgres } from "./support/postgres.js";
import { stepCommit } from "./support/step-commit.js";
import { useTwoStorages } from "./support/two-storages.js";

const ROUNDS = 40;
const MAX_UNREAD = 10;
const ALL_EVENTS = { after: 0, limit: 1_000 };

/** The last commit of an execution, with what the engine writes at its end. */
function endCommit(id: string, { afterSeq }: { readonly afterSeq: number }): ExecutionCommit {
  return {
    executionId: id,
    epoch: 1,
    afterSeq,
    nodes: [nodeRecord("last")],
    events: [eventDraft(id, "execution.completed", { output: 1 })],
    patch: { status: "completed", output: 1, error: null, blocked: null, endedAt: 9, parkedMs: 0 },
  };
}

describePostgres("commits of one execution that come at once", (database) => {
  const [one, two] = useTwoStorages(database, "concurrent");

  it("are written once and acknowledged alike, when they are one and the same", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = `e${round}`;
      const sendings = [creation(id), stepCommit(id, { step: 0 }), endCommit(id, { afterSeq: 2 })];
      for (const [index, commit] of sendings.entries()) {
        const answers = await Promise.all([one.commit([commit]), two.commit([commit]), one.commit([commit])]);
        expect(answers).toEqual(Array.from({ length: 3 }, () => [{ ok: true, firstSeq: index + 1 }]));
      }
      expect((await one.listEvents(id, ALL_EVENTS)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(await one.listNodes(id)).toHaveLength(2);
    }
  });

  it("leave what came before an end out of the inbox, and refuse what comes after it", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = `e${round}`;
      await one.commit([creation(id)]);
      const [[outcome], added] = await Promise.all([
        one.commit([endCommit(id, { afterSeq: 1 })]),
        two.addToInbox(id, inboxItem("i1"), MAX_UNREAD),
      ]);
      expect(outcome).toEqual({ ok: true, firstSeq: 2 });
      expect(["added", "ended"]).toContain(added);
      expect(await one.listInbox(id)).toEqual([]);
    }
  });

  it("let either the success or the cancel win", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = `e${round}`;
      await one.commit([creation(id)]);
      const [[outcome]] = await Promise.all([
        one.commit([endCommit(id, { afterSeq: 1 })]),
        two.requestCancel(id, "stop", 5),
      ]);
      const record = await one.getExecution(id);
      const isCancelled = record?.cancelRequested !== null;
      expect(outcome).toEqual(isCancelled ? { ok: false, reason: "cancel_requested" } : { ok: true, firstSeq: 2 });
      expect(record?.status).toBe(isCancelled ? "running" : "completed");
    }
  });

  it("are written whatever else is in the batch, and refused for themselves alone", async () => {
    await one.commit(["e1", "e2", "e3", "e4"].map((id) => creation(id)));
    const outcomes = await one.commit([
      stepCommit("e1", { step: 0 }),
      {
        executionId: "e2",
        epoch: 1,
        afterSeq: 1,
        waits: [waitRecord("e2", "w")],
        events: [eventDraft("e2", "node.waiting")],
      },
      stepCommit("e3", { step: 0, epoch: 7 }),
      creation("e5", { idempotencyKey: "k5" }),
      creation("e1", { owner: "another" }),
      endCommit("e4", { afterSeq: 1 }),
      stepCommit("none", { step: 0 }),
    ]);
    expect(outcomes).toEqual([
      { ok: true, firstSeq: 2 },
      { ok: true, firstSeq: 2 },
      { ok: false, reason: "lease_lost" },
      { ok: true, firstSeq: 1 },
      { ok: false, reason: "duplicate", existingId: "e1" },
      { ok: true, firstSeq: 2 },
      { ok: false, reason: "lease_lost" },
    ]);
    expect(await one.listWaits("e2")).toHaveLength(1);
    expect(await one.listNodes("e3")).toEqual([]);
    expect((await one.getExecution("e4"))?.status).toBe("completed");
  });

  it("keep texts of every kind in batches as in single commits", async () => {
    const texts = ['quote " and \\ backslash', "{,}", "NULL", "line\nfeed\ttab", "\u0000\ud800", "ünïcödé 🎉", ""];
    const ids = texts.map((text, index) => `e${index} ${text}`);
    await one.commit(
      ids.map((id, index) => creation(id, { input: { text: texts[index] }, requires: [`tag ${texts[index]}`] })),
    );
    await one.commit(
      ids.map((id, index) => ({
        ...stepCommit(id, { step: 0 }),
        nodes: [nodeRecord(`n ${texts[index]}`, { output: texts[index] })],
      })),
    );
    for (const [index, id] of ids.entries()) {
      expect(await one.getExecution(id)).toMatchObject({
        id,
        input: { text: texts[index] },
        requires: [`tag ${texts[index]}`],
      });
      expect(await one.listNodes(id)).toMatchObject([{ path: `n ${texts[index]}`, output: texts[index] }]);
    }
  });
});
