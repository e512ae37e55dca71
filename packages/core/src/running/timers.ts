import type { Clock } from "../ports/clock.js";
import { Heap } from "../shared/heap.js";

/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

interface Entry {
  readonly at: number;
  readonly ordinal: number;
  run: (() => void) | undefined;
}

/** Cancelled entries are swept once they outnumber the live ones by this much. */
const SWEEP_AT = 1_000;

/** Any number of timers on one pending timer of the clock. */
export class Timers {
  readonly #clock: Clock;
  #entries = new Heap<Entry>(compare);
  #cancelled = 0;
  #ordinal = 0;
  #pendingAt = Number.POSITIVE_INFINITY;
  #stopPending: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `run` at or after `at` (milliseconds since the epoch), never synchronously. */
  set(at: number, run: () => void): Timer {
    const entry: Entry = { at, ordinal: this.#ordinal++, run };
    this.#entries.push(entry);
    this.#arm();
    return {
      cancel: () => {
        if (entry.run === undefined) return;
        entry.run = undefined;
        this.#cancelled++;
        if (this.#cancelled > SWEEP_AT && this.#cancelled * 2 > this.#entries.size) this.#sweep();
      },
    };
  }

  /** What `work` comes to; resolves at this instant at the latest, though it goes on. */
  within(at: number, work: Promise<unknown>): Promise<unknown> {
    let timer: Timer | undefined;
    const timeUp = new Promise<void>((resolve) => {
      timer = this.set(at, resolve);
    });
    return Promise.race([work, timeUp]).finally(() => timer?.cancel());
  }

  /** Forgets every timer. */
  close(): void {
    this.#entries = new Heap<Entry>(compare);
    this.#stopPending?.();
    this.#stopPending = undefined;
    this.#pendingAt = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    this.#dropCancelled();
    const next = this.#entries.peek();
    if (next === undefined || next.at >= this.#pendingAt) return;
    this.#stopPending?.();
    this.#pendingAt = next.at;
    this.#stopPending = this.#clock.setTimer(next.at, () => this.#fire());
  }

  #fire(): void {
    this.#pendingAt = Number.POSITIVE_INFINITY;
    this.#stopPending = undefined;
    const now = this.#clock.now();
    for (let next = this.#entries.peek(); next !== undefined && next.at <= now; next = this.#entries.peek()) {
      this.#entries.pop();
      const run = next.run;
      next.run = undefined;
      if (run === undefined) this.#cancelled--;
      else run();
    }
    this.#arm();
  }

  #dropCancelled(): void {
    for (let next = this.#entries.peek(); next !== undefined && next.run === undefined; next = this.#entries.peek()) {
      this.#entries.pop();
      this.#cancelled--;
    }
  }

  #sweep(): void {
    const live = new Heap<Entry>(compare);
    for (let next = this.#entries.pop(); next !== undefined; next = this.#entries.pop()) {
      if (next.run !== undefined) live.push(next);
    }
    this.#entries = live;
    this.#cancelled = 0;
  }
}

function compare(a: Entry, b: Entry): number {
  return a.at - b.at || a.ordinal - b.ordinal;
}
