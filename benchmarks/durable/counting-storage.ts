import type { Storage } from "@automatrix/core";

/** How often a storage was asked to commit. */
export interface CommitCount {
  /** Calls of `commit`: each is one transaction. */
  transactions: number;
  /** Commits of executions in them. */
  commits: number;
}

/** The same storage, counting. */
export function countingStorage(storage: Storage): { readonly storage: Storage; readonly count: CommitCount } {
  const count: CommitCount = { transactions: 0, commits: 0 };
  const commit: Storage["commit"] = (batch) => {
    count.transactions += 1;
    count.commits += batch.length;
    return storage.commit(batch);
  };
  const bound = new Map<PropertyKey, unknown>([["commit", commit]]);
  const counting = new Proxy(storage, {
    get(target, name) {
      if (bound.has(name)) return bound.get(name);
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const method: unknown = member.bind(target);
      bound.set(name, method);
      return method;
    },
  });
  return { storage: counting, count };
}
