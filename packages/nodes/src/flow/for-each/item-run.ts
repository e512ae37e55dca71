import type { NodeContext, WorkflowDefinition } from "@automatrix/core";
import { type BodyError, isInterruption, toBodyError, toItemFailure } from "../../container/body-error.js";
import { distributedItem, readDistributed } from "./distributed-item.js";
import { bareInBody, namedInBody } from "./named-in-body.js";

/** Of an execution that runs items of a list elsewhere: where they stand in it, and what its body saw. */
interface ItemPart {
  readonly firstIndex: number;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly trigger?: unknown;
}

interface ItemRunParameters {
  readonly body: WorkflowDefinition;
  readonly distribute: boolean;
  readonly part?: ItemPart | undefined;
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
  /** Runs items elsewhere. */
  readonly #distribution: Distribution | undefined;
  readonly #errors: ItemError[] = [];
  #failure: { readonly index: number; readonly error: unknown } | undefined;
  #interruption: { readonly error: unknown } | undefined;
  #next = 0;
  #done = 0;

  constructor(ctx: NodeContext<ItemRunParameters>, items: readonly unknown[]) {
    this.#ctx = ctx;
    this.#items = items;
    this.#results = new Array<unknown>(items.length).fill(null);
    this.#distribution = ctx.parameters.distribute ? distribute(ctx) : undefined;
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
      this.#results[index] = await (this.#distribution === undefined
        ? this.#runHere(index, item)
        : this.#runElsewhere(this.#distribution, index, item));
      this.#report();
    } catch (error) {
      this.#settleError(index, error);
    }
  }

  #runHere(index: number, item: unknown): Promise<unknown> {
    const { body, part } = this.#ctx.parameters;
    const variables = { ...part?.variables, item, index: (part?.firstIndex ?? 0) + index };
    const seen = part?.trigger === undefined ? {} : { trigger: part.trigger };
    return this.#ctx.runBody(body, item, `[${index}]`, { variables, ...seen });
  }

  async #runElsewhere({ definition, seen, outputs }: Distribution, index: number, item: unknown): Promise<unknown> {
    const { runBody, parameters } = this.#ctx;
    const part: ItemPart = { ...seen, firstIndex: (parameters.part?.firstIndex ?? 0) + index };
    const input = { items: [item], part, outputs };
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

/** What runs an item elsewhere; the same for all, so that it is compiled once. */
interface Distribution {
  readonly definition: WorkflowDefinition;
  /** What a body sees besides its item. */
  readonly seen: Omit<ItemPart, "firstIndex">;
  /** Of the nodes around it that the body names. */
  readonly outputs: readonly unknown[];
}

/** Of what is around the body only what it names goes with each item. */
function distribute({ nodes, vars, trigger, parameters }: NodeContext<ItemRunParameters>): Distribution {
  const { body, part } = parameters;
  const named = namedInBody(body, "nodes", Object.keys(nodes));
  return {
    definition: distributedItem(body, named),
    seen: { variables: { ...vars, ...part?.variables }, trigger: namedOfTrigger(body, trigger) },
    outputs: named.map((id) => nodes[id]?.output ?? null),
  };
}

function namedOfTrigger(body: WorkflowDefinition, trigger: unknown): unknown {
  if (typeof trigger !== "object" || trigger === null || Array.isArray(trigger)) return trigger ?? null;
  const names = Object.keys(trigger);
  const named = new Set([...namedInBody(body, "trigger", names), ...bareInBody(body, names)]);
  return Object.fromEntries(Object.entries(trigger).filter(([name]) => named.has(name)));
}
