import assert from "node:assert/strict";
import type { ExecutionCommit } from "../../../ports/execution-commit.js";
import { commitOne, creation, eventDraft, executionRecord, inboxItem, nodeRecord } from "../../sample-rows.js";
import { type CaseGroup, type ConformanceScene, createExecution } from "../conformance-case.js";

const LARGE_BYTES = 5.5 * 1024 * 1024;

/** Just more than what storages keep beside a row. */
const BY_REFERENCE_BYTES = 17 * 1024;

const HOSTILE_TEXTS: Readonly<Record<string, string>> = {
  "a NUL": "a\u0000b",
  "a lone high surrogate": "a\ud800b",
  "a lone low surrogate": "\udc00",
  "control characters": "\u0001\u001f\u007f\u0085\u2028\u2029\ufeff",
  "quotes and escapes": `'"\`\\;--/*%_$1?{{x}}`,
  emoji: "👩‍👩‍👧‍👦 🏳️‍🌈",
  "right-to-left text": "\u202eשלום",
  "names of prototypes": "__proto__",
  "the empty text": "",
};

/** `JSON.parse` makes own properties, even of `__proto__`. */
const HOSTILE_OBJECT: unknown = JSON.parse(
  '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"prototype":[],"toString":null,"hasOwnProperty":0,"":1,"a.b":2,"1":3}',
);

/** Object keys in their order, since two storages may not differ in it. */
function assertSameJson(actual: unknown, expected: unknown): void {
  assert.equal(JSON.stringify(actual), JSON.stringify(expected));
}

async function roundTrip({ storage }: ConformanceScene, value: unknown): Promise<void> {
  await commitOne(storage, {
    executionId: "e1",
    epoch: 1,
    create: executionRecord("e1", { input: value, metadata: { value } }),
  });
  await commitOne(storage, {
    executionId: "e1",
    epoch: 1,
    nodes: [nodeRecord("a", { output: value, variables: { value } })],
    steps: [{ nodePath: "a", key: "k", value }],
  });
  await storage.addToInbox("e1", inboxItem("i1", { payload: value }), 10);
  await commitOne(storage, {
    executionId: "e1",
    epoch: 1,
    patch: { output: value },
    events: [{ seq: 0, type: "node.completed", at: 1, executionId: "e1", data: { value } }],
  });
  const record = await storage.getExecution("e1");
  const [node] = await storage.listNodes("e1");
  const [event] = await storage.listEvents("e1", { after: 0, limit: 1 });
  for (const read of [
    record?.input,
    record?.output,
    record?.metadata["value"],
    node?.output,
    node?.variables?.["value"],
    (await storage.listSteps("e1"))[0]?.value,
    (await storage.listInbox("e1"))[0]?.payload,
    event?.data.value,
  ]) {
    assertSameJson(read, value);
  }
}

