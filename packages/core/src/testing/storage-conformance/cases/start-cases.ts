import assert from "node:assert/strict";
import { executionRecord } from "../../sample-rows.js";
import { ALL_EVENTS, type CaseGroup, createExecution } from "../conformance-case.js";

export const startCases: CaseGroup = {
  group: "starts",
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
    {
      name: "refuses a second execution with the same id",
      check: async ({ storage }) => {
        await createExecution(storage, "e1", { input: "first" });
        assert.deepEqual(await createExecution(storage, "e1", { input: "second" }), {
          ok: false,
          reason: "duplicate",
          existingId: "e1",
        });
        assert.equal((await storage.getExecution("e1"))?.input, "first");
        assert.equal((await storage.listEvents("e1", ALL_EVENTS)).length, 1);
      },
    },
  ],
};
