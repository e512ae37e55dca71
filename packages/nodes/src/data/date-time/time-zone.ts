import { FatalNodeError } from "@automatrix/core";

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** What a Date can hold. */
const MAX_INSTANT_MS = 8.64e15;

/**
 * A time zone. Local times are milliseconds too: those of the UTC date with the same fields, so that the calendar can be
 * reckoned with UTC and daylight saving comes in only on the way from and to instants.
 */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | undefined;

  private constructor(name: string, format: Intl.DateTimeFormat | undefined) {
    this.name = name;
    this.#format = format;
  }

  /** @throws FatalNodeError `invalid_input` when no zone has this name */
  static of(name: string): TimeZone {
    if (name === "UTC" || name === "Z") return new TimeZone("UTC", undefined);
    try {
      return new TimeZone(
        name,
        new Intl.DateTimeFormat("en-US", {
          timeZone: name,
          hourCycle: "h23",
          era: "short",
          year: "numeric",
          month: "numeric",
          day: "numeric",
          hour: "numeric",
          minute: "numeric",
          second: "numeric",
        }),
      );
    } catch {
      throw new FatalNodeError(`"${name.slice(0, 50)}" is no time zone; write it as Europe/Berlin or UTC.`, {
        code: "invalid_input",
      });
    }
  }

  /** Milliseconds that local time is ahead of UTC at an instant. */
  offsetAt(instant: number): number {
    if (this.#format === undefined || !(Math.abs(instant) <= MAX_INSTANT_MS)) return 0;
    const fields = new Map(this.#format.formatToParts(instant).map(({ type, value }) => [type, value]));
    const field = (type: Intl.DateTimeFormatPartTypes) => Number(fields.get(type));
    const year = fields.get("era")?.startsWith("B") === true ? 1 - field("year") : field("year");
    const local = new Date(0);
    local.setUTCFullYear(year, field("month") - 1, field("day"));
    local.setUTCHours(field("hour"), field("minute"), field("second"));
    return local.getTime() - Math.floor(instant / SECOND_MS) * SECOND_MS;
  }

  toLocal(instant: number): number {
    return instant + this.offsetAt(instant);
  }

  /**
   * The instant of a local time. One that comes twice, when clocks go back, means the first; one that is left out, when
   * they go forward, means as much later.
   */
  toInstant(local: number): number {
    const before = local - this.offsetAt(local - DAY_MS);
    const after = local - this.offsetAt(local + DAY_MS);
    const candidates = [Math.min(before, after), Math.max(before, after)];
    return candidates.find((instant) => this.toLocal(instant) === local) ?? before;
  }
}
