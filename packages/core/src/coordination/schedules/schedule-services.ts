import type { Limits } from "../../definition/limits.js";
import type { Clock } from "../../ports/clock.js";
import type { Ids } from "../../ports/ids.js";
import type { Logger } from "../../ports/logger.js";
import type { Random } from "../../ports/random.js";
import type { Storage } from "../../ports/storage.js";

/** What a schedule asks the engine to start. */
export interface ScheduledStart {
  readonly workflowId: string;
  readonly input: unknown;
  /** Id of the trigger node that fires. */
  readonly trigger?: string;
  /** The same for every try of one slot, in every process. */
  readonly idempotencyKey: string;
  readonly tenant: string | null;
  readonly metadata: {
    readonly trigger: { readonly type: "schedule"; readonly scheduleId: string; readonly fireAt: number };
  };
}

/** What schedules need of the engine. */
export interface ScheduleServices {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Resolves when the start is durable; a second start with the same key answers with the first execution. */
  readonly start: (start: ScheduledStart) => Promise<{ readonly id: string }>;
  /** Cancels an execution: resolves when that is durable, not when it has stopped. May reject when it has ended. */
  readonly cancel: (executionId: string, reason: string) => Promise<void>;
}
