import { ConfigurationError } from "../../../errors/errors.js";
import { toDayNumber } from "./civil-date.js";

const DAY_MS = 86_400_000;
/** No zone changes its offset twice within this. */
const SCAN_STEP_MS = 6 * 3_600_000;

/** A change of a zone's offset from UTC. */
export interface Transition {
  /** The first instant with the new offset. */
  readonly at: number;
  readonly offsetBefore: number;
  readonly offsetAfter: number;
}

/** Offsets of an IANA zone, in milliseconds east of UTC, from the time-zone data of the runtime. */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat | null;

  /** @throws ConfigurationError `invalid_schedule` for a name that the runtime does not know */
  constructor(name: string) {
    this.#format = name === "UTC" ? null : openFormat(name);
  }

  offsetAt(instant: number): number {
    if (this.#format === null) return 0;
    const whole = Math.floor(instant / 1_000) * 1_000;
    const [month, day, year, hour, minute, second] = (this.#format.format(whole).match(/\d+/g) ?? []).map(Number);
    const local =
      toDayNumber({ year: year as number, month: month as number, day: day as number }) * DAY_MS +
      (((hour as number) * 60 + (minute as number)) * 60 + (second as number)) * 1_000;
    return local - whole;
  }

  /** The first change after `from` and at or before `to`. */
  firstTransition(from: number, to: number): Transition | undefined {
    if (this.#format === null) return undefined;
    let offsetBefore = this.offsetAt(from);
    for (let low = from; low < to; ) {
      const high = Math.min(low + SCAN_STEP_MS, to);
      const offsetAfter = this.offsetAt(high);
      if (offsetAfter !== offsetBefore) return { at: this.#changeBetween(low, high), offsetBefore, offsetAfter };
      offsetBefore = offsetAfter;
      low = high;
    }
    return undefined;
  }

  #changeBetween(before: number, after: number): number {
    const offset = this.offsetAt(before);
    let low = before;
    let high = after;
    while (high - low > 1) {
      const middle = low + Math.floor((high - low) / 2);
      if (this.offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }
}

function openFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    // Offsets such as "+02:00" are known to some runtimes only, and have no daylight-saving time: a name is asked for.
    if (typeof timeZone !== "string" || !/^[A-Za-z]/.test(timeZone)) throw new RangeError("not a name");
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (cause) {
    throw new ConfigurationError(
      "invalid_schedule",
      `timeZone "${String(timeZone).slice(0, 100)}" is not known; use an IANA name such as "Europe/Berlin" or "UTC".`,
      { cause },
    );
  }
}
