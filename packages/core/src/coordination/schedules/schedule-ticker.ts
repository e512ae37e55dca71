/**
 * Makes schedules fire. A tick
 *
 * 1. finishes slots that were taken but not started: their process died, or a start failed in a way that passes,
 * 2. starts the buffered slots whose predecessor has ended,
 * 3. takes the slots that are due: one write inserts their fires, unique by (schedule, slot), and moves the schedule on
 *    by compare-and-set on its revision, so that of many processes one gets each slot. Then starts them, in their order.
 *
 * A clock that jumps back finds the schedule moved on already; one that jumps forward makes slots due early or missed,
 * and they do not come again.
 */
import type { FireRecord, ScheduleRecord } from "../../ports/schedule-record.js";
import { Cron } from "./cron/cron.js";
import { FireStarter } from "./fire-starter.js";
import type { ScheduleServices } from "./schedule-services.js";
import { chooseSlots, type DueSlot, readPassedSlots } from "./slots.js";

/** Schedules handled at once. */
const PAGE_SIZE = 100;
const MAX_PAGES = 100;
/** Open fires looked at in one tick. */
const MAX_OPEN_FIRES = 1_000;
/** How long a process may take to start a slot before any other does it. */
const PENDING_LEASE_MS = 30_000;
/** How soon this process tries again to start a slot of its own after a failure that passes. */
const RETRY_START_MS = 1_000;
/** How often a buffered slot is looked at when nobody tells that its predecessor has ended. */
const BUFFERED_POLL_MS = 5_000;
/** How long a schedule that cannot be handled is left alone. */
const FAILURE_PAUSE_MS = 5_000;
const MAX_CACHED_CRONS = 1_000;

