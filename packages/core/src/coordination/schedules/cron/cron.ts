/**
 * When a cron expression fires in a zone. Where the wall clock jumps:
 *
 * - forward: a slot in the gap of an expression that names its hours fires once, at the first instant after the gap;
 *   an expression with a wildcard or a step in its hours goes on with its next slot.
 * - back: what is made of named times alone fires in the first of the two passes; with a wildcard or a step in its
 *   seconds, minutes or hours it fires in both.
 *
 * Walks from match to match of the calendar, looking at the zone only around the walk's start and around a match:
 * between them no match can be repeated or left out, as there is none.
 */
import { CronExpression } from "./cron-expression.js";
import { TimeZone } from "./time-zone.js";

const DAY_MS = 86_400_000;
/** Wider than any jump of a clock. */
const LONGEST_JUMP_MS = 26 * 3_600_000;
/** How far the zone is looked through at once. */
const WINDOW_MS = 3 * DAY_MS;
/** Where the look at a far match begins: within the window even when a jump of a day moves it. */
const LEAD_MS = DAY_MS + DAY_MS / 2;
/** Rounds of the walk: a leap to the match, and the changes of the zone within one window. */
const MAX_ROUNDS = 100;

/** The walk's place: nothing at or before `after` counts, `local` is the earliest wall clock that does. */
interface Place {
  readonly after: number;
  readonly offset: number;
  readonly local: number;
}

/** A cron expression in a zone. Knows no clock: it answers for any instant. */
export class Cron {
  readonly #expression: CronExpression;
  readonly #zone: TimeZone;

  /** @throws ConfigurationError `invalid_schedule` for an unreadable or never matching expression and an unknown zone */
  constructor({ cron, timeZone }: { readonly cron: string; readonly timeZone: string }) {
    this.#expression = new CronExpression(cron);
    this.#zone = new TimeZone(timeZone);
  }

  /** The first slot after an instant, in milliseconds since the epoch; null when none comes. */
  next(after: number): number | null {
    let place = this.#begin(after);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const local = this.#expression.nextLocal(place.local);
      if (local === null) return null;
      const step = this.#step(place, local);
      if (typeof step === "number") return step;
      place = step;
    }
    return null;
  }

  /** At most `count` slots after an instant. */
  list(after: number, count: number): readonly number[] {
    const slots: number[] = [];
    for (let slot = this.next(after); slot !== null && slots.length < count; slot = this.next(slot)) slots.push(slot);
    return slots;
  }

  #begin(after: number): Place {
    const offset = this.#zone.offsetAt(after);
    const local = Math.floor(after / 1_000) * 1_000 + 1_000 + offset;
    if (this.#expression.isCadence) return { after, offset, local };
    const last = this.#zone.firstTransition(after - LONGEST_JUMP_MS, after);
    // In the second pass of a repeated hour the named times have fired already.
    return { after, offset, local: last === undefined ? local : Math.max(local, last.at + last.offsetBefore) };
  }

  /** The instant of a match, or from where to look again. */
  #step(place: Place, local: number): number | Place {
    const slot = local - place.offset;
    const change = this.#zone.firstTransition(place.after, Math.min(slot, place.after + WINDOW_MS));
    if (change === undefined) {
      if (slot <= place.after + WINDOW_MS) return slot;
      const after = slot - LEAD_MS;
      return { after, offset: this.#zone.offsetAt(after), local };
    }
    const lastBefore = change.at + change.offsetBefore;
    const firstAfter = change.at + change.offsetAfter;
    const isLeftOut = local < firstAfter;
    if (isLeftOut && this.#expression.namesHours) return change.at;
    const isBack = firstAfter < lastBefore;
    const repeats = isBack && this.#expression.isCadence;
    const from = repeats ? firstAfter : Math.max(place.local, isBack ? lastBefore : firstAfter);
    return { after: change.at, offset: change.offsetAfter, local: from };
  }
}
