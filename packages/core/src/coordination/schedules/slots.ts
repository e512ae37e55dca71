import type { Random } from "../../ports/random.js";
import type { MissedPolicy, ScheduleRecord } from "../../ports/schedule-record.js";
import type { Cron } from "./cron/cron.js";

/** A slot acted on this much after it was due counts as missed: a minute schedule loses none to a busy process. */
const MISSED_AFTER_MS = 60_000;

/** Slots taken at once; what is due beyond them follows in the next round. */
const MAX_SLOTS_AT_ONCE = 100;

/** A slot, and when it is acted on. */
export interface DueSlot {
  readonly fireAt: number;
  readonly dueAt: number;
}

/** Slots that are due, oldest first, and the one after them. */
export interface PassedSlots {
  readonly missed: readonly number[];
  readonly onTime: readonly number[];
  readonly next: DueSlot | null;
}

type Bounds = Pick<ScheduleRecord, "startAt" | "endAt">;

/** The first slot after an instant that lies within `startAt` and `endAt`, both included. */
export function nextSlot(cron: Cron, { startAt, endAt }: Bounds, after: number): number | null {
  const slot = cron.next(startAt === null ? after : Math.max(after, startAt - 1));
  return slot === null || (endAt !== null && slot > endAt) ? null : slot;
}

/** With the jitter drawn: the slot plus a chance part of `[0, jitterMs)`. */
export function toDueSlot(fireAt: number | null, jitterMs: number, random: Random): DueSlot | null {
  return fireAt === null ? null : { fireAt, dueAt: fireAt + Math.floor(random.next() * jitterMs) };
}

/** What has passed of a schedule whose next slot is due. Of the missed slots the newest `maxMissed`. */
export function readPassedSlots(
  schedule: ScheduleRecord,
  { cron, now, random }: { readonly cron: Cron; readonly now: number; readonly random: Random },
): PassedSlots {
  const draw = (after: number): DueSlot | null => toDueSlot(nextSlot(cron, schedule, after), schedule.jitterMs, random);
  let next: DueSlot | null = { fireAt: schedule.nextFireAt as number, dueAt: schedule.nextDueAt as number };
  let missed: readonly number[] = [];
  const missedUntil = now - MISSED_AFTER_MS;
  if (next.dueAt <= missedUntil) {
    missed = newestSlots(cron, schedule, { first: next.fireAt, until: missedUntil });
    next = draw(missedUntil);
  }
  const onTime: number[] = [];
  while (next !== null && next.dueAt <= now && onTime.length < MAX_SLOTS_AT_ONCE) {
    onTime.push(next.fireAt);
    const following: DueSlot | null = draw(next.fireAt);
    // Slots are acted on in their order, also where the jitter is longer than the time between them.
    next = following === null ? null : { ...following, dueAt: Math.max(following.dueAt, next.dueAt) };
  }
  return { missed, onTime, next };
}

/** Looks back in widening windows, so that a year of seconds costs no more than what is wanted. */
function newestSlots(
  cron: Cron,
  { maxMissed, endAt }: ScheduleRecord,
  { first, until }: { readonly first: number; readonly until: number },
): readonly number[] {
  const end = endAt === null ? until : Math.min(until, endAt);
  for (let windowMs = maxMissed * 1_000; ; windowMs *= 2) {
    const after = Math.max(first - 1, end - windowMs);
    const newest: number[] = [];
    for (let slot = cron.next(after); slot !== null && slot <= end; slot = cron.next(slot)) {
      newest.push(slot);
      if (newest.length > maxMissed) newest.shift();
    }
    if (newest.length === maxMissed || after < first) return newest;
  }
}

/** Which of the passed slots are fired, by the schedule's policy; the others are skipped. */
export function chooseSlots(
  { missed, onTime }: PassedSlots,
  policy: MissedPolicy,
): readonly { readonly fireAt: number; readonly isFired: boolean }[] {
  const passed = [...missed, ...onTime];
  const isFired = (index: number): boolean => {
    if (missed.length === 0 || policy === "all") return true;
    return policy === "latest" ? index === passed.length - 1 : index >= missed.length;
  };
  return passed.map((fireAt, index) => ({ fireAt, isFired: isFired(index) }));
}
