import type { ExecutionMask } from "./execution-mask.js";

/** Characters of all masks that are kept; the oldest go first. */
const MAX_KEPT_CHARACTERS = 16 * 1024 * 1024;
/** Masks that are kept; the oldest go first. */
const MAX_KEPT_MASKS = 10_000;

/** Masks of executions that wait outside memory: what their nodes have read stays masked when they go on here. */
export class KeptMasks {
  readonly #masks = new Map<string, ExecutionMask>();
  #size = 0;

  keep(executionId: string, mask: ExecutionMask): void {
    this.take(executionId);
    this.#masks.set(executionId, mask);
    this.#size += mask.size;
    for (const oldest of this.#masks.keys()) {
      if (this.#size <= MAX_KEPT_CHARACTERS && this.#masks.size <= MAX_KEPT_MASKS) return;
      this.take(oldest);
    }
  }

  /** The mask of an execution that goes on here. */
  take(executionId: string): ExecutionMask | undefined {
    if (this.#masks.size === 0) return undefined;
    const mask = this.#masks.get(executionId);
    if (mask === undefined) return undefined;
    this.#masks.delete(executionId);
    this.#size -= mask.size;
    return mask;
  }
}
