/**
 * Keeps the engine of a command to the executions that the command is about.
 *
 * An engine takes over whatever is due in its storage: right for a worker, wrong for `automatrix run FILE`, which would
 * go on with everything else in the file, without the node types it needs, and leave it half done a second later. So
 * the storage that such an engine is given shows it only those executions that were created or asked for by id through
 * it, their descendants, and no schedules. Everything else passes through unchanged.
 */
import type { ClaimedExecution, ExecutionFilter, ExecutionRecord, ExecutionSummary, Storage } from "@automatrix/core";
import { hasNews } from "../waiting/has-news.js";

const UNFINISHED: NonNullable<ExecutionFilter["status"]> = ["queued", "running", "waiting"];
/** Children of one execution looked at in a sweep; the others have their turn when these have ended. */
const MAX_CHILDREN = 1_000;

type Claim = Parameters<Storage["claim"]>[0];

export class ExecutionFocus {
  /** What the engine is given. */
  readonly narrowed: Storage;
  readonly #storage: Storage;
  /** Executions that the command is about, without their descendants. */
  readonly #roots = new Set<string>();
  #workerId: string | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.narrowed = storage.capabilities.shared ? narrow(storage, this.#overrides()) : storage;
  }

  /** True when the engine created this execution or was asked for it by id. */
  holds(executionId: string): boolean {
    return !this.#storage.capabilities.shared || this.#roots.has(executionId);
  }

  /** True when another process owns the execution, or did so until it died. */
  isElsewhere({ owner }: Pick<ExecutionRecord, "owner">): boolean {
    return this.#storage.capabilities.shared && owner !== null && owner !== this.#workerId;
  }

  #overrides(): Partial<Storage> {
    const storage = this.#storage;
    return {
      claim: (params) => this.#claim(params),
      // The first that an engine asks for: from then on it is known what it owns.
      heartbeat: (params) => {
        this.#workerId = params.workerId;
        return storage.heartbeat(params);
      },
      commit: async (batch) => {
        const outcomes = await storage.commit(batch);
        for (const [index, { create }] of batch.entries())
          if (create?.parent === null && outcomes[index]?.ok === true) this.#roots.add(create.id);
        return outcomes;
      },
      listDueSchedules: async () => [],
      nextScheduleDueAt: async () => null,
      listFires: async (filter) => (filter.scheduleId === undefined ? [] : storage.listFires(filter)),
    };
  }

  async #claim(params: Claim): ReturnType<Storage["claim"]> {
    if (params.executionId !== undefined) {
      this.#roots.add(params.executionId);
      return this.#storage.claim(params);
    }
    const claimed: ClaimedExecution[] = [];
    for (const record of await this.#candidates()) {
      if (claimed.length >= params.limit) break;
      if (!(await this.#isDue(record, params))) continue;
      claimed.push(...(await this.#storage.claim({ ...params, limit: 1, executionId: record.id })));
    }
    return claimed;
  }

  /** The unfinished among the roots and their descendants. */
  async #candidates(): Promise<readonly ExecutionSummary[]> {
    const found: ExecutionSummary[] = [];
    for (const id of [...this.#roots]) {
      const record = await this.#storage.getExecution(id);
      if (record?.endedAt !== null) this.#roots.delete(id);
      else found.push(record);
    }
    // The list grows while it is gone through: children of children.
    for (const { id } of found) {
      const children = await this.#storage.listExecutions({ parentId: id, status: UNFINISHED, limit: MAX_CHILDREN });
      found.push(...children.items);
    }
    return found;
  }

  /** What the storage looks at when it chooses by itself; asked for by id it would give also what is not due. */
  async #isDue(record: ExecutionSummary, { workerId, dueAt }: Claim): Promise<boolean> {
    if (record.owner === workerId || record.blocked !== null) return false;
    if (record.owner !== null) return true;
    if (record.isParked) {
      const isOverdue = record.wakeAt !== null && record.wakeAt <= dueAt;
      if (!isOverdue && !(await hasNews(this.#storage, record))) return false;
    }
    return this.#hasPlace(record);
  }

  /** Whether the limit of its concurrency key lets it run. A rate limit does not hold back what somebody started by hand. */
  async #hasPlace({ status, isParked, limits }: ExecutionSummary): Promise<boolean> {
    const concurrency = limits?.concurrency ?? null;
    if (concurrency === null || (status !== "queued" && !isParked)) return true;
    const { key: limitKey, limit } = concurrency;
    const { items } = await this.#storage.listExecutions({
      limitKey,
      status: "running",
      limit: Math.min(limit, 1_000),
    });
    return items.length < limit;
  }
}

/** The storage with some of its methods replaced. A proxy, since methods of a class with private fields need their own object. */
function narrow(storage: Storage, overrides: Partial<Storage>): Storage {
  return new Proxy(storage, {
    get(target, key) {
      const replaced = Reflect.get(overrides, key);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