export const valueCases: CaseGroup = {
  group: "values",
  cases: [
    {
      name: "gives every kind of JSON back unchanged",
      check: (scene) =>
        roundTrip(scene, {
          n: null,
          t: true,
          f: false,
          zero: 0,
          tiny: 5e-324,
          huge: 1.7976931348623157e308,
          safe: 9_007_199_254_740_991,
          fraction: 0.1,
          list: [[], {}, [null]],
          b: 1,
          a: 2,
        }),
    },
    ...[null, true, 0, "", [], {}].map((value) => ({
      name: `takes ${JSON.stringify(value)} as a whole value`,
      check: (scene: ConformanceScene) => roundTrip(scene, value),
    })),
    ...Object.entries(HOSTILE_TEXTS).map(([name, text]) => ({
      name: `gives ${name} back as a value and as a key`,
      check: (scene: ConformanceScene) =>
        roundTrip(scene, Object.defineProperty({ text }, `key ${text}`, { value: [text], enumerable: true })),
    })),
    {
      name: "keeps the values of executions in one batch apart",
      check: async ({ storage }) => {
        const values = Object.entries(HOSTILE_TEXTS).map(([name, text]) => ({ name, [`key ${text}`]: [text, null] }));
        const write = async (
          toCommit: (id: string, value: unknown) => Omit<ExecutionCommit, "executionId" | "epoch">,
        ) =>
          assert.ok(
            (
              await storage.commit(
                values.map((value, index) => ({ executionId: `e${index}`, epoch: 1, ...toCommit(`e${index}`, value) })),
              )
            ).every(({ ok }) => ok),
          );
        await write((id, value) => creation(id, { input: value, metadata: { value } }));
        await write((id, value) => ({
          afterSeq: 1,
          nodes: [nodeRecord("a", { output: value })],
          steps: [{ nodePath: "a", key: "k", value }],
          events: [eventDraft(id, "node.completed", { value })],
        }));
        await write((id, value) => ({
          afterSeq: 2,
          events: [eventDraft(id, "execution.completed", { value })],
          patch: { status: "completed", output: value, error: null, blocked: null, endedAt: 9, parkedMs: 0 },
        }));
        for (const [index, value] of values.entries()) {
          const id = `e${index}`;
          const record = await storage.getExecution(id);
          const events = await storage.listEvents(id, { after: 1, limit: 2 });
          for (const read of [
            record?.input,
            record?.output,
            record?.metadata["value"],
            (await storage.listNodes(id))[0]?.output,
            (await storage.listSteps(id))[0]?.value,
            ...events.map(({ data }) => data.value),
          ])
            assertSameJson(read, value);
        }
      },
    },
    {
      name: "keeps properties named like prototypes and pollutes none",
      check: async (scene) => {
        await roundTrip(scene, HOSTILE_OBJECT);
        assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
      },
    },
    {
      name: "keeps a value just over 16 KiB, of characters of several bytes",
      check: (scene) => roundTrip(scene, { large: "é漢👩".repeat(BY_REFERENCE_BYTES / 9) }),
    },
    {
      name: "keeps large values of many nodes apart",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        const outputs = Array.from({ length: 5 }, (_, index) => `${index}`.repeat(BY_REFERENCE_BYTES));
        await commitOne(storage, {
          executionId: "e1",
          epoch: 1,
          nodes: outputs.map((output, index) => nodeRecord(`n${index}`, { output })),
        });
        assert.deepEqual(
          (await storage.listNodes("e1")).map(({ output }) => output),
          outputs,
        );
      },
    },
    {
      name: "replaces a large value by another, and by a small one",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        for (const output of ["a".repeat(BY_REFERENCE_BYTES), "b".repeat(BY_REFERENCE_BYTES), 1]) {
          await commitOne(storage, { executionId: "e1", epoch: 1, nodes: [nodeRecord("a", { output })] });
          assert.deepEqual((await storage.listNodes("e1"))[0]?.output, output);
        }
      },
    },
    {
      name: "keeps a large payload of a delivered item",
      check: async ({ storage }) => {
        await createExecution(storage, "e1");
        await createExecution(storage, "e2");
        const payload = { large: "x".repeat(BY_REFERENCE_BYTES) };
        const deliver = [{ executionId: "e2", item: inboxItem("i1", { payload }) }];
        await commitOne(storage, { executionId: "e1", epoch: 1, deliver });
        assertSameJson((await storage.listInbox("e2"))[0]?.payload, payload);
      },
    },
    {
      name: "keeps a value of several MiB",
      check: (scene) => roundTrip(scene, { large: "x".repeat(LARGE_BYTES) }),
    },
    {
      name: "keeps a deeply nested value",
      check: (scene) => {
        let value: unknown = 1;
        for (let depth = 0; depth < 500; depth++) value = depth % 2 === 0 ? [value] : { v: value };
        return roundTrip(scene, value);
      },
    },
    ...Object.entries(HOSTILE_TEXTS).flatMap(([name, text]) => [
      {
        name: `takes ${name} in keys, paths and names`,
        check: async ({ storage }: ConformanceScene) => {
          const workflowId = `w${text}`;
          await storage.saveWorkflow({
            id: workflowId,
            hash: "h",
            name: text,
            definition: { name: text, nodes: [] },
            createdAt: 1,
          });
          assert.equal((await storage.getWorkflow(workflowId))?.name, text);
          await createExecution(storage, "e1", { workflowId, tenant: text, idempotencyKey: `k${text}` });
          assert.equal(await storage.findByIdempotencyKey(`k${text}`), "e1");
          assert.equal((await storage.listExecutions({ tenant: text })).items.length, 1);
          await storage.addToInbox("e1", inboxItem("i1", { name: text, key: `k${text}` }), 10);
          assert.equal(
            await storage.addToInbox("e1", inboxItem("i2", { name: text, key: `k${text}` }), 10),
            "duplicate",
          );
          await commitOne(storage, {
            executionId: "e1",
            epoch: 1,
            nodes: [nodeRecord(`p${text}`)],
            steps: [{ nodePath: `p${text}`, key: text, value: 1 }],
          });
          assert.equal((await storage.listNodes("e1"))[0]?.path, `p${text}`);
          assert.equal((await storage.listSteps("e1"))[0]?.key, text);
        },
      },
    ]),
    {
      name: "knows no execution, workflow or key named like a member of Object.prototype",
      check: async ({ storage }) => {
        for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
          assert.equal(await storage.getExecution(name), undefined);
          assert.equal(await storage.getWorkflow(name), undefined);
          assert.equal(await storage.getDefinition(name), undefined);
          assert.equal(await storage.findByIdempotencyKey(name), undefined);
        }
      },
    },
  ],
};
