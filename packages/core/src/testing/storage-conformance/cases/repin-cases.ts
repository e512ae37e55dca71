import assert from "node:assert/strict";
import { commitOne, nodeRecord } from "../../sample-rows.js";
import { type CaseGroup, claim, claimIds, createExecution, createParked, ending } from "../conformance-case.js";

const PINNED = { definitionHash: "hash-2", workflowVersion: 2, nodeTypes: { noop: 2 } } as const;

export const repinCases: CaseGroup = {
  group: "pinning to another definition",
  cases: [
    {
      name: "takes it from its owner and lets it be claimed, pinned anew",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        assert.equal(await storage.repin({ executionId: "e1", epoch: 1, ...PINNED }), true);
        assert.deepEqual(await commitOne(storage, { executionId: "e1", epoch: 1, nodes: [nodeRecord("a")] }), {
          ok: false,
          reason: "lease_lost",
        });
        const [claimed] = await claim(storage);
        assert.deepEqual(
          [claimed?.id, claimed?.definitionHash, claimed?.workflowVersion, claimed?.nodeTypes, claimed?.crashes],
          ["e1", "hash-2", 2, { noop: 2 }, 0],
        );
      },
    },
    {
      name: "lets a parked one be claimed",
      check: async ({ storage }) => {
        await createParked(storage, "e1");
        assert.equal(await storage.repin({ executionId: "e1", epoch: 1, ...PINNED }), true);
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "lets a blocked one be claimed",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const blocked = { code: "node_type_missing", message: "m" };
        await commitOne(storage, { executionId: "e1", epoch: 1, patch: { status: "waiting", blocked } });
        await storage.release({ executionId: "e1", epoch: 1 });
        assert.equal(await storage.repin({ executionId: "e1", epoch: 1, ...PINNED }), true);
        assert.deepEqual(await claimIds(storage), ["e1"]);
      },
    },
    {
      name: "changes nothing of one that has ended, is in another epoch or is not there",
      check: async ({ storage }) => {
        for (const id of ["e1", "e2"]) await createExecution(storage, id);
        await commitOne(storage, ending("e1"));
        assert.equal(await storage.repin({ executionId: "e1", epoch: 1, ...PINNED }), false);
        assert.equal(await storage.repin({ executionId: "e2", epoch: 7, ...PINNED }), false);
        assert.equal(await storage.repin({ executionId: "none", epoch: 1, ...PINNED }), false);
        for (const id of ["e1", "e2"]) assert.equal((await storage.getExecution(id))?.definitionHash, "hash-1");
        assert.equal((await storage.getExecution("e2"))?.owner, "worker-1");
      },
    },
  ],
};
