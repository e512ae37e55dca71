import type { NodeContext, WorkflowDefinition } from "@automatrix/core";
import { type BodyError, isInterruption, toBodyError, toItemFailure } from "../../container/body-error.js";
import { distributedItem, readDistributed } from "./distributed-item.js";

interface ItemRunParameters {
  readonly body: WorkflowDefinition;
  readonly distribute: boolean;
  readonly part?: { readonly firstIndex: number; readonly variables: Readonly<Record<string, unknown>> } | undefined;
  readonly concurrency: number;
  readonly onItemError: "fail" | "collect" | "skip";
}

interface ItemError {
  readonly index: number;
  readonly error: BodyError;
}

const PROGRESS_STEPS = 100;

/**
 * One pass over the items: a fixed number of lanes, each taking the next item when its last one ended, so that memory does
 * not grow with the number of items beyond their results. After a failure (`fail`) or an interruption no lane takes another.
 */
export class ItemRun {
  readonly #ctx: NodeContext<ItemRunParameters>;
  readonly #items: readonly unknown[];
  readonly #results: unknown[];
  /** Runs one item elsewhere; the same for all, so that it is compiled once. */
  readonly #distributed: WorkflowDefinition | undefined;
  readonly #errors: ItemError[] = [];
  #failure: { readonly index: number; readonly error: unknown } | undefined;
  #interruption: { readonly error: unknown } | undefined;
  #next = 0;
  #done = 0;

  constructor(ctx: NodeContext<ItemRunParameters>, items: readonly unknown[]) {
    this.#ctx = ctx;
    this.#items = items;
    this.#results = new Array<unknown>(items.length).fill(null);
    const { body, distribute } = ctx.parameters;
    this.#distributed = distribute ? distributedItem(body) : undefined;
  }

  async run(): Promise<{ readonly results: readonly unknown[]; readonly errors: readonly ItemError[] }> {
    const lanes = Math.min(this.#ctx.parameters.concurrency, this.#items.length);
    await Promise.all(Array.from({ length: lanes }, () => this.#lane()));
    if (this.#interruption !== undefined) throw this.#interruption.error;
    if (this.#failure !== undefined) throw toItemFailure(this.#failure.index, this.#failure.error);
    this.#ctx.signal.throwIfAborted();
    return { results: this.#finishedResults(), errors: this.#errors.sort((a, b) => a.index - b.index) };
  }

  async #lane(): Promise<void> {
    while (this.#next < this.#items.length && this.#mayGoOn()) {
      const index = this.#next++;
      await this.#runItem(index);
    }
  }

  #mayGoOn(): boolean {
    return this.#failure === undefined && this.#interruption === undefined && !this.#ctx.signal.aborted;
  }

  async #runItem(index: number): Promise<void> {
    const item = this.#items[index];
    try {
      this.#results[index] = await (this.#distributed === undefined
        ? this.#runHere(index, item)
        : this.#runElsewhere(this.#distributed, index, item));
      this.#report();
    } catch (error) {
      this.#settleError(index, error);
    }
  }

  #runHere(index: number, item: unknown): Promise<unknown> {
    const { body, part } = this.#ctx.parameters;
    const variables = { ...part?.variables, item, index: (part?.firstIndex ?? 0) + index };
    return this.#ctx.runBody(body, item, `[${index}]`, { variables });
  }

  async #runElsewhere(definition: WorkflowDefinition, index: number, item: unknown): Promise<unknown> {
    const { runBody, vars, parameters } = this.#ctx;
    const variables = { ...vars, ...parameters.part?.variables };
    const input = { items: [item], part: { firstIndex: (parameters.part?.firstIndex ?? 0) + index, variables } };
    return readDistributed(await runBody(definition, input, `[${index}]`, { variables: { item, index } }));
  }

  #settleError(index: number, error: unknown): void {
    if (isInterruption(error, this.#ctx.signal)) this.#interruption ??= { error };
    else if (this.#ctx.parameters.onItemError !== "fail") this.#errors.push({ index, error: toBodyError(error) });
    else if (this.#failure === undefined || index < this.#failure.index) this.#failure = { index, error };
  }

  #report(): void {
    this.#done += 1;
    const every = Math.max(1, Math.floor(this.#items.length / PROGRESS_STEPS));
    if (this.#done % every === 0) this.#ctx.progress(this.#done / this.#items.length);
  }

  #finishedResults(): readonly unknown[] {
    if (this.#ctx.parameters.onItemError !== "skip" || this.#errors.length === 0) return this.#results;
    const failed = new Set(this.#errors.map(({ index }) => index));
    return this.#results.filter((_, index) => !failed.has(index));
  }
}
