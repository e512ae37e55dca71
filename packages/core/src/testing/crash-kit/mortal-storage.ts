import { StorageError } from "../../errors/errors.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type { Storage } from "../../ports/storage.js";
import type { CrashLog } from "./crash-log.js";

/** One call of `commit`, in the hands of a fault. */
export interface CommitPoint {
  /** From 1, counted over all workers of the run. */
  readonly number: number;
  readonly batch: readonly ExecutionCommit[];
  /** Hands the batch to the storage. */
  write(): Promise<readonly CommitOutcome[]>;
}

export interface MortalStorageParams {
  readonly storage: Storage;
  readonly log: CrashLog;
  /** Answers a commit, or throws. */
  readonly onCommit: (point: Omit<CommitPoint, "number">) => Promise<readonly CommitOutcome[]>;
  /** Answers any other call that may fail in passing, or throws. */
  readonly onCall: (method: string, call: () => Promise<unknown>) => Promise<unknown>;
}

/** A storage as one process sees it. */
export interface MortalStorage {
  readonly storage: Storage;
  /** Calls that have not answered. */
  readonly openCalls: number;
  /** From now on nothing gets through, neither writes nor reads. */
  die(): void;
}

/**
 * Wraps the storage for one worker. A dead worker's calls reject with `storage_unavailable`: it must cope, and it
 * can write no more. The storage itself stays open when the worker closes it, since others use it too.
 */
export function mortalStorage({ storage, log, onCommit, onCall }: MortalStorageParams): MortalStorage {
  let openCalls = 0;
  let isDead = false;
  const watch = async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
    if (isDead) throw deadWorkerError();
    openCalls++;
    try {
      const answer = await call();
      if (isDead) throw deadWorkerError();
      return answer;
    } finally {
      openCalls--;
    }
  };
  const commit = (batch: readonly ExecutionCommit[]) => watch(() => onCommit({ batch, write: () => write(batch) }));
  const write = async (batch: readonly ExecutionCommit[]) => {
    const outcomes = await storage.commit(batch);
    log.recorded(batch, outcomes);
    return outcomes;
  };
  const wrapped = new Proxy(storage, {
    get(target, name) {
      if (name === "commit") return commit;
      if (name === "close") return () => Promise.resolve();
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...parameters: unknown[]) => {
        const call = () => Reflect.apply(member, target, parameters) as Promise<unknown>;
        return watch(name === "open" ? call : () => onCall(String(name), call));
      };
    },
  });
  return {
    storage: wrapped,
    get openCalls() {
      return openCalls;
    },
    die() {
      isDead = true;
    },
  };
}

export function deadWorkerError(): StorageError {
  return new StorageError("storage_unavailable", "This worker is dead: nothing of it reaches the storage any more.");
}
