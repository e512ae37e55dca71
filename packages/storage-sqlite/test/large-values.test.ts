import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionCommit, Storage } from "@automatrix/core";
import { commitOne, creation, eventDraft, nodeRecord } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/temporary-folder.js";

const MARK = "unmistakable";
const LARGE = { text: `${MARK} \ud800 \u0000 ${"ü".repeat(20_000)}` };

describe("values over 16 KiB", () => {
  const folder = temporaryFolder();
  let count = 0;
  let file: string;
  let storage: Storage;

  const payloads = () =>
    readdirSync(`${file}-blobs/payloads`, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

  beforeEach(async () => {
    file = join(folder.path, `${count++}.db`);
    storage = sqliteStorage({ file });
    await storage.open();
  });
  afterEach(() => storage.close());

  function ending(id: string): ExecutionCommit {
    const node = nodeRecord("a", { output: LARGE });
    return {
      executionId: id,
      epoch: 1,
      afterSeq: 1,
      nodes: [node, nodeRecord("small", { output: 1 })],
      steps: [
        { nodePath: "a", key: "k", value: LARGE },
        { nodePath: "a", key: "l", value: 2 },
      ],
      patch: { status: "completed", output: LARGE, endedAt: 5 },
      events: [
        { ...eventDraft(id, "node.completed", node), nodeId: "a", attempt: 1 },
        eventDraft(id, "step.completed", { name: "k", value: LARGE }),
        eventDraft(id, "execution.completed", { output: LARGE }),
      ],
    };
  }

  it("come back as they were, from wherever they are asked for, also after the file was opened again", async () => {
    await commitOne(storage, creation("e1", { input: LARGE, mocks: { a: { output: LARGE } } }));
    await commitOne(storage, ending("e1"));
    await storage.close();
    storage = sqliteStorage({ file });
    await storage.open();
    expect(await storage.getExecution("e1")).toMatchObject({
      input: LARGE,
      output: LARGE,
      mocks: { a: { output: LARGE } },
    });
    expect(await storage.listNodes("e1")).toEqual([
      nodeRecord("a", { output: LARGE }),
      nodeRecord("small", { output: 1 }),
    ]);
    expect((await storage.listSteps("e1")).map(({ value }) => value)).toEqual([LARGE, 2]);
    const events = await storage.listEvents("e1", { after: 1, limit: 10 });
    expect(events.map(({ data }) => data)).toEqual([
      nodeRecord("a", { output: LARGE }),
      { name: "k", value: LARGE },
      { output: LARGE },
    ]);
  });

  it("lie beside the database, once each, and not in it", async () => {
    await commitOne(storage, creation("e1", { input: LARGE }));
    await commitOne(storage, ending("e1"));
    // Input, output, the node's output, the step and its event.
    expect(payloads()).toHaveLength(5);
    await storage.close();
    expect(readFileSync(file).includes(MARK)).toBe(false);
    expect(statSync(file).size).toBeLessThan(300_000);
    await storage.open();
  });

  it("come with a claim", async () => {
    await commitOne(storage, creation("e1", { input: LARGE, owner: null, status: "queued" }));
    const [claimed] = await storage.claim({ workerId: "w", limit: 1, leaseDurationMs: 1_000, dueAt: 0 });
    expect(claimed?.input).toEqual(LARGE);
  });

  it("leave no file behind when their commit is refused", async () => {
    await commitOne(storage, creation("e1"));
    expect(await commitOne(storage, { ...ending("e1"), epoch: 7 })).toEqual({ ok: false, reason: "lease_lost" });
    expect(payloads()).toEqual([]);
  });

  it("go with their execution, with what a crash left behind", async () => {
    await commitOne(storage, creation("e1", { input: LARGE }));
    await commitOne(storage, creation("e2", { input: LARGE }));
    await commitOne(storage, ending("e1"));
    // A commit whose answer was lost, sent again: its second set of files belongs to nothing.
    await commitOne(storage, ending("e1"));
    expect(payloads().length).toBeGreaterThan(6);
    expect(await storage.deleteEnded({ endedBefore: 6, limit: 10 })).toBe(1);
    expect(payloads()).toHaveLength(1);
    expect((await storage.getExecution("e2"))?.input).toEqual(LARGE);
  });

  it("are missed by name when their folder was left behind", async () => {
    await commitOne(storage, creation("e1", { input: LARGE }));
    rmSync(`${file}-blobs`, { recursive: true });
    await expect(storage.getExecution("e1")).rejects.toMatchObject({
      code: "storage_corrupt",
      message: expect.stringContaining("moves with it"),
    });
    expect((await storage.listExecutions({})).items).toHaveLength(1);
  });
});

describe("values stored once", () => {
  const folder = temporaryFolder();

  it("are rebuilt in events from the node and the execution that have them", async () => {
    const file = join(folder.path, "once.db");
    const storage = sqliteStorage({ file });
    await storage.open();
    const output = { text: MARK };
    const nodes = Array.from({ length: 20 }, (_, index) => nodeRecord(`n${index}`, { output: { ...output, index } }));
    await commitOne(storage, creation("e1"));
    await commitOne(storage, {
      executionId: "e1",
      epoch: 1,
      nodes,
      patch: { status: "completed", output, endedAt: 5 },
      events: [
        ...nodes.map((node) => ({ ...eventDraft("e1", "node.completed", node), nodeId: node.path, attempt: 1 })),
        eventDraft("e1", "execution.completed", { output }),
      ],
    });
    const events = await storage.listEvents("e1", { after: 1, limit: 100 });
    expect(events.map(({ data }) => data)).toEqual([...nodes, { output }]);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 21 }, (_, index) => index + 2));
    await storage.close();
    // Each node's output once, and the execution's.
    expect(readFileSync(file).toString("latin1").split(MARK).length - 1).toBe(21);
  });
});