export class ScheduleTicker {
  readonly #services: ScheduleServices;
  readonly #starter: FireStarter;
  readonly #crons = new Map<string, Cron>();
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  /** Slots that this process took and could not start in a way that passes: it tries them again itself. */
  readonly #unstarted = new Set<string>();
  #pauseUntil = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(services: ScheduleServices) {
    this.#services = services;
    this.#starter = new FireStarter(services);
  }

  /**
   * Does what is due. Calls never overlap: one that comes during a tick waits for one more tick after it. A schedule
   * that cannot be handled is logged and harms no other. @throws StorageError
   */
  tick(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    if (this.#running === undefined) return this.#run();
    this.#queued ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#queued = undefined;
        return this.#isClosed ? undefined : this.#run();
      });
    return this.#queued;
  }

  /** When `tick` has something to do next; null when nothing is planned. Another process may plan something any time. */
  async nextDueAt(): Promise<number | null> {
    const { storage, clock } = this.#services;
    const [dueAt, pending, buffered] = await Promise.all([
      storage.nextScheduleDueAt(),
      storage.listFires({ status: "pending", limit: 1 }),
      storage.listFires({ status: "buffered", limit: 1 }),
    ]);
    const now = clock.now();
    const instants = [
      ...(dueAt === null ? [] : [dueAt <= now ? Math.max(dueAt, this.#pauseUntil) : dueAt]),
      ...(pending.length === 0 ? [] : [now + (this.#unstarted.size === 0 ? PENDING_LEASE_MS : RETRY_START_MS)]),
      ...(buffered.length === 0 ? [] : [now + BUFFERED_POLL_MS]),
    ];
    return instants.length === 0 ? null : Math.min(...instants);
  }

  /** Takes nothing more; resolves when no tick is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running?.catch(() => {});
  }

  #run(): Promise<void> {
    const running = this.#tick().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #tick(): Promise<void> {
    await this.#finishPending();
    await this.#startBuffered();
    await this.#takeDue();
  }

  async #finishPending(): Promise<void> {
    const now = this.#services.clock.now();
    const fires = await this.#services.storage.listFires({ status: "pending", limit: MAX_OPEN_FIRES });
    // Also when the clock has jumped back behind the moment of the taking.
    const left = fires.filter(
      (fire) => Math.abs(now - fire.at) >= PENDING_LEASE_MS || this.#unstarted.has(keyOf(fire)),
    );
    this.#unstarted.clear();
    await this.#settleBySchedule(left);
  }

  async #startBuffered(): Promise<void> {
    const fires = await this.#services.storage.listFires({ status: "buffered", limit: MAX_OPEN_FIRES });
    await this.#settleBySchedule(fires);
  }

  /** Those of one schedule one after the other, the oldest first. */
  async #settleBySchedule(fires: readonly FireRecord[]): Promise<void> {
    const bySchedule = new Map<string, FireRecord[]>();
    for (const fire of fires.toReversed()) {
      const known = bySchedule.get(fire.scheduleId);
      if (known === undefined) bySchedule.set(fire.scheduleId, [fire]);
      else known.push(fire);
    }
    await Promise.all([...bySchedule].map(([id, ofSchedule]) => this.#settleAll(id, ofSchedule)));
  }

  async #settleAll(scheduleId: string, fires: readonly FireRecord[]): Promise<void> {
    const schedule = await this.#services.storage.getSchedule(scheduleId);
    if (schedule === undefined) return;
    for (const fire of fires) {
      if (this.#isClosed) return;
      if (fire.status === "buffered" && schedule.isPaused) await this.#dropBuffered(fire);
      else await this.#settle(schedule, fire);
    }
  }

  async #settle(schedule: ScheduleRecord, fire: FireRecord): Promise<void> {
    if (!(await this.#starter.settle(schedule, fire))) this.#unstarted.add(keyOf(fire));
  }

  async #dropBuffered(fire: FireRecord): Promise<void> {
    const { storage, clock } = this.#services;
    await storage.updateFire({ ...fire, status: "skipped", reason: "paused", at: clock.now() }, fire.status);
  }

  async #takeDue(): Promise<void> {
    const { storage, clock } = this.#services;
    for (let page = 0; page < MAX_PAGES && !this.#isClosed; page++) {
      const due = await storage.listDueSchedules({ at: clock.now(), limit: PAGE_SIZE });
      const done = await Promise.all(due.map((schedule) => this.#handle(schedule)));
      // A schedule that fails stays due: without an end here it would be tried again at once.
      if (due.length === 0 || done.includes(false)) return;
    }
  }

  /** False when the schedule could not be handled. */
  async #handle(schedule: ScheduleRecord): Promise<boolean> {
    try {
      const taken = await this.#take(schedule);
      for (const fire of taken) {
        if (fire.status === "pending" && !this.#isClosed) await this.#settle(schedule, fire);
      }
      return true;
    } catch (error) {
      const { logger, clock } = this.#services;
      this.#pauseUntil = clock.now() + FAILURE_PAUSE_MS;
      logger.error(`Schedule ${schedule.id} could not be handled.`, { scheduleId: schedule.id, error: String(error) });
      return false;
    }
  }

  /** The fires that are this process's to bring to an end. */
  async #take(schedule: ScheduleRecord): Promise<readonly FireRecord[]> {
    const { clock, random, storage } = this.#services;
    const now = clock.now();
    const passed = readPassedSlots(schedule, { cron: this.#cronOf(schedule), now, random });
    const fires = chooseSlots(passed, schedule.missed).map(
      ({ fireAt, isFired }): FireRecord => ({
        scheduleId: schedule.id,
        fireAt,
        kind: "cron",
        status: isFired ? "pending" : "skipped",
        executionId: null,
        reason: isFired ? null : "missed",
        at: now,
      }),
    );
    if (await this.#write(schedule, fires, passed.next)) return fires;
    if ((await storage.getSchedule(schedule.id))?.revision !== schedule.revision) return [];
    return this.#takeNew(schedule, fires, passed.next);
  }

  /**
   * Nobody moved the schedule on, so some of the slots have been fired before: the schedule was changed after a clock
   * had jumped back, and met them a second time.
   */
  async #takeNew(
    schedule: ScheduleRecord,
    fires: readonly FireRecord[],
    next: DueSlot | null,
  ): Promise<readonly FireRecord[]> {
    const known = new Set<number>();
    for (const { fireAt } of fires) {
      const [newest] = await this.#services.storage.listFires({
        scheduleId: schedule.id,
        before: fireAt + 1,
        limit: 1,
      });
      if (newest?.fireAt === fireAt) known.add(fireAt);
    }
    const fresh = fires.filter(({ fireAt }) => !known.has(fireAt));
    return (await this.#write(schedule, fresh, next)) ? fresh : [];
  }

  #write({ id, revision }: ScheduleRecord, fires: readonly FireRecord[], next: DueSlot | null): Promise<boolean> {
    return this.#services.storage.takeFires({
      scheduleId: id,
      revision,
      fires,
      nextFireAt: next?.fireAt ?? null,
      nextDueAt: next?.dueAt ?? null,
    });
  }

  #cronOf({ cron, timeZone }: ScheduleRecord): Cron {
    const key = `${cron}\n${timeZone}`;
    const known = this.#crons.get(key);
    if (known !== undefined) return known;
    const compiled = new Cron({ cron, timeZone });
    this.#crons.set(key, compiled);
    if (this.#crons.size > MAX_CACHED_CRONS) this.#crons.delete(this.#crons.keys().next().value as string);
    return compiled;
  }
}

function keyOf({ scheduleId, fireAt }: FireRecord): string {
  return `${scheduleId} ${fireAt}`;
}
