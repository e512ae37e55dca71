import type { MissedPolicy, OverlapPolicy, ScheduleRecord } from "../../ports/schedule-record.js";

/** An instant: milliseconds since the epoch, a Date, or ISO text with its offset (`2026-01-31T09:00:00Z`, `…+01:00`) or a date (00:00 UTC). */
// biome-ignore lint/style/noRestrictedGlobals: a Date is a value here
export type Instant = number | string | Date;

/** What `engine.schedules.create` takes. */
export interface ScheduleOptions {
  /** 1–128 characters; made up when left out. */
  readonly id?: string;
  /** A saved workflow; each execution takes the version that is current when it starts. */
  readonly workflowId: string;
  /** Five fields, six with seconds in front, seven with the year at the end, or a macro such as `@daily`. */
  readonly cron: string;
  /** IANA name. Default `UTC`. */
  readonly timeZone?: string;
  /** Id of the trigger node that fires, where the workflow has several. */
  readonly trigger?: string | null;
  /** JSON; the input of every execution. Default `{}`. */
  readonly input?: unknown;
  /** When a slot comes while an execution of this schedule has not ended. Default `skip`. */
  readonly overlap?: OverlapPolicy;
  /** What to do with slots acted on 60 s late or later. Default `latest`. */
  readonly missed?: MissedPolicy;
  /** Of the missed slots at most this many, the newest, are fired (`all`) or recorded. 1–1,000, default 10. */
  readonly maxMissed?: number;
  /** Each slot is acted on up to this much later, by chance. 0–86,400,000, default 0. */
  readonly jitterMs?: number;
  /** No slot before this. */
  readonly startAt?: Instant | null;
  /** No slot after this. */
  readonly endAt?: Instant | null;
  /** Default false. */
  readonly paused?: boolean;
  readonly tenant?: string | null;
}

/** What `engine.schedules.update` takes: only what is to change. */
export type ScheduleChanges = Partial<Omit<ScheduleOptions, "id" | "tenant">>;

/** A schedule as the API shows it. */
export interface Schedule extends Omit<ScheduleRecord, "isPaused" | "revision"> {
  readonly paused: boolean;
}

/** The schedule that a record holds. */
export function toSchedule({ isPaused, revision: _, ...record }: ScheduleRecord): Schedule {
  return Object.freeze({ ...record, paused: isPaused });
}
