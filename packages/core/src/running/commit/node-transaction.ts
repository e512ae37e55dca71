/**
 * A node's code inside the commit of the node's own result.
 *
 * Waiting → the storage opens its transaction → the callback runs → its value goes to the node's function → that
 * returns, and the result joins the very same commit → the storage commits. Whatever throws, takes too long or is told
 * to stop on the way rolls everything back; from the moment at which the result has joined, the attempt is as the
 * storage says and nothing stops it any more.
 */
import { AutomatrixError, StorageError } from "../../errors/errors.js";
import type { StorageTransaction } from "../../ports/execution-commit.js";
import { createDeferred } from "../../shared/deferred.js";
import { ignoreRejection } from "../../shared/ignore-rejection.js";
import type { Timer } from "../timers.js";

export type TransactionCallback<Value> = (transaction: StorageTransaction) => Value | Promise<Value>;

export interface NodeTransactionParams {
  readonly nodePath: string;
  readonly run: TransactionCallback<unknown>;
  /** The transaction has begun: starts the timer of its limit. */
  readonly onOpen: () => Timer;
  /** Adds the node's result to the commit. */
  readonly addResult: (returned: unknown) => void | Promise<void>;
}

export class NodeTransaction {
  readonly #params: NodeTransactionParams;
  readonly #value = createDeferred<unknown>();
  readonly #returned = createDeferred<unknown>();
  readonly #stopped = createDeferred<never>();
  #phase: "waiting" | "open" | "committing" | "failed" = "waiting";
  #limit: Timer | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(params: NodeTransactionParams) {
    this.#params = params;
    for (const { promise } of [this.#value, this.#stopped]) promise.catch(() => {});
  }

  /** What the callback returned, for the node's function. */
  get value(): Promise<unknown> {
    return this.#value.promise;
  }

  /** True while the storage holds the transaction open: no other commit gets through. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** True once the result is handed over: only the storage decides now. */
  get isCommitting(): boolean {
    return this.#phase === "committing";
  }

  /** Why it was rolled back before that. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Hands over what the node's function returned. */
  end(returned: unknown): void {
    this.#returned.resolve(returned);
  }

  /** Rolls it back, unless it is too late for that. */
  stop(reason: unknown): void {
    if (this.isCommitting || this.#failure !== undefined) return;
    this.#fail(reason);
    this.#stopped.reject(reason);
  }

  /** The attempt is over, one way or the other. */
  close(): void {
    this.#limit?.cancel();
  }

  #fail(error: unknown): void {
    ignoreRejection(error);
    this.#phase = "failed";
    this.#failure = { error };
    this.#value.reject(error);
  }

  /** What the storage calls within its transaction. Called again only if nothing was written the first time. */
  async perform(transaction: StorageTransaction): Promise<void> {
    if (this.isCommitting) throw new StorageError("storage_unavailable", "The storage lost the node's transaction.");
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#phase = "open";
    this.#limit = this.#params.onOpen();
    try {
      this.#value.resolve(await this.#untilStopped(this.#call(transaction)));
      const returned = await this.#untilStopped(this.#returned.promise);
      await this.#untilStopped(this.#params.addResult(returned));
      this.#phase = "committing";
    } catch (error) {
      if (this.#failure === undefined) this.#fail(error);
      throw error;
    }
  }

  #untilStopped<Value>(work: Value | Promise<Value>): Promise<Value> {
    return Promise.race([work, this.#stopped.promise]);
  }

  /** The node sees the transaction only while its callback runs. */
  async #call(transaction: StorageTransaction): Promise<unknown> {
    const { run, nodePath } = this.#params;
    let isUsable = true;
    try {
      return await run({
        query: async (sql, parameters) => {
          if (isUsable && this.isOpen) return transaction.query(sql, parameters);
          throw new AutomatrixError(
            "transaction_misused",
            `The transaction of node "${nodePath}" is over; use it only inside the callback of ctx.transaction.`,
          );
        },
      });
    } finally {
      isUsable = false;
    }
  }
}
