import type { StepRecord } from "../../ports/execution-record.js";
import type { PendingCommit } from "../commit/pending-commit.js";

/** What steps and bodies of one execution came to, by node path, then by key: what is recorded does not run again. */
export class RecordedValues {
  readonly #pending: PendingCommit;
  readonly #recorded = new Map<string, Map<string, unknown>>();

  constructor(pending: PendingCommit, steps: readonly StepRecord[]) {
    this.#pending = pending;
    for (const { nodePath, key, value } of steps) this.#valuesOf(nodePath).set(key, value);
  }

  /** The value of that key, in an object of its own since it may be anything; undefined when there is none. */
  find(nodePath: string, key: string): { readonly value: unknown } | undefined {
    const known = this.#recorded.get(nodePath);
    return known?.has(key) === true ? { value: known.get(key) } : undefined;
  }

  /** Remembers the value, and writes it with the next commit. */
  add(step: StepRecord): void {
    this.#valuesOf(step.nodePath).set(step.key, step.value);
    this.#pending.addStep(step);
  }

  #valuesOf(nodePath: string): Map<string, unknown> {
    const values = this.#recorded.get(nodePath) ?? new Map<string, unknown>();
    this.#recorded.set(nodePath, values);
    return values;
  }
}
