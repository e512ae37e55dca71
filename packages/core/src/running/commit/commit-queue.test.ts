import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { StorageError } from "../../errors/errors.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type { Storage } from "../../ports/storage.js";
import { createDeferred, type Deferred } from "../../shared/deferred.js";
import { testClock } from "../../testing/test-clock.js";
import { Timers } from "../timers.js";
import { CommitQueue, type CommitSource } from "./commit-queue.js";

const SEVERAL = 6;

/** A call of `commit` that waits for its answer. */
interface Call {
  readonly ids: readonly string[];
  readonly answer: Deferred<readonly CommitOutcome[]>;
}

/** A queue on a storage that answers when it is told to. */
function setUp(commitsAtOnce?: number) {
  const open: Call[] = [];
  const commit = (batch: readonly ExecutionCommit[]) => {
    const call = {
      ids: batch.map(({ executionId }) => executionId),
      answer: createDeferred<readonly CommitOutcome[]>(),
    };
    open.push(call);
    return call.answer.promise;
  };
  const storage = { commit, ...(commitsAtOnce === undefined ? {} : { commitsAtOnce }) } as unknown as Storage;
  const clock = testClock();
  const queue = new CommitQueue({
    storage,
    timers: new Timers(clock),
    now: () => clock.now(),
    defer: (run) => void setImmediate(run),
    retryForMs: 1_000,
  });
  /** Lets everything happen that waits for no answer. */
  const settle = async () => {
    for (let turn = 0; turn < 3; turn++) await nextTurn();
  };
  return {
    queue,
    clock,
    settle,
    /** The ids of each call under way. */
    underWay: () => open.map(({ ids }) => ids),
    async answer(index = 0) {
      const [call] = open.splice(index, 1) as [Call];
      call.answer.resolve(call.ids.map(() => ({ ok: true, firstSeq: 1 })));
      await settle();
    },
    /** All but these are written. */
    async answerBusy(busyIds: readonly string[], index = 0) {
      const [call] = open.splice(index, 1) as [Call];
      call.answer.resolve(
        call.ids.map((id) => (busyIds.includes(id) ? { ok: false, reason: "busy" } : { ok: true, firstSeq: 1 })),
      );
      await settle();
    },
    async refuse(index = 0) {
      const [call] = open.splice(index, 1) as [Call];
      call.answer.reject(new StorageError("storage_unavailable", "gone"));
      await settle();
    },
  };
}

/** Writes as often as it is told to; knows how often it was written. */
class Source implements CommitSource {
  isFlushRequested = false;
  isDropped = false;
  written = 0;
  failed = 0;

  constructor(
    readonly executionId: string,
    readonly onCommitted: (source: Source) => void = () => {},
  ) {}

  takeCommit(): ExecutionCommit | undefined {
    return this.isDropped ? undefined : { executionId: this.executionId, epoch: 1 };
  }

  committed(): void {
    this.written++;
    this.onCommitted(this);
  }

  commitFailed(): void {
    this.failed++;
  }
}

function sources(count: number): readonly Source[] {
  return Array.from({ length: count }, (_, index) => new Source(`e${index}`));
}

function idsOf(list: readonly Source[]): readonly string[] {
  return list.map(({ executionId }) => executionId);
}

const transaction = (executionId: string): ExecutionCommit => ({ executionId, epoch: 1, transaction: async () => {} });

