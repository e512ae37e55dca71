import { parseDuration } from "../definition/parse-duration.js";
import type { Clock } from "../ports/clock.js";
import { Heap } from "../shared/heap.js";

/** 1 January 2025, 00:00 UTC: the instant at which a test clock starts unless told otherwise. */
export const DEFAULT_START_AT = Date.UTC(2025, 0, 1);

/** Turns of the event loop without any movement after which things count as quiet. */
const QUIET_TURNS = 5;
/** The same while somebody outside this thread may still answer. */
const QUIET_TURNS_WHILE_BUSY = 200;
/** The same while somebody in another process may answer; a turn is a millisecond then. */
const QUIET_TURNS_WHILE_REMOTE = 5_000;
/** What is still not quiet then never will be. */
const MAX_TURNS = 100_000;

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /**
   * Lets time pass: timers fire in the order of their instants, the clock showing each one's instant, and everything
   * they wake settles before the next, so that timers set meanwhile within the span fire too.
   * @param duration milliseconds, or text such as `"3d"` or `"1h30m"`
   */
  advance(duration: number | string): Promise<void>;
  /** Lets everything settle that needs no time to pass. */
  settle(): Promise<void>;
  /** Timers that are set. */
  readonly pendingTimers: number;
  /** The instant of the next timer; undefined when there is none. */
  readonly nextTimerAt: number | undefined;
}

export interface TestClockOptions {
  /** Milliseconds since the epoch, a date, or its ISO text. Default: 1 January 2025, 00:00 UTC. */
  readonly now?: number | string | Date;
  /** True while work is under way that no timer shows, such as a call to a storage. */
  readonly isBusy?: () => boolean;
  /** True when that work is done in another process, such as a database's: it is given real time. Default false. */
  readonly isRemote?: boolean;
}

/**
 * A clock for tests.
 *
 * ```ts
 * const clock = testClock({ now: "2025-03-30T00:30:00Z" });
 * clock.setTimer(clock.now() + 60_000, () => console.log("a minute later"));
 * await clock.advance("1m");
 * ```
 */
export function testClock(options: TestClockOptions = {}): TestClock {
  return new ManualClock(options);
}

interface Entry {
  readonly at: number;
  readonly ordinal: number;
  run: (() => void) | undefined;
}

class ManualClock implements TestClock {
  readonly #timers = new Heap<Entry>((a, b) => a.at - b.at || a.ordinal - b.ordinal);
  readonly #isBusy: () => boolean;
  readonly #isRemote: boolean;
  #now: number;
  #ordinal = 0;
  #pending = 0;
  /** Rises with every use: the sign that something moves. */
  #uses = 0;

  constructor({ now = DEFAULT_START_AT, isBusy = () => false, isRemote = false }: TestClockOptions) {
    this.#now = new Date(now).getTime();
    this.#isBusy = isBusy;
    this.#isRemote = isRemote;
  }

  now(): number {
    this.#uses++;
    return this.#now;
  }

  setTimer(at: number, run: () => void): () => void {
    this.#uses++;
    const entry: Entry = { at, ordinal: this.#ordinal++, run };
    this.#timers.push(entry);
    this.#pending++;
    if (at <= this.#now) setImmediate(() => this.#fireUntil(this.#now));
    return () => {
      this.#uses++;
      if (entry.run === undefined) return;
      entry.run = undefined;
      this.#pending--;
    };
  }

  get pendingTimers(): number {
    return this.#pending;
  }

  get nextTimerAt(): number | undefined {
    for (let next = this.#timers.peek(); next !== undefined; next = this.#timers.peek()) {
      if (next.run !== undefined) return next.at;
      this.#timers.pop();
    }
    return undefined;
  }

  async advance(duration: number | string): Promise<void> {
    const target = this.#now + parseDuration(duration);
    for (;;) {
      await this.settle();
      const next = this.nextTimerAt;
      if (next === undefined || next > target) break;
      this.#now = Math.max(this.#now, next);
      this.#fireUntil(this.#now);
    }
    this.#now = Math.max(this.#now, target);
    await this.settle();
  }

  #fireUntil(now: number): void {
    while ((this.nextTimerAt ?? Number.POSITIVE_INFINITY) <= now) {
      const entry = this.#timers.pop() as Entry;
      const run = entry.run;
      entry.run = undefined;
      this.#pending--;
      this.#uses++;
      run?.();
    }
  }

  async settle(): Promise<void> {
    let quietTurns = 0;
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const isBusy = this.#isBusy();
      const isRemote = isBusy && this.#isRemote;
      const enough = isRemote ? QUIET_TURNS_WHILE_REMOTE : isBusy ? QUIET_TURNS_WHILE_BUSY : QUIET_TURNS;
      if (quietTurns >= enough) return;
      const before = this.#uses;
      await new Promise<void>((resolve) => (isRemote ? setTimeout(resolve, 1) : setImmediate(resolve)));
      quietTurns = this.#uses === before ? quietTurns + 1 : 0;
    }
    throw new Error(
      `Something keeps moving without time passing: no rest within ${MAX_TURNS} turns of the event loop.`,
    );
  }
}
