import { StorageError } from "../errors/errors.js";
import type { ExecutionCommit } from "../ports/execution-commit.js";
import type { Storage } from "../ports/storage.js";

/** What goes wrong with one call. */
export type StorageFault =
  /** Nothing is written, and the call fails. */
  | "fail_before"
  /** It is written, and the answer is lost. */
  | "fail_after"
  /** It is done once this promise resolves. */
  | { readonly delayUntil: Promise<unknown> };

/** Methods of a storage that do something. */
export type StorageMethod = Exclude<keyof Storage, "name" | "capabilities" | "commitsAtOnce" | "blobs">;

export interface FaultPlan {
  /** Faults of `commit` by the number of the call, from 1; or a function of the number and the batch. */
  readonly commits?:
    | Readonly<Record<number, StorageFault>>
    | ((commitNumber: number, batch: readonly ExecutionCommit[]) => StorageFault | undefined);
  /** Faults of the other methods: of every call, or a function of the number of the call, from 1. */
  readonly calls?: Partial<
    Readonly<
      Record<Exclude<StorageMethod, "commit">, StorageFault | ((callNumber: number) => StorageFault | undefined)>
    >
  >;
}

/** A storage with faults, which counts and keeps its commits. */
export type FaultyStorage = Storage & {
  /** Calls of `commit` so far. */
  readonly commitCount: number;
  /** Every batch that was handed over, written or not. */
  readonly batches: readonly (readonly ExecutionCommit[])[];
};

/**
 * Wraps a storage so that its calls fail, lose their answer or take their time by plan. Failed calls reject with
 * `storage_unavailable`.
 *
 * ```ts
 * const storage = faultyStorage(memoryStorage(), { commits: { 3: "fail_after" } });
 * ```
 */
export function faultyStorage(storage: Storage, plan: FaultPlan = {}): FaultyStorage {
  const batches: (readonly ExecutionCommit[])[] = [];
  const counts = new Map<StorageMethod, number>();
  return new Proxy(storage, {
    get(target, name) {
      if (name === "commitCount") return batches.length;
      if (name === "batches") return batches;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...parameters: unknown[]) => {
        const method = name as StorageMethod;
        const callNumber = (counts.get(method) ?? 0) + 1;
        counts.set(method, callNumber);
        if (method === "commit") batches.push(parameters[0] as readonly ExecutionCommit[]);
        return callWith(
          faultOf(plan, method, callNumber, parameters),
          method,
          () => Reflect.apply(member, target, parameters) as Promise<unknown>,
        );
      };
    },
  }) as FaultyStorage;
}

function faultOf(
  { commits, calls }: FaultPlan,
  method: StorageMethod,
  callNumber: number,
  parameters: readonly unknown[],
): StorageFault | undefined {
  if (method === "commit")
    return typeof commits === "function"
      ? commits(callNumber, parameters[0] as readonly ExecutionCommit[])
      : commits?.[callNumber];
  const fault = calls?.[method];
  return typeof fault === "function" ? fault(callNumber) : fault;
}

async function callWith(
  fault: StorageFault | undefined,
  method: StorageMethod,
  call: () => Promise<unknown>,
): Promise<unknown> {
  if (fault === "fail_before")
    throw new StorageError("storage_unavailable", `Planned fault: ${method} failed before it did anything.`);
  if (typeof fault === "object") await fault.delayUntil;
  const answer = await call();
  if (fault === "fail_after")
    throw new StorageError("storage_unavailable", `Planned fault: ${method} was done, its answer is lost.`);
  return answer;
}
