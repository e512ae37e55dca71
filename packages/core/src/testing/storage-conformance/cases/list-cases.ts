import assert from "node:assert/strict";
import type { ExecutionFilter, Storage } from "../../../ports/storage.js";
import { commitOne, executionRecord } from "../../sample-rows.js";
import { type CaseGroup, createExecution, DEFINITION, ending } from "../conformance-case.js";

async function idsOf(storage: Storage, filter: ExecutionFilter): Promise<readonly string[]> {
  return (await storage.listExecutions(filter)).items.map(({ id }) => id);
}

/** Rising ids and instants, as the engine's ids are. */
async function createMany(storage: Storage, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `e${String(index).padStart(4, "0")}`);
  for (const [index, id] of ids.entries()) await createExecution(storage, id, { createdAt: 1_000 + index });
  return ids;
}

export const listCases: CaseGroup = {
  group: "lists",
  cases: [
    {
      name: "lists the newest first, without payloads",
      check: async ({ storage }) => {
        const ids = await createMany(storage, 3);
        const { items, nextCursor } = await storage.listExecutions({});
        assert.deepEqual(
          items.map(({ id }) => id),
          [...ids].reverse(),
        );
        assert.equal(nextCursor, undefined);
        for (const item of items) assert.equal("input" in item || "output" in item || "mocks" in item, false);
        const {
          input: _input,
          output: _output,
          mocks: _mocks,
          ...summary
        } = executionRecord("e0002", { createdAt: 1_002, lastSeq: 1 });
        assert.deepEqual(items[0], summary);
      },
    },
    {
      name: "goes through all pages by their cursors, each item once",
      check: async ({ storage }) => {
        const ids = await createMany(storage, 25);
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await storage.listExecutions({ limit: 10, ...(cursor === undefined ? {} : { cursor }) });
          assert.ok(page.items.length <= 10);
          seen.push(...page.items.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        assert.deepEqual(seen, [...ids].reverse());
      },
    },
    {
      name: "keeps its place when newer executions come between two pages",
      check: async ({ storage }) => {
        const ids = await createMany(storage, 6);
        const first = await storage.listExecutions({ limit: 3 });
        await createExecution(storage, "z-new", { createdAt: 9_000 });
        const second = await idsOf(storage, { limit: 3, cursor: first.nextCursor as string });
        assert.deepEqual(second, [...ids].reverse().slice(3));
      },
    },
    {
      name: "refuses a cursor that is none",
      check: async ({ storage }) => {
        await createMany(storage, 2);
        await assert.rejects(storage.listExecutions({ cursor: "no such cursor" }), { code: "invalid_input" });
      },
    },
    {
      name: "filters by status, workflow, tenant and parent",
      check: async ({ storage }) => {
        await createExecution(storage, "e1", { workflowId: "w", tenant: "t" });
        await createExecution(storage, "e2", { workflowId: "w" });
        await createExecution(storage, "e3", { tenant: "t", parent: { executionId: "e1", nodePath: "x" } });
        await commitOne(storage, ending("e1"));
        await commitOne(storage, ending("e2", "failed"));
        assert.deepEqual(await idsOf(storage, { status: "completed" }), ["e1"]);
        assert.deepEqual([...(await idsOf(storage, { status: ["failed", "running"] }))].sort(), ["e2", "e3"]);
        assert.deepEqual([...(await idsOf(storage, { workflowId: "w" }))].sort(), ["e1", "e2"]);
        assert.deepEqual([...(await idsOf(storage, { tenant: "t" }))].sort(), ["e1", "e3"]);
        assert.deepEqual(await idsOf(storage, { parentId: "e1" }), ["e3"]);
        assert.deepEqual(await idsOf(storage, { tenant: "t", status: "running" }), ["e3"]);
        assert.deepEqual(await idsOf(storage, { status: "cancelled" }), []);
      },
    },
    {
      name: "filters by the instant of the end, whenever an execution was created",
      check: async ({ storage }) => {
        const ids = await createMany(storage, 6);
        const endedAt = [9_000, 2_000, 8_999, 9_001, 2_001];
        for (const [index, at] of endedAt.entries())
          await commitOne(storage, {
            ...ending(ids[index] as string, index === 3 ? "completed" : "failed"),
            patch: { status: index === 3 ? "completed" : "failed", output: null, endedAt: at },
          });
        assert.deepEqual(await idsOf(storage, { endedSince: 9_000 }), ["e0003", "e0000"]);
        assert.deepEqual(await idsOf(storage, { endedSince: 2_001, status: "failed" }), ["e0004", "e0002", "e0000"]);
        const first = await storage.listExecutions({ endedSince: 2_000, limit: 3 });
        const second = await idsOf(storage, { endedSince: 2_000, limit: 3, cursor: first.nextCursor as string });
        assert.deepEqual(
          [...first.items.map(({ id }) => id), ...second],
          ["e0004", "e0003", "e0002", "e0001", "e0000"],
        );
        assert.deepEqual(await idsOf(storage, { endedSince: 9_002 }), []);
      },
    },
  ],
};

export const workflowCases: CaseGroup = {
  group: "workflows",
  cases: [
    {
      name: "numbers versions from 1 and answers equal content with the version that has it",
      check: async ({ storage }) => {
        const save = (hash: string) =>
          storage.saveWorkflow({
            id: "w",
            hash,
            name: "n",
            definition: { ...DEFINITION, description: hash },
            createdAt: 5,
          });
        assert.equal((await save("h1")).version, 1);
        assert.equal((await save("h1")).version, 1);
        assert.equal((await save("h2")).version, 2);
        assert.equal((await save("h1")).version, 3);
        assert.deepEqual(await storage.getWorkflow("w", 2), {
          id: "w",
          version: 2,
          hash: "h2",
          name: "n",
          definition: { ...DEFINITION, description: "h2" },
          createdAt: 5,
        });
        assert.equal((await storage.getWorkflow("w"))?.version, 3);
        assert.equal(await storage.getWorkflow("w", 9), undefined);
        assert.equal(await storage.getWorkflow("none"), undefined);
      },
    },
    {
      name: "lets concurrent saves each have a version of their own",
      check: async ({ storage }) => {
        const saved = await Promise.all(
          Array.from({ length: 10 }, (_, index) =>
            storage.saveWorkflow({ id: "w", hash: `h${index}`, name: null, definition: DEFINITION, createdAt: 5 }),
          ),
        );
        assert.deepEqual(
          saved.map(({ version }) => version).sort((a, b) => a - b),
          [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        );
      },
    },
    {
      name: "lists the newest version of each workflow, by pages",
      check: async ({ storage }) => {
        for (let index = 0; index < 5; index++)
          await storage.saveWorkflow({
            id: `w${index}`,
            hash: "h1",
            name: null,
            definition: DEFINITION,
            createdAt: index,
          });
        await storage.saveWorkflow({ id: "w0", hash: "h2", name: null, definition: DEFINITION, createdAt: 9 });
        const first = await storage.listWorkflows({ limit: 3 });
        const second = await storage.listWorkflows({ limit: 3, cursor: first.nextCursor as string });
        const all = [...first.items, ...second.items];
        assert.deepEqual(all.map(({ id }) => id).sort(), ["w0", "w1", "w2", "w3", "w4"]);
        assert.equal(all.find(({ id }) => id === "w0")?.version, 2);
        assert.equal(second.nextCursor, undefined);
      },
    },
    {
      name: "forgets a deleted workflow",
      check: async ({ storage }) => {
        await storage.saveWorkflow({ id: "w", hash: "h", name: null, definition: DEFINITION, createdAt: 5 });
        assert.equal(await storage.deleteWorkflow("w"), true);
        assert.equal(await storage.deleteWorkflow("w"), false);
        assert.equal(await storage.getWorkflow("w"), undefined);
      },
    },
    {
      name: "keeps definitions by their hash",
      check: async ({ storage }) => {
        await storage.putDefinition("h", DEFINITION);
        await storage.putDefinition("h", DEFINITION);
        assert.deepEqual(await storage.getDefinition("h"), DEFINITION);
        assert.equal(await storage.getDefinition("none"), undefined);
      },
    },
  ],
};
