import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { StorageError } from "../../errors/errors.js";
import type { Clock } from "../../ports/clock.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type { Storage } from "../../ports/storage.js";
import { Timers } from "../timers.js";
import { CommitQueue, type CommitSource } from "./commit-queue.js";

/** What the storage does with a call: after so many turns it answers, is gone, refuses one commit for good, or finds one held by others. */
interface Fate {
  readonly turns: number;
  readonly end: "answers" | "is gone" | "loses the answer" | "refuses one" | "finds one busy";
}

const ANSWERS: Fate = { turns: 0, end: "answers" };

const FATES = fc.array(
  fc.record({
    turns: fc.nat({ max: 3 }),
    end: fc.oneof(
      { weight: 12, arbitrary: fc.constant("answers" as const) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "is gone" as const,
          "loses the answer" as const,
          "refuses one" as const,
          "finds one busy" as const,
        ),
      },
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

/** How many commits each execution makes, and every how many of them goes alone as a node's transaction does. */
const EXECUTIONS = fc.array(
  fc.record({ commits: fc.integer({ min: 1, max: 6 }), aloneEvery: fc.integer({ min: 2, max: 9 }) }),
  {
    minLength: 1,
    maxLength: 70,
  },
);

/** Leaps to the instant of a timer in the next turn of the event loop. */
function leapingClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    setTimer(at, run) {
      const leap = setImmediate(() => {
        now = Math.max(now, at);
        run();
      });
      return () => clearImmediate(leap);
    },
  };
}

/** Keeps what it was sent, in order, and whether it was ever sent two commits of one execution at once. */
class RandomStorage {
  readonly written = new Map<string, number[]>();
  readonly refused = new Set<ExecutionCommit>();
  readonly #fates: readonly Fate[];
  readonly #underWay = new Set<string>();
  #calls = 0;
  callsAtOnce = 0;
  mostCallsAtOnce = 0;
  hasOverlap = false;

  constructor(fates: readonly Fate[]) {
    this.#fates = fates;
  }

  readonly commit = async (batch: readonly ExecutionCommit[]): Promise<readonly CommitOutcome[]> => {
    const { turns, end } = this.#fates[this.#calls++ % this.#fates.length] as Fate;
    this.callsAtOnce++;
    this.mostCallsAtOnce = Math.max(this.mostCallsAtOnce, this.callsAtOnce);
    for (const { executionId } of batch) {
      this.hasOverlap ||= this.#underWay.has(executionId);
      this.#underWay.add(executionId);
    }
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    for (const { executionId } of batch) this.#underWay.delete(executionId);
    this.callsAtOnce--;
    if (end === "is gone") throw new StorageError("storage_unavailable", "gone");
    if (end === "refuses one") this.refused.add(batch[0] as ExecutionCommit);
    if (batch.some((commit) => this.refused.has(commit))) throw new StorageError("output_too_large", "too large");
    const busy = end === "finds one busy" ? batch.at(-1) : undefined;
    for (const commit of batch) {
      const { executionId, afterSeq = 0 } = commit;
      if (commit === busy) continue;
      const list = this.written.get(executionId) ?? [];
      if (!list.includes(afterSeq)) this.written.set(executionId, [...list, afterSeq]);
    }
    if (end === "loses the answer") throw new StorageError("storage_unavailable", "lost");
    return batch.map((commit) => (commit === busy ? { ok: false, reason: "busy" } : { ok: true, firstSeq: 1 }));
  };
}

/** Makes its commits one after the other, as an execution does: what comes while one is under way goes into the next. */
class Source implements CommitSource {
  isFlushRequested = false;
  readonly told: number[] = [];
  hasFailed = false;
  #made = 0;

  constructor(
    readonly executionId: string,
    readonly plan: { readonly commits: number; readonly aloneEvery: number },
    readonly queue: CommitQueue,
  ) {}

  get isDropped(): boolean {
    return this.hasFailed;
  }

  get isDone(): boolean {
    return this.hasFailed || this.told.length >= this.plan.commits;
  }

  goOn(): void {
    if (this.isDone) return;
    if ((this.told.length + 1) % this.plan.aloneEvery === 0) this.queue.commitAlone(this, this.#alone());
    // Beside it, another branch may have something to write.
    this.queue.request(this);
  }

  /** Numbered when the storage begins with it: a flush may come first. */
  #alone(): ExecutionCommit {
    const next = () => ++this.#made;
    let seq: number | undefined;
    return {
      executionId: this.executionId,
      epoch: 1,
      get afterSeq() {
        seq ??= next();
        return seq;
      },
    };
  }

  takeCommit(): ExecutionCommit | undefined {
    if (this.hasFailed || this.#made >= this.plan.commits) return undefined;
    this.#made++;
    return { executionId: this.executionId, epoch: 1, afterSeq: this.#made };
  }

  committed({ afterSeq = 0 }: ExecutionCommit): void {
    this.told.push(afterSeq);
    if (this.told.length === this.#made) this.goOn();
  }

  commitFailed(): void {
    this.hasFailed = true;
  }
}

it("writes the commits of each execution in order, never two at once, and tells of each once", async () => {
  await fc.assert(
    fc.asyncProperty(FATES, EXECUTIONS, fc.integer({ min: 1, max: 6 }), async (fates, plans, commitsAtOnce) => {
      const storage = new RandomStorage([...fates, ANSWERS]);
      const clock = leapingClock();
      const queue = new CommitQueue({
        storage: { commit: storage.commit, commitsAtOnce } as unknown as Storage,
        timers: new Timers(clock),
        now: () => clock.now(),
        defer: (run) => void setImmediate(run),
        retryForMs: 60_000,
      });
      const sources = plans.map((plan, index) => new Source(`e${index}`, plan, queue));
      for (const source of sources) source.goOn();
      await queue.idle();
      expect(storage.hasOverlap).toBe(false);
      // One more for what others hold up.
      const forHeld = fates.some(({ end }) => end === "finds one busy") ? 1 : 0;
      expect(storage.mostCallsAtOnce).toBeLessThanOrEqual(commitsAtOnce + forHeld);
      for (const { told, isDone, executionId } of sources) {
        expect(isDone).toBe(true);
        expect(told).toEqual(told.map((_, index) => index + 1));
        const written = storage.written.get(executionId) ?? [];
        expect(written).toEqual(written.map((_, index) => index + 1));
        expect(written.length).toBeGreaterThanOrEqual(told.length);
      }
    }),
    { numRuns: 300 },
  );
});
