import type { ExecutionCommit, Storage, StorageTransaction } from "../../src/index.js";

/** What a node wrote in a transaction that was committed. */
export interface WrittenQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export type TransactionalStorage = Storage & {
  /** Queries of committed transactions, in order. */
  readonly written: WrittenQuery[];
  /** Commits handed over so far, batch by batch. */
  readonly batches: (readonly ExecutionCommit[])[];
  /** Set: the next transaction is rolled back with this as soon as it waits for the node. */
  giveUp: Error | undefined;
  /** Called once, before the next COMMIT; throwing prevents it. */
  beforeCommit: (() => void | Promise<void>) | undefined;
  /** Called once, after the next COMMIT and before its answer. */
  afterCommit: (() => void | Promise<void>) | undefined;
};

/**
 * The contract of a transactional storage around one without transactions: the guards first, then the node's code, and
 * what the commit holds once that has ended; a query counts when the commit is accepted. The SQL `fail` throws.
 */
export function transactionalStorage(
  storage: Storage,
  { commitsAtOnce = 1 }: { readonly commitsAtOnce?: number } = {},
): TransactionalStorage {
  const written: WrittenQuery[] = [];
  const batches: (readonly ExecutionCommit[])[] = [];
  const own = {
    written,
    batches,
    giveUp: undefined as Error | undefined,
    beforeCommit: undefined as (() => void | Promise<void>) | undefined,
    afterCommit: undefined as (() => void | Promise<void>) | undefined,
    capabilities: { ...storage.capabilities, transactional: true },
    commitsAtOnce,
    async commit(batch: readonly ExecutionCommit[]) {
      batches.push(batch);
      const [commit] = batch;
      if (commit?.transaction === undefined) return storage.commit(batch);
      if (batch.length > 1) throw new Error("A commit with a transaction goes alone.");
      const { transaction: code } = commit;
      const { lastSeq } = (await storage.getExecution(commit.executionId)) ?? { lastSeq: 0 };
      if (commit.afterSeq !== undefined && lastSeq > commit.afterSeq) return storage.commit([without(commit)]);
      const queries: WrittenQuery[] = [];
      const transaction: StorageTransaction = {
        async query(sql, parameters = []) {
          if (sql === "fail") throw new Error("constraint violated");
          queries.push({ sql, parameters });
          return { rows: [{ count: queries.length }], rowCount: 1 };
        },
      };
      try {
        const { giveUp } = own;
        own.giveUp = undefined;
        await (giveUp === undefined ? code(transaction) : Promise.race([code(transaction), soon(giveUp)]));
        const before = own.beforeCommit;
        own.beforeCommit = undefined;
        await before?.();
      } catch (error) {
        return [{ ok: false as const, reason: "transaction_failed" as const, error }];
      }
      const outcomes = await storage.commit([without(commit)]);
      if (outcomes[0]?.ok === true) written.push(...queries);
      await own.afterCommit?.();
      return outcomes;
    },
  };
  return new Proxy(storage, {
    get(target, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
    set: (_target, name, value) => Reflect.set(own, name, value),
  }) as TransactionalStorage;
}

/** Rejects when everything that needs no waiting has happened. */
async function soon(error: Error): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve));
  throw error;
}

/** Read only once the node's code has ended: it fills in what is to be written. */
function without({ transaction: _, ...rest }: ExecutionCommit): ExecutionCommit {
  return rest;
}
