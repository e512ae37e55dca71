import { AutomatrixError } from "../../errors/errors.js";
import type { FireRecord, ScheduleRecord } from "../../ports/schedule-record.js";
import { judgeOverlap } from "./overlap.js";
import type { ScheduleServices } from "./schedule-services.js";

/** After these the slot stays taken, and a later tick starts it. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "storage_unavailable",
  "dispatcher_unavailable",
  "lease_lost",
  "engine_closed",
]);
const MAX_REASON_LENGTH = 500;
/** More than processes can buffer at the same time. */
const MAX_BUFFERED = 100;

/**
 * Brings one taken slot to its end. A fire goes from `pending` to `started`, `skipped` or `failed`, or to `buffered` and
 * from there through `pending` again. Each step is a compare-and-set on the status, and the start has an idempotency
 * key of its slot, so that two processes that finish the same slot, or one that does so again after a crash, start one
 * execution.
 */
export class FireStarter {
  readonly #services: ScheduleServices;

  constructor(services: ScheduleServices) {
    this.#services = services;
  }

  /**
   * Starts, skips or buffers a pending or buffered slot by the overlap policy. Logs what fails; false when it failed in a
   * way that passes.
   */
  async settle(schedule: ScheduleRecord, fire: FireRecord): Promise<boolean> {
    try {
      const verdict = fire.kind === "manual" ? "start" : await judgeOverlap(this.#services, schedule, fire);
      if (verdict === "skip") await this.#write(fire, { status: "skipped", reason: "overlap" });
      else if (verdict === "buffer") await this.#buffer(fire);
      else await this.start(schedule, fire);
      return true;
    } catch (error) {
      this.#services.logger.error(`Slot ${fire.fireAt} of schedule ${schedule.id} could not be started.`, {
        scheduleId: schedule.id,
        fireAt: fire.fireAt,
        error: messageOf(error),
      });
      return !isPassing(error);
    }
  }

  /** Starts a slot whatever else runs. Rejects when the start does; the slot is then recorded as failed if that is final. */
  async start(schedule: ScheduleRecord, fire: FireRecord): Promise<FireRecord> {
    const taken = fire.status === "buffered" ? await this.#write(fire, { status: "pending" }) : fire;
    // Another process starts it.
    if (taken === undefined) return fire;
    const executionId = await this.#execute(schedule, taken);
    const started = { status: "started", executionId, reason: null } as const;
    return (await this.#write(taken, started)) ?? { ...taken, ...started };
  }

  async #execute(schedule: ScheduleRecord, fire: FireRecord): Promise<string> {
    const { id: scheduleId, workflowId, input, tenant, trigger } = schedule;
    const { fireAt } = fire;
    try {
      const { id } = await this.#services.start({
        workflowId,
        input,
        tenant,
        ...(trigger === undefined ? {} : { trigger }),
        idempotencyKey: `schedule:${scheduleId}:${fireAt}`,
        metadata: { trigger: { type: "schedule", scheduleId, fireAt } },
      });
      return id;
    } catch (error) {
      if (!isPassing(error)) await this.#write(fire, { status: "failed", reason: messageOf(error) });
      throw error;
    }
  }

  /** Two processes may buffer a slot each at the same time: the later writer sees both, and the oldest stays. */
  async #buffer(fire: FireRecord): Promise<void> {
    if (
      fire.status === "buffered" ||
      (await this.#write(fire, { status: "buffered", reason: "overlap" })) === undefined
    )
      return;
    const { scheduleId } = fire;
    const buffered = await this.#services.storage.listFires({ scheduleId, status: "buffered", limit: MAX_BUFFERED });
    for (const newer of buffered.slice(0, -1)) await this.#write(newer, { status: "skipped", reason: "overlap" });
  }

  /** Undefined when another process has moved the fire on, or its schedule is deleted. */
  async #write(
    fire: FireRecord,
    change: Pick<FireRecord, "status"> & Partial<FireRecord>,
  ): Promise<FireRecord | undefined> {
    const changed: FireRecord = { ...fire, ...change, at: this.#services.clock.now() };
    return (await this.#services.storage.updateFire(changed, fire.status)) ? changed : undefined;
  }
}

function isPassing(error: unknown): boolean {
  return AutomatrixError.is(error) && PASSING_CODES.has(error.code);
}

function messageOf(error: unknown): string {
  const text = AutomatrixError.is(error) ? `${error.code}: ${error.message}` : String(error);
  return text.slice(0, MAX_REASON_LENGTH);
}
