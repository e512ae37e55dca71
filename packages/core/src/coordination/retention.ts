import type { Storage } from "../ports/storage.js";
import type { SweepTask } from "./claiming/sweeper.js";

/** How long ended executions are kept. */
export interface RetentionOptions {
  /** Ended executions older than this are deleted, in milliseconds; kept for ever when left out. */
  readonly endedForMs?: number;
}

const DELETED_AT_ONCE = 200;
const PAUSE_MS = 60_000;

/** Deletes what has ended long ago, a little at a time. */
export class Retention implements SweepTask {
  readonly #storage: Storage;
  readonly #now: () => number;
  readonly #endedForMs: number | undefined;
  #nextAt = 0;

  constructor(params: { readonly storage: Storage; readonly now: () => number; readonly options: RetentionOptions }) {
    this.#storage = params.storage;
    this.#now = params.now;
    this.#endedForMs = params.options.endedForMs;
  }

  async tick(): Promise<void> {
    const now = this.#now();
    if (this.#endedForMs === undefined || now < this.#nextAt) return;
    const deleted = await this.#storage.deleteEnded({ endedBefore: now - this.#endedForMs, limit: DELETED_AT_ONCE });
    if (deleted < DELETED_AT_ONCE) this.#nextAt = now + PAUSE_MS;
  }

  /** Sweeps come anyway where it matters; by itself it asks for one a minute. */
  async nextDueAt(): Promise<number | null> {
    return this.#endedForMs === undefined ? null : Math.max(this.#nextAt, this.#now() + 1);
  }
}
