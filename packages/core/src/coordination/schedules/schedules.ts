import { ConfigurationError, ExecutionError, StorageError } from "../../errors/errors.js";
import type { FireRecord, ScheduleRecord } from "../../ports/schedule-record.js";
import type { Page } from "../../ports/storage.js";
import { Cron } from "./cron/cron.js";
import { FireStarter } from "./fire-starter.js";
import { type Instant, type Schedule, type ScheduleChanges, type ScheduleOptions, toSchedule } from "./schedule.js";
import {
  parsePreviewOptions,
  parseScheduleChanges,
  parseScheduleOptions,
  type ScheduleSettings,
} from "./schedule-options.js";
import type { ScheduleServices } from "./schedule-services.js";
import { type DueSlot, nextSlot, toDueSlot } from "./slots.js";

const DEFAULT_PREVIEW_COUNT = 5;
const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;
/** Writers of one schedule that may come in between before a change is given up. */
const MAX_TRIES = 20;

export interface SchedulesParams {
  readonly services: ScheduleServices;
  /** Called after a change: the next due instant may be another. */
  readonly onChanged: () => void;
  /** Throws when the engine is not started or closed. */
  readonly requireStarted: () => void;
}

/** `engine.schedules`: cron rows that start executions. */
export class Schedules {
  readonly #params: SchedulesParams;
  readonly #services: ScheduleServices;
  readonly #starter: FireStarter;

  constructor(params: SchedulesParams) {
    this.#params = params;
    this.#services = params.services;
    this.#starter = new FireStarter(params.services);
  }

