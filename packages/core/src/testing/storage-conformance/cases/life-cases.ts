import assert from "node:assert/strict";
import { type CaseGroup, createExecution } from "../conformance-case.js";

export const lifeCases: CaseGroup = {
  group: "life",
  cases: [
    {
      name: "opens and closes as often as it is told to",
      check: async ({ storage }) => {
        await Promise.all([storage.open(), storage.open()]);
        await createExecution(storage, "e1");
        assert.equal((await storage.getExecution("e1"))?.id, "e1");
        await storage.close();
        await storage.close();
      },
    },
    {
      name: "closes without having been used, and while it is being closed",
      check: async ({ storage }) => {
        await Promise.all([storage.close(), storage.close()]);
      },
    },
    {
      name: "names itself, says what it can do and has a clock",
      check: async ({ storage }) => {
        assert.ok(storage.name.length > 0);
        assert.deepEqual(Object.keys(storage.capabilities).sort(), ["durable", "shared", "transactional"]);
        assert.ok(Number.isFinite(await storage.now()));
      },
    },
  ],
};
