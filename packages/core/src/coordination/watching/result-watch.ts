import { ExecutionError } from "../../errors/errors.js";
import type { ExecutionRecord } from "../../ports/execution-record.js";
import type { Storage } from "../../ports/storage.js";
import { createExecutionResult, type ExecutionResult } from "../../running/execution/execution-result.js";
import { createDeferred, type Deferred } from "../../shared/deferred.js";

/** Looked up at once; the others have their turn in the next round. */
const MAX_LOOKED_UP = 200;

/** Results that somebody waits for while their executions are not in this process, or are out of memory. */
export class ResultWatch {
  readonly #storage: Storage;
  readonly #watched = new Map<string, Deferred<ExecutionResult>>();
  readonly #onTrouble: () => void;
  #isClosed = false;
  #isUnsure = false;

  /** `onTrouble`: a look failed; {@link lookUp} is to be called again after a pause. */
  constructor(storage: Storage, onTrouble: () => void) {
    this.#storage = storage;
    this.#onTrouble = onTrouble;
  }

  /** True when a look failed since the last round. */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  /** The outcome, now or once there is one. @throws ExecutionError `execution_not_found`, `engine_closed` */
  async resultOf(id: string): Promise<ExecutionResult> {
    // Watched before it is looked up: an end in between is not missed.
    const watched = this.#watch(id);
    try {
      const record = await this.#storage.getExecution(id);
      if (record === undefined) this.#reject(id, notFound(id));
      else if (record.endedAt !== null) await this.#settle(record);
      else if (this.#isClosed) this.#reject(id, closed(id));
    } catch {
      if (this.#isClosed) this.#reject(id, closed(id));
      this.#isUnsure = true;
      this.#onTrouble();
    }
    return watched;
  }

  #watch(id: string): Promise<ExecutionResult> {
    let deferred = this.#watched.get(id);
    if (deferred === undefined) {
      deferred = createDeferred<ExecutionResult>();
      deferred.promise.catch(() => {});
      this.#watched.set(id, deferred);
    }
    return deferred.promise;
  }

  /** An execution has ended in this process. */
  ended(result: ExecutionResult): void {
    this.#watched.get(result.id)?.resolve(result);
    this.#watched.delete(result.id);
  }

  /** Another process says that an execution has ended. */
  async hear(id: string): Promise<void> {
    if (!this.#watched.has(id)) return;
    try {
      const record = await this.#storage.getExecution(id);
      if (record !== undefined && record.endedAt !== null) await this.#settle(record);
    } catch {
      this.#isUnsure = true;
      this.#onTrouble();
    }
  }

  /** Looks whether other workers have brought watched executions to their end. */
  async lookUp(isActiveHere: (id: string) => boolean): Promise<void> {
    let left = MAX_LOOKED_UP;
    this.#isUnsure = false;
    for (const [id, deferred] of [...this.#watched]) {
      if (isActiveHere(id)) continue;
      if (left-- === 0) return;
      const record = await this.#storage.getExecution(id);
      if (record === undefined) this.#reject(id, notFound(id));
      else if (record.endedAt !== null) await this.#settle(record);
      else {
        // To the end of the line, so that a long line is gone through in turns.
        this.#watched.delete(id);
        this.#watched.set(id, deferred);
      }
    }
  }

  async #settle(record: ExecutionRecord): Promise<void> {
    this.ended(await loadResult(this.#storage, record));
  }

  #reject(id: string, error: unknown): void {
    this.#watched.get(id)?.reject(error);
    this.#watched.delete(id);
  }

  close(): void {
    this.#isClosed = true;
    for (const id of [...this.#watched.keys()]) this.#reject(id, closed(id));
  }
}

/** The result of an ended execution, from its rows. */
export async function loadResult(storage: Storage, record: ExecutionRecord): Promise<ExecutionResult> {
  const nodes = await storage.listNodes(record.id);
  return createExecutionResult({
    id: record.id,
    status: record.status as ExecutionResult["status"],
    output: record.output,
    error: record.error,
    durationMs: (record.endedAt as number) - (record.startedAt ?? record.createdAt),
    records: () => nodes,
  });
}

function notFound(id: string): ExecutionError {
  return new ExecutionError("execution_not_found", `There is no execution "${id}".`);
}

function closed(id: string): ExecutionError {
  return new ExecutionError("engine_closed", `The engine was closed while execution ${id} was open.`);
}
