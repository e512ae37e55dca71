import { AutomatrixError, type NodeContext, type VerifyAnswer } from "@automatrix/core";

/** Attempts remembered between their failure and the question about them, which follows at once. */
const MAX_REMEMBERED = 1_000;

/**
 * What is known of `once` nodes that were refused: a `FatalNodeError` of these nodes vouches that nothing happened.
 * Without this a statement with a wrong name would wait for a person to say whether it took place. After a crash nothing
 * is remembered, and the outcome is unknown.
 */
export class Refusals {
  readonly #attempts = new Set<string>();

  /** Runs the node's work, and remembers a refusal. */
  async watch<Result>(ctx: NodeContext<unknown>, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      if (AutomatrixError.is(error) && error.name === "FatalNodeError") this.#remember(attemptOf(ctx));
      throw error;
    }
  }

  /** Answers for a node's `verify`. */
  verify(ctx: NodeContext<unknown>): VerifyAnswer {
    return this.#attempts.delete(attemptOf(ctx)) ? { notDone: true } : { unknown: true };
  }

  #remember(attempt: string): void {
    if (this.#attempts.size >= MAX_REMEMBERED) this.#attempts.clear();
    this.#attempts.add(attempt);
  }
}

function attemptOf({ idempotencyKey, attempt }: NodeContext<unknown>): string {
  return `${idempotencyKey}#${attempt}`;
}
