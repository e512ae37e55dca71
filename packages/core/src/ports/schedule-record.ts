/** What to do when a slot comes while an execution of the schedule has not ended. */
export type OverlapPolicy = "allow" | "skip" | "buffer_one" | "cancel_other";

/** What to do with slots that passed while nobody could fire them. */
export type MissedPolicy = "skip" | "latest" | "all";

/** A cron row that starts executions. */
export interface ScheduleRecord {
  readonly id: string;
  readonly workflowId: string;
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  /** Id of the trigger node that fires; without one the start chooses. */
  readonly trigger?: string;
  readonly input: unknown;
  readonly overlap: OverlapPolicy;
  readonly missed: MissedPolicy;
  readonly maxMissed: number;
  readonly jitterMs: number;
  readonly startAt: number | null;
  readonly endAt: number | null;
  readonly isPaused: boolean;
  readonly tenant: string | null;
  /** The next slot; null when none will come. */
  readonly nextFireAt: number | null;
  /** When that slot is acted on: the slot plus its jitter. */
  readonly nextDueAt: number | null;
  /** Rises with every write; writers compare it. */
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What became of one slot of a schedule. Unique by (schedule, fireAt). */
export interface FireRecord {
  readonly scheduleId: string;
  /** The slot, in milliseconds since the epoch; of one triggered by hand: when that was. */
  readonly fireAt: number;
  readonly kind: "cron" | "manual";
  /** `pending`: taken, and its execution not known to be started yet. */
  readonly status: "pending" | "buffered" | "started" | "skipped" | "failed";
  readonly executionId: string | null;
  /** Why it was skipped or failed. */
  readonly reason: string | null;
  /** When the row was written last. */
  readonly at: number;
}