describe("a storage that takes one call at a time", () => {
  it("gets at once what comes first, and then what piled up", async () => {
    const { queue, underWay, answer, settle } = setUp();
    const all = sources(50);
    queue.request(all[0] as Source);
    await settle();
    for (const source of all.slice(1)) queue.request(source);
    await settle();
    expect(underWay()).toEqual([["e0"]]);
    await answer();
    expect(underWay()).toEqual([idsOf(all.slice(1))]);
  });

  it("gets flushes and transactions in turns, never beside each other", async () => {
    const { queue, underWay, answer, settle } = setUp();
    const [one, two] = [new Source("one", (source) => queue.request(source)), new Source("two")];
    queue.request(one);
    for (let times = 0; times < 2; times++) queue.commitAlone(two, transaction("two"));
    await settle();
    const seen: unknown[] = [];
    for (let turn = 0; turn < 5; turn++) {
      seen.push(...underWay());
      expect(underWay()).toHaveLength(1);
      await answer();
    }
    expect(seen).toEqual([["one"], ["two"], ["one"], ["two"], ["one"]]);
  });

  it("gets a thousand at most, and what comes after a thousand that were dropped", async () => {
    const { queue, underWay, answer, settle } = setUp();
    const all = sources(2_100);
    for (const source of all.slice(0, 1_000)) source.isDropped = true;
    for (const source of all) queue.request(source);
    await settle();
    expect(underWay()).toEqual([idsOf(all.slice(1_000, 2_000))]);
    await answer();
    expect(underWay()).toEqual([idsOf(all.slice(2_000))]);
    const idle = queue.idle();
    await answer();
    await idle;
  });
});

describe("a storage that takes several calls at once", () => {
  it("gets a large batch in two halves, and a small one whole", async () => {
    const small = setUp(SEVERAL);
    for (const source of sources(31)) small.queue.request(source);
    await small.settle();
    expect(small.underWay().map((ids) => ids.length)).toEqual([31]);
    const large = setUp(SEVERAL);
    for (const source of sources(51)) large.queue.request(source);
    await large.settle();
    expect(large.underWay().map((ids) => ids.length)).toEqual([26, 25]);
  });

  it("gets each half again as soon as it was answered, while the other is still under way", async () => {
    const { queue, underWay, answer, settle } = setUp(SEVERAL);
    for (let index = 0; index < 40; index++)
      queue.request(new Source(`e${index}`, (source) => source.written < 3 && queue.request(source)));
    await settle();
    const [first, second] = underWay();
    await answer();
    expect(underWay()).toEqual([second, first]);
    await answer();
    expect(underWay()).toEqual([first, second]);
  });

  it("gets few executions with the next flush and not beside one", async () => {
    const { queue, underWay, answer, settle } = setUp(SEVERAL);
    const all = sources(20);
    for (const source of all.slice(0, 5)) queue.request(source);
    await settle();
    for (const source of all.slice(5)) queue.request(source);
    await settle();
    expect(underWay()).toEqual([idsOf(all.slice(0, 5))]);
    await answer();
    expect(underWay()).toEqual([idsOf(all.slice(5))]);
  });

  it("never gets two commits of one execution at once", async () => {
    const { queue, underWay, answer, settle } = setUp(SEVERAL);
    const all = sources(40);
    for (const source of all.slice(0, 20)) queue.request(source);
    await settle();
    for (const source of all) queue.request(source);
    await settle();
    expect(underWay()).toEqual([idsOf(all.slice(0, 20)), idsOf(all.slice(20))]);
    queue.commitAlone(all[0] as Source, transaction("e0"));
    await settle();
    expect(underWay()).toHaveLength(2);
    await answer();
    const under = underWay().flat();
    expect(new Set(under).size).toBe(under.length);
    expect(under).toContain("e0");
  });

  it("runs transactions beside flushes, and always leaves a place for one", async () => {
    const { queue, underWay, answer, settle } = setUp(3);
    for (const id of ["t1", "t2", "t3"]) queue.commitAlone(new Source(id), transaction(id));
    await settle();
    expect(underWay()).toEqual([["t1"], ["t2"]]);
    queue.request(new Source("t1"));
    queue.request(new Source("e"));
    await settle();
    expect(underWay()).toEqual([["t1"], ["t2"], ["e"]]);
    await answer(2);
    expect(underWay()).toEqual([["t1"], ["t2"]]);
    const idle = queue.idle();
    await answer();
    expect(underWay().flat().sort()).toEqual(["t1", "t2", "t3"]);
    for (let turn = 0; turn < 3; turn++) await answer();
    await idle;
  });

  it("is sent again what it did not take, and meanwhile what else there is", async () => {
    const { queue, clock, underWay, answer, refuse, settle } = setUp(SEVERAL);
    const all = sources(60);
    for (const source of all.slice(0, 40)) queue.request(source);
    await settle();
    const [first, second] = underWay();
    await refuse();
    await answer();
    for (const source of all.slice(40)) queue.request(source);
    await settle();
    expect(underWay()).toEqual([idsOf(all.slice(40))]);
    await answer();
    expect(underWay()).toEqual([]);
    await clock.advance(50);
    await settle();
    expect(underWay()).toEqual([first]);
    const idle = queue.idle();
    await answer();
    await idle;
    expect(second).toHaveLength(20);
    expect(all.every(({ written, failed }) => written === 1 && failed === 0)).toBe(true);
  });

  it("gets a last chance when the queue is closed", async () => {
    const { queue, underWay, refuse, settle } = setUp(SEVERAL);
    const all = sources(40);
    for (const source of all) queue.request(source);
    await settle();
    const [first, second] = underWay();
    await refuse();
    expect(underWay()).toEqual([second]);
    queue.close();
    await settle();
    expect(underWay()).toEqual([second, first]);
    await refuse();
    await refuse();
    await queue.idle();
    expect(underWay()).toEqual([]);
    expect(all.every(({ written, failed }) => written === 0 && failed === 1)).toBe(true);
  });
});

