import { StorageError } from "../../errors/errors.js";
import type { CommitOutcome } from "../../ports/execution-commit.js";
import type { CommitPoint } from "./mortal-storage.js";

/** Longer than the lease, shorter than the time that cleanup has. */
const CLOCK_JUMP_MS = 45_000;

/** A commit at which something goes wrong, and the means for it. */
export interface FaultPoint extends CommitPoint {
  /** Ends the worker at this very moment. */
  die(): void;
  /** Sets the machine's clock. */
  jump(byMs: number): void;
  /** Lets another worker take an execution away; it is then nobody's. */
  takeAway(executionId: string): Promise<void>;
  /** True at the commit that the case is about. */
  readonly isTarget: boolean;
  /** Calls of `commit` since the target, 0 at it. */
  readonly sinceTarget: number;
}

/** What all faults have. */
interface FaultTraits {
  /** Ends the sentence "<workflow> comes to the same end when …". */
  readonly name: string;
  /** Executions that run at once. */
  readonly executions: 1 | 2;
  /** How often a node in flight may run again. */
  readonly reruns: number;
  /** The same on a storage that other processes may open: there a worker whose lease has ended must let go. */
  readonly rerunsWhereShared?: number;
  /** Whether `result()` has to be answered with the outcome by the last worker asked. */
  readonly keepsPromises: boolean;
}

/** One way in which a commit goes wrong. */
interface CommitFault extends FaultTraits {
  readonly at: "commit";
  /** True when another worker starts once the fault has happened: beside the first, or after it where only one may be. */
  readonly bringsSecondWorker?: true;
  /** Called at the target and at every later commit; undefined: nothing happens here. */
  readonly meddle: (point: FaultPoint) => Promise<readonly CommitOutcome[]> | undefined;
}

/** One way in which another call goes wrong. */
interface CallFault extends FaultTraits {
  readonly at: "call";
  readonly meddle: (call: () => Promise<unknown>) => Promise<unknown>;
}

export type CrashFault = CommitFault | CallFault;

/** Every kind of fault of the kit. */
export const CRASH_FAULTS: readonly CrashFault[] = [
  {
    name: "its worker dies before a commit is written",
    executions: 1,
    reruns: 1,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.isTarget ? dieBefore(point) : undefined),
  },
  {
    name: "its worker dies after a commit was written and before it learns of it",
    executions: 1,
    reruns: 1,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.isTarget ? dieAfter(point) : undefined),
  },
  {
    name: "its worker dies, and so does the next one at its first commit",
    executions: 1,
    reruns: 2,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.isTarget ? dieAfter(point) : point.sinceTarget === 1 ? dieBefore(point) : undefined),
  },
  {
    name: "another worker takes away the second execution of a batch",
    executions: 2,
    // Once since it was taken away, and once more where the first worker has to end for the second to come.
    reruns: 2,
    keepsPromises: true,
    bringsSecondWorker: true,
    at: "commit",
    meddle: (point) => (point.isTarget ? loseSecond(point) : undefined),
  },
  {
    name: "the storage is away for a moment and a commit is not written",
    executions: 1,
    reruns: 0,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.isTarget ? Promise.reject(unavailable()) : undefined),
  },
  {
    name: "the storage is away for three commits in a row",
    executions: 1,
    reruns: 0,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.sinceTarget < 3 ? Promise.reject(unavailable()) : undefined),
  },
  {
    name: "the answer to a commit is lost",
    executions: 1,
    reruns: 0,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.isTarget ? loseAnswer(point) : undefined),
  },
  {
    name: "the answers to two commits in a row are lost, in a batch of two",
    executions: 2,
    reruns: 0,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.sinceTarget < 2 ? loseAnswer(point) : undefined),
  },
  {
    name: "the storage is full at a commit",
    executions: 1,
    reruns: 1,
    keepsPromises: false,
    at: "commit",
    meddle: (point) => (point.isTarget ? Promise.reject(full()) : undefined),
  },
  {
    name: "the clock jumps forwards at a commit",
    executions: 1,
    reruns: 0,
    rerunsWhereShared: 1,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.isTarget ? jumpBy(point, CLOCK_JUMP_MS) : undefined),
  },
  {
    name: "the clock jumps backwards at a commit",
    executions: 1,
    reruns: 0,
    keepsPromises: true,
    at: "commit",
    meddle: (point) => (point.isTarget ? jumpBy(point, -CLOCK_JUMP_MS) : undefined),
  },
  {
    name: "another call than a commit is not answered",
    executions: 1,
    reruns: 0,
    keepsPromises: true,
    at: "call",
    meddle: () => Promise.reject(unavailable()),
  },
  {
    name: "the answer to another call than a commit is lost",
    executions: 1,
    reruns: 0,
    keepsPromises: true,
    at: "call",
    meddle: async (call) => {
      await call();
      throw unavailable();
    },
  },
];

function dieBefore(point: FaultPoint): Promise<never> {
  point.die();
  return Promise.reject(unavailable());
}

async function dieAfter(point: FaultPoint): Promise<never> {
  await point.write();
  point.die();
  throw unavailable();
}

async function loseAnswer(point: FaultPoint): Promise<never> {
  await point.write();
  throw unavailable();
}

function jumpBy(point: FaultPoint, byMs: number): Promise<readonly CommitOutcome[]> {
  point.jump(byMs);
  return point.write();
}

async function loseSecond(point: FaultPoint): Promise<readonly CommitOutcome[]> {
  const second = point.batch[1];
  if (second !== undefined && second.create === undefined) await point.takeAway(second.executionId);
  return point.write();
}

function unavailable(): StorageError {
  return new StorageError("storage_unavailable", "Planned fault: the storage did not answer.");
}

function full(): StorageError {
  return new StorageError("storage_full", "Planned fault: no space is left.");
}