  /**
   * Creates a schedule; its first slot is the first one after now.
   * @throws ConfigurationError `invalid_schedule`, `invalid_input`, `schedule_exists`, ExecutionError `workflow_not_found`, `engine_closed`
   */
  async create(options: ScheduleOptions): Promise<Schedule> {
    this.#params.requireStarted();
    const { storage, ids, limits, clock } = this.#services;
    const { id, tenant, settings } = parseScheduleOptions(options, limits.maxInputBytes);
    const cron = new Cron(settings);
    await this.#requireWorkflow(settings.workflowId);
    const now = clock.now();
    const record: ScheduleRecord = Object.freeze({
      ...settings,
      ...toNextColumns(this.#nextOf(settings, cron, now)),
      id: id ?? ids.next(),
      tenant,
      revision: 1,
      createdAt: now,
      updatedAt: now,
    });
    if (!(await storage.putSchedule(record, null)))
      throw new ConfigurationError("schedule_exists", `There is a schedule ${record.id} already; update or delete it.`);
    this.#params.onChanged();
    return toSchedule(record);
  }

  /**
   * Changes what is given and leaves the rest. When cron, zone, bounds, jitter or pause change, the next slot is the
   * first one after now.
   * @throws ConfigurationError `invalid_schedule`, `invalid_input`, ExecutionError `schedule_not_found`, `workflow_not_found`, `engine_closed`
   */
  async update(id: string, changes: ScheduleChanges): Promise<Schedule> {
    this.#params.requireStarted();
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const record = await this.#require(id);
      const changed = await this.#change(record, changes);
      if (changed !== record && !(await this.#services.storage.putSchedule(changed, record.revision))) continue;
      this.#params.onChanged();
      return toSchedule(changed);
    }
    throw this.#contended(id);
  }

  /** Fires nothing until it is resumed; slots of the meantime are not missed, they do not count. @throws ExecutionError `schedule_not_found`, `engine_closed` */
  pause(id: string): Promise<Schedule> {
    return this.update(id, { paused: true });
  }

  /** Goes on with the first slot after now. @throws ExecutionError `schedule_not_found`, `engine_closed` */
  resume(id: string): Promise<Schedule> {
    return this.update(id, { paused: false });
  }

  /**
   * Starts an execution now, whatever the policies say and also while paused. Its slots go on as planned.
   * @returns the fire, with its `executionId`
   * @throws ExecutionError `schedule_not_found`, `engine_closed`, and whatever the start of the workflow throws
   */
  async trigger(id: string): Promise<FireRecord> {
    this.#params.requireStarted();
    const { storage, clock } = this.#services;
    const now = clock.now();
    let fireAt = besideSlots(now);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const record = await this.#require(id);
      const fire: FireRecord = {
        scheduleId: id,
        fireAt,
        kind: "manual",
        status: "pending",
        executionId: null,
        reason: null,
        at: now,
      };
      const { revision, nextFireAt, nextDueAt } = record;
      if (await storage.takeFires({ scheduleId: id, revision, fires: [fire], nextFireAt, nextDueAt }))
        return this.#starter.start(record, fire);
      fireAt = besideSlots(fireAt + 1);
    }
    throw this.#contended(id);
  }

  /** Deletes it with its history; executions that it started go on. @throws ExecutionError `schedule_not_found`, `engine_closed` */
  async delete(id: string): Promise<void> {
    this.#params.requireStarted();
    if (!(await this.#services.storage.deleteSchedule(id))) throw notFound(id);
    this.#params.onChanged();
  }

  /** @throws ExecutionError `schedule_not_found`, `engine_closed` */
  async get(id: string): Promise<Schedule> {
    this.#params.requireStarted();
    return toSchedule(await this.#require(id));
  }

  /** Oldest first. */
  async list(
    filter: {
      readonly workflowId?: string;
      readonly tenant?: string;
      /** 1–1,000, default 100. */
      readonly limit?: number;
      readonly cursor?: string;
    } = {},
  ): Promise<Page<Schedule>> {
    this.#params.requireStarted();
    const page = await this.#services.storage.listSchedules({ ...filter, limit: toLimit(filter.limit) });
    return { ...page, items: page.items.map(toSchedule) };
  }

  /** What became of its slots, newest first. @throws ExecutionError `schedule_not_found`, `engine_closed` */
  async history(
    id: string,
    {
      limit,
      cursor,
    }: {
      /** 1–1,000, default 100. */
      readonly limit?: number;
      readonly cursor?: string;
    } = {},
  ): Promise<Page<FireRecord>> {
    this.#params.requireStarted();
    await this.#require(id);
    const count = toLimit(limit);
    const before = cursor === undefined ? {} : { before: toSlotCursor(cursor) };
    const found = await this.#services.storage.listFires({ scheduleId: id, limit: count + 1, ...before });
    const items = found.slice(0, count);
    return found.length > count ? { items, nextCursor: String(items.at(-1)?.fireAt) } : { items };
  }

  /**
   * The slots to come, in milliseconds since the epoch, without jitter.
   * @param target a schedule's id, paused or not, or an expression
   * @param options `count` 1–1,000, default 5; `from`: those after this instant, default now
   * @throws ConfigurationError `invalid_schedule`, ExecutionError `schedule_not_found`, `engine_closed`
   */
  async next(
    target: string | { readonly cron: string; readonly timeZone?: string },
    options: { readonly count?: number; readonly from?: Instant } = {},
  ): Promise<readonly number[]> {
    this.#params.requireStarted();
    const { count = DEFAULT_PREVIEW_COUNT, from = this.#services.clock.now() } = parsePreviewOptions(options);
    const settings =
      typeof target === "string"
        ? await this.#require(target)
        : { cron: target.cron, timeZone: target.timeZone ?? "UTC", startAt: null, endAt: null };
    const cron = new Cron(settings);
    const slots: number[] = [];
    for (let after: number | null = from; slots.length < count; ) {
      after = nextSlot(cron, settings, after);
      if (after === null) break;
      slots.push(after);
    }
    return slots;
  }

  async #change(record: ScheduleRecord, changes: ScheduleChanges): Promise<ScheduleRecord> {
    const { limits, clock } = this.#services;
    const settings = parseScheduleChanges(record, changes, limits.maxInputBytes) as ScheduleRecord;
    if (Object.keys(changes).every((key) => settings[toColumn(key)] === record[toColumn(key)])) return record;
    if (settings.workflowId !== record.workflowId) await this.#requireWorkflow(settings.workflowId);
    const cron = new Cron(settings);
    const now = clock.now();
    const isMoved = MOVING_COLUMNS.some((column) => settings[column] !== record[column]);
    return Object.freeze({
      ...settings,
      ...(isMoved ? toNextColumns(this.#nextOf(settings, cron, now)) : {}),
      revision: record.revision + 1,
      updatedAt: now,
    });
  }

  #nextOf(settings: ScheduleSettings, cron: Cron, now: number): DueSlot | null {
    if (settings.isPaused) return null;
    return toDueSlot(nextSlot(cron, settings, now), settings.jitterMs, this.#services.random);
  }

  async #require(id: string): Promise<ScheduleRecord> {
    const record = await this.#services.storage.getSchedule(id);
    if (record === undefined) throw notFound(id);
    return record;
  }

  async #requireWorkflow(workflowId: string): Promise<void> {
    if ((await this.#services.storage.getWorkflow(workflowId)) === undefined)
      throw new ExecutionError("workflow_not_found", `There is no workflow ${workflowId}; save it first.`);
  }

  #contended(id: string): StorageError {
    return new StorageError("storage_unavailable", `Schedule ${id} was changed by others all the time; try again.`);
  }
}

/** A change of these makes the next slot another. */
const MOVING_COLUMNS = ["cron", "timeZone", "startAt", "endAt", "jitterMs", "isPaused"] as const;

function toColumn(option: string): keyof ScheduleRecord {
  return (option === "paused" ? "isPaused" : option) as keyof ScheduleRecord;
}

function toNextColumns(next: DueSlot | null): Pick<ScheduleRecord, "nextFireAt" | "nextDueAt"> {
  return { nextFireAt: next?.fireAt ?? null, nextDueAt: next?.dueAt ?? null };
}

/** Slots lie on whole seconds; what a person triggers must not take the place of one. */
function besideSlots(instant: number): number {
  return instant % 1_000 === 0 ? instant + 1 : instant;
}

function toLimit(limit: number = DEFAULT_PAGE_SIZE): number {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_PAGE_SIZE) return limit;
  throw new ConfigurationError("invalid_input", `limit must be an integer of 1–${MAX_PAGE_SIZE}.`);
}

function toSlotCursor(cursor: string): number {
  const slot = Number(cursor);
  if (Number.isSafeInteger(slot)) return slot;
  throw new ConfigurationError("invalid_input", "cursor must be one that history answered with.");
}

function notFound(id: string): ExecutionError {
  return new ExecutionError("schedule_not_found", `There is no schedule ${id}.`);
}
