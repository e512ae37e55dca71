import type { FireRecord, ScheduleRecord } from "./schedule-record.js";
import type { Page } from "./storage.js";

/** Schedules and what became of their slots. Every write is atomic; of writers that race, one wins. */
export interface ScheduleStore {
  /** Creates (`expectedRevision` null) or replaces; false when the row is not at that revision, and nothing is written. */
  putSchedule(schedule: ScheduleRecord, expectedRevision: number | null): Promise<boolean>;
  getSchedule(id: string): Promise<ScheduleRecord | undefined>;
  /** Oldest first. */
  listSchedules(filter: {
    readonly workflowId?: string;
    readonly tenant?: string;
    readonly limit?: number;
    readonly cursor?: string;
  }): Promise<Page<ScheduleRecord>>;
  /** Removes it with its fires. */
  deleteSchedule(id: string): Promise<boolean>;
  /** Those not paused with `nextDueAt` at or before `at`, the most overdue first. */
  listDueSchedules(params: { readonly at: number; readonly limit: number }): Promise<readonly ScheduleRecord[]>;
  /** The smallest `nextDueAt` of those not paused. */
  nextScheduleDueAt(): Promise<number | null>;
  /**
   * Takes slots: inserts the fires and moves the schedule on, its revision rising by one, all or nothing. False when
   * the schedule is not at `revision` or one of the fires exists: another process has taken them.
   */
  takeFires(params: {
    readonly scheduleId: string;
    readonly revision: number;
    readonly fires: readonly FireRecord[];
    readonly nextFireAt: number | null;
    readonly nextDueAt: number | null;
  }): Promise<boolean>;
  /** Replaces a fire if it still has `expectedStatus`; false otherwise. */
  updateFire(fire: FireRecord, expectedStatus: FireRecord["status"]): Promise<boolean>;
  /** Newest first; with `status` of all schedules or of one. `before` leaves out slots at or after it. */
  listFires(filter: {
    readonly scheduleId?: string;
    readonly status?: FireRecord["status"];
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly FireRecord[]>;
}
