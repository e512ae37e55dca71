import type { DispatchWorker } from "../../ports/dispatcher.js";
import { createDeferred, type Deferred } from "../../shared/deferred.js";

/** A worker that notes what it is told. */
export class ToldWorker implements DispatchWorker {
  /** Executions it took, in order; once for each time. */
  readonly taken: string[] = [];
  /** Executions it was told of, taken or not. */
  readonly told: string[] = [];
  places: number;
  /** Given: it answers with this, whatever it is told. */
  answer: ((executionIds: readonly string[]) => Promise<readonly string[]>) | undefined;
  #isChanged: Deferred<void> = createDeferred<void>();

  constructor(places = Number.POSITIVE_INFINITY) {
    this.places = places;
  }

  freePlaces(): number {
    return this.places;
  }

  async take(executionIds: readonly string[]): Promise<readonly string[]> {
    this.told.push(...executionIds);
    this.#changed();
    try {
      if (this.answer !== undefined) return await this.answer(executionIds);
      const taken = executionIds.slice(0, this.places);
      this.taken.push(...taken);
      this.places -= taken.length;
      return executionIds.slice(taken.length);
    } finally {
      this.#changed();
    }
  }

  /** Resolves when this holds; looked at each time it is told something. */
  async until(isReached: (worker: ToldWorker) => boolean): Promise<void> {
    while (!isReached(this)) await this.#isChanged.promise;
  }

  #changed(): void {
    this.#isChanged.resolve();
    this.#isChanged = createDeferred<void>();
  }
}
