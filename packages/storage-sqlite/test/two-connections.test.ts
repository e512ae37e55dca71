import { join } from "node:path";
import type { ExecutionCommit, Storage } from "@automatrix/core";
import { commitOne, creation, eventDraft, nodeRecord } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/temporary-folder.js";

describe("a writer that has just written, while another connection writes", () => {
  const folder = temporaryFolder();
  let count = 0;
  let writer: Storage;
  let other: Storage;

  beforeEach(async () => {
    const file = join(folder.path, `${count++}.db`);
    [writer, other] = [sqliteStorage({ file }), sqliteStorage({ file })];
    await Promise.all([writer.open(), other.open()]);
    await commitOne(writer, creation("e1"));
    expect(await commitOne(writer, working(1))).toEqual({ ok: true, firstSeq: 2 });
  });
  afterEach(() => Promise.all([writer.close(), other.close()]));

  function working(afterSeq: number, parts: Partial<ExecutionCommit> = {}): ExecutionCommit {
    const node = nodeRecord(`n${afterSeq}`, { output: 1 });
    return {
      executionId: "e1",
      epoch: 1,
      afterSeq,
      nodes: [node],
      events: [eventDraft("e1", "node.completed", node)],
      ...parts,
    };
  }

  it("is fenced off once the other has claimed", async () => {
    await other.release({ executionId: "e1", epoch: 1 });
    expect(await other.claim({ workerId: "worker-2", limit: 1, leaseDurationMs: 1_000, dueAt: 0 })).toHaveLength(1);
    expect(await commitOne(writer, working(2))).toEqual({ ok: false, reason: "lease_lost" });
    expect(await commitOne(other, working(2, { epoch: 2 }))).toEqual({ ok: true, firstSeq: 3 });
    expect(await commitOne(writer, working(3))).toEqual({ ok: false, reason: "lease_lost" });
  });

  it("sees a cancel of the other", async () => {
    await other.requestCancel("e1", "why", 5);
    const ending = working(2, { patch: { status: "completed", endedAt: 9 } });
    expect(await commitOne(writer, ending)).toEqual({ ok: false, reason: "cancel_requested" });
  });

  it("goes on from where it stands after a batch that failed", async () => {
    const unwritable = [{ nodePath: "a", ordinal: {} }] as unknown as NonNullable<ExecutionCommit["waits"]>;
    const broken = working(3, { waits: unwritable });
    await expect(writer.commit([working(2), broken])).rejects.toMatchObject({ name: "StorageError" });
    expect(await commitOne(writer, working(2))).toEqual({ ok: true, firstSeq: 3 });
    expect(await writer.listNodes("e1")).toHaveLength(2);
  });

  it("does not mistake a new execution of the same id for the deleted one", async () => {
    await commitOne(writer, working(2, { patch: { status: "completed", endedAt: 9 } }));
    await other.deleteEnded({ endedBefore: 10, limit: 10 });
    expect(await commitOne(writer, working(3))).toEqual({ ok: false, reason: "lease_lost" });
    await commitOne(other, creation("e0"));
    await commitOne(other, creation("e1"));
    expect(await commitOne(writer, working(1))).toEqual({ ok: true, firstSeq: 2 });
    expect(await other.listNodes("e0")).toEqual([]);
  });
});
