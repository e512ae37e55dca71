import assert from "node:assert/strict";
import { commitOne } from "../../sample-rows.js";
import {
  type CaseGroup,
  claim,
  claimIds,
  createExecution,
  createParked,
  createQueued,
  ending,
} from "../conformance-case.js";

export const orderCases: CaseGroup = {
  group: "order of claims",
  cases: [
    {
      name: "takes the higher priority first, and among equals who came first",
      check: async ({ storage }) => {
        const priorities = [0, 5, -1, 5, 0];
        for (const [index, priority] of priorities.entries())
          await createQueued(storage, `e${index}`, { priority, createdAt: 1_000 + index });
        const order: string[] = [];
        for (let turn = 0; turn < priorities.length; turn++) order.push(...(await claimIds(storage, { limit: 1 })));
        assert.deepEqual(order, ["e1", "e3", "e0", "e4", "e2"]);
      },
    },
    {
      name: "takes the tenant with the fewest running executions first",
      check: async ({ storage }) => {
        for (const id of ["r1", "r2"]) await createExecution(storage, id, { tenant: "busy" });
        await createExecution(storage, "r3", { tenant: "idle" });
        await createQueued(storage, "e1", { tenant: "busy", createdAt: 1_001 });
        await createQueued(storage, "e2", { tenant: "idle", createdAt: 1_002 });
        assert.deepEqual(await claimIds(storage, { limit: 1 }), ["e2"]);
        assert.deepEqual(await claimIds(storage, { limit: 1 }), ["e1"]);
      },
    },
    {
      name: "counts a tenant's waiting and ended executions as running no more",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { tenant: "a" });
        await createParked(storage, "r2", { tenant: "a" });
        await createExecution(storage, "r3", { tenant: "a" });
        await commitOne(storage, ending("r3"));
        for (const id of ["r4", "r5"]) await createExecution(storage, id, { tenant: "b" });
        await createQueued(storage, "e1", { tenant: "b", createdAt: 1_001 });
        await createQueued(storage, "e2", { tenant: "a", createdAt: 1_002 });
        assert.deepEqual(await claimIds(storage, { limit: 1 }), ["e2"]);
      },
    },
    {
      name: "shares one claim among the tenants, each one's oldest first",
      check: async ({ storage }) => {
        for (let index = 0; index < 6; index++)
          await createQueued(storage, `a${index}`, { tenant: "a", createdAt: 1_000 + index });
        for (let index = 0; index < 2; index++)
          await createQueued(storage, `b${index}`, { tenant: "b", createdAt: 2_000 + index });
        assert.deepEqual([...(await claimIds(storage, { limit: 4 }))].sort(), ["a0", "a1", "b0", "b1"]);
      },
    },
    {
      name: "takes priority before fairness",
      check: async ({ storage }) => {
        await createExecution(storage, "r1", { tenant: "busy" });
        await createQueued(storage, "e1", { tenant: "idle", createdAt: 1_001 });
        await createQueued(storage, "e2", { tenant: "busy", priority: 1, createdAt: 1_002 });
        assert.deepEqual(await claimIds(storage, { limit: 1 }), ["e2"]);
      },
    },
  ],
};

export const tagCases: CaseGroup = {
  group: "tags of workers",
  cases: [
    {
      name: "leaves alone what requires a tag that is not offered",
      check: async ({ storage }) => {
        await createQueued(storage, "e1", { requires: ["gpu"] });
        assert.deepEqual(await claimIds(storage, { offers: [] }), []);
        assert.deepEqual(await claimIds(storage, { offers: ["eu"] }), []);
        assert.deepEqual(await claimIds(storage, { offers: ["eu", "gpu"] }), ["e1"]);
      },
    },
    {
      name: "asks for every tag required",
      check: async ({ storage }) => {
        await createQueued(storage, "e1", { requires: ["gpu", "eu"] });
        assert.deepEqual(await claimIds(storage, { offers: ["gpu"] }), []);
        assert.deepEqual(await claimIds(storage, { offers: ["eu", "gpu", "big"] }), ["e1"]);
      },
    },
    {
      name: "takes what requires nothing, whatever is offered",
      check: async ({ storage }) => {
        await createQueued(storage, "e1");
        assert.deepEqual(await claimIds(storage, { offers: [] }), ["e1"]);
      },
    },
    {
      name: "takes everything for a worker that offers all",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2"]) await createQueued(storage, id, { requires: [`tag-${id}`] });
        assert.deepEqual(await claimIds(storage, { offers: null, limit: 1 }), ["e1"]);
        assert.deepEqual(await claimIds(storage), ["e2"]);
      },
    },
    {
      name: "goes by the tags that the last patch left",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await commitOne(storage, { executionId: "e1", epoch: 1, patch: { requires: ["gpu"] } });
        await storage.release({ executionId: "e1", epoch: 1 });
        assert.deepEqual(await claimIds(storage, { offers: [] }), []);
        assert.deepEqual((await claim(storage, { offers: ["gpu"] }))[0]?.requires, ["gpu"]);
      },
    },
    {
      name: "takes what comes after one that asks for too much",
      check: async ({ storage }) => {
        await createQueued(storage, "e1", { requires: ["gpu"], priority: 9 });
        await createQueued(storage, "e2");
        assert.deepEqual(await claimIds(storage, { offers: [], limit: 1 }), ["e2"]);
      },
    },
  ],
};