describe("an execution that somebody else holds up in the storage", () => {
  it("is sent again beside the others, who go on, and writes nothing else meanwhile", async () => {
    const { queue, clock, underWay, answer, answerBusy, settle } = setUp(SEVERAL);
    const [held, other] = sources(2) as [Source, Source];
    queue.request(held);
    queue.request(other);
    await settle();
    await answerBusy(["e0"]);
    expect([held.written, other.written]).toEqual([0, 1]);
    queue.request(held);
    queue.request(other);
    await settle();
    expect(underWay()).toEqual([["e1"]]);
    await answer();
    await clock.advance(50);
    await settle();
    expect(underWay()).toEqual([["e0"]]);
    await answerBusy(["e0"]);
    await clock.advance(100);
    await settle();
    await answer();
    expect(held.written).toBe(1);
    expect(underWay()).toEqual([["e0"]]);
    await answer();
    expect(held.written).toBe(2);
    await queue.idle();
  });

  it("is let go after a while, alone", async () => {
    const { queue, clock, underWay, answerBusy, settle } = setUp(SEVERAL);
    const [held] = sources(1) as [Source];
    queue.request(held);
    await settle();
    await answerBusy(["e0"]);
    while (held.failed === 0) {
      await clock.advance(1_000);
      await settle();
      if (underWay().length > 0) await answerBusy(["e0"]);
    }
    expect({ written: held.written, failed: held.failed }).toEqual({ written: 0, failed: 1 });
    await queue.idle();
  });
});

describe("a flush that takes long", () => {
  it("holds up nobody for more than a moment, however few they are", async () => {
    const { queue, clock, underWay, answer, settle } = setUp(SEVERAL);
    const [slow, quick] = sources(2) as [Source, Source];
    queue.request(slow);
    await settle();
    queue.request(quick);
    await settle();
    expect(underWay()).toEqual([["e0"]]);
    await clock.advance(100);
    await settle();
    expect(underWay()).toEqual([["e0"], ["e1"]]);
    await answer(1);
    expect(quick.written).toBe(1);
    await answer();
    await queue.idle();
  });
});

describe("an owner that throws when it is told", () => {
  it("is let go, and harms nobody else", async () => {
    const { queue, underWay, answer, settle } = setUp();
    const thrower = new Source("bad", () => {
      throw new Error("boom");
    });
    const [before, after] = sources(2) as [Source, Source];
    for (const source of [before, thrower, after]) queue.request(source);
    await settle();
    await answer();
    expect([before.written, thrower.failed, after.written]).toEqual([1, 1, 1]);
    queue.request(after);
    await settle();
    expect(underWay()).toEqual([["e1"]]);
    await answer();
    await queue.idle();
  });
});
