import type { ScheduledStart, ScheduleServices } from "../../src/coordination/schedules/schedule-services.js";
import { ScheduleTicker } from "../../src/coordination/schedules/schedule-ticker.js";
import { Schedules } from "../../src/coordination/schedules/schedules.js";
import { type Clock, DEFAULT_LIMITS, type Logger, parseDuration, type Storage } from "../../src/index.js";
import { memoryStorage } from "../../src/memory/index.js";
import type { ExecutionRecord } from "../../src/ports/execution-record.js";
import { executionRecord, seededRandom, sequentialIds, silentLogger, testClock } from "../../src/testing/index.js";

export interface ScheduleHarnessOptions {
  readonly now?: string;
  readonly storage?: (clock: Clock) => Storage;
  readonly logger?: Logger;
}

/** Schedules on a memory storage and a test clock; in place of an engine, executions are rows that a test ends. */
export class ScheduleHarness {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly services: ScheduleServices;
  readonly schedules: Schedules;
  readonly ticker: ScheduleTicker;
  /** Starts asked for, those answered with an execution that was there included. */
  readonly starts: ScheduledStart[] = [];
  readonly cancelled: string[] = [];
  /** What the next start throws. */
  startError: Error | undefined;
  /** How wrong the clock shows. */
  skewMs = 0;
  changes = 0;
  readonly #clock;

  constructor({ now = "2025-01-01T00:00:00Z", storage, logger = silentLogger }: ScheduleHarnessOptions = {}) {
    this.#clock = testClock({ now });
    this.clock = {
      now: () => this.#clock.now() + this.skewMs,
      setTimer: (at, run) => this.#clock.setTimer(at - this.skewMs, run),
    };
    this.storage = storage?.(this.clock) ?? memoryStorage({ clock: this.clock });
    this.services = {
      storage: this.storage,
      clock: this.clock,
      random: seededRandom(),
      ids: sequentialIds(),
      logger,
      limits: { ...DEFAULT_LIMITS, maxInputBytes: 1_000 },
      start: (start) => this.#start(start),
      cancel: async (id, reason) => {
        this.cancelled.push(id);
        await this.storage.requestCancel(id, reason, this.clock.now());
      },
    };
    this.ticker = new ScheduleTicker(this.services);
    this.schedules = new Schedules({
      services: this.services,
      onChanged: () => {
        this.changes++;
      },
      requireStarted: () => {},
    });
  }

  /** With a saved workflow `report`. */
  static async create(options?: ScheduleHarnessOptions): Promise<ScheduleHarness> {
    const harness = new ScheduleHarness(options);
    await harness.storage.open();
    await harness.saveWorkflow("report");
    return harness;
  }

  async saveWorkflow(id: string): Promise<void> {
    await this.storage.saveWorkflow({ id, hash: id, name: id, definition: { nodes: [] }, createdAt: this.clock.now() });
  }

  /** The slots whose executions were started, as ISO texts. */
  get startedSlots(): readonly string[] {
    return [...new Set(this.starts.map(({ idempotencyKey }) => idempotencyKey))].map((key) =>
      toIso(Number(key.split(":").at(-1))),
    );
  }

  /** Lets time pass as an engine would: it ticks at each instant that the ticker names. */
  async advance(duration: number | string): Promise<void> {
    const target = this.clock.now() + parseDuration(duration);
    for (;;) {
      const dueAt = await this.ticker.nextDueAt();
      if (dueAt === null || dueAt > target) break;
      await this.sleep(Math.max(0, dueAt - this.clock.now()));
      await this.ticker.tick();
    }
    await this.sleep(Math.max(0, target - this.clock.now()));
  }

  /** Lets time pass while no process runs. */
  sleep(duration: number | string): Promise<void> {
    return this.#clock.advance(duration);
  }

  /** `status slot` of each fire, oldest first. */
  async history(id: string): Promise<readonly string[]> {
    const { items } = await this.schedules.history(id);
    return items
      .map(({ status, fireAt, reason }) => `${status}${reason === null ? "" : ` (${reason})`} ${toIso(fireAt)}`)
      .reverse();
  }

  /** Ends all executions that have not. */
  async endAll(): Promise<void> {
    const { items } = await this.storage.listExecutions({ status: ["queued", "running", "waiting"], limit: 1_000 });
    for (const { id, epoch, cancelRequested } of items) {
      const status = cancelRequested === null ? "completed" : "cancelled";
      await this.storage.commit([{ executionId: id, epoch, patch: { status, endedAt: this.clock.now() } }]);
    }
  }

  async #start(start: ScheduledStart): Promise<{ readonly id: string }> {
    const { startError } = this;
    this.startError = undefined;
    if (startError !== undefined) throw startError;
    this.starts.push(start);
    const record = toRecord(start, { id: this.services.ids.next(), now: this.clock.now() });
    const [outcome] = await this.storage.commit([{ executionId: record.id, epoch: 1, create: record }]);
    if (outcome?.ok === false && outcome.reason === "duplicate") return { id: outcome.existingId };
    if (outcome?.ok !== true) throw new Error("The execution was not created.");
    return { id: record.id };
  }
}

export function toIso(instant: number): string {
  return new Date(instant).toISOString().replace(".000Z", "Z");
}

function toRecord(
  { workflowId, idempotencyKey, tenant, metadata, input }: ScheduledStart,
  { id, now }: { readonly id: string; readonly now: number },
): ExecutionRecord {
  return executionRecord(id, {
    workflowId,
    idempotencyKey,
    tenant,
    metadata,
    input,
    workflowName: workflowId,
    workflowVersion: 1,
    definitionHash: workflowId,
    createdAt: now,
    startedAt: now,
    owner: "worker",
  });
}
