import type { DispatchJob } from "@automatrix/core";
import type { BulkJobOptions } from "bullmq";
import { toBullmqPriority } from "./to-bullmq-priority.js";

/** Name of the jobs in BullMQ. */
const JOB_NAME = "ready";
const FIRST_RETRY_DELAY_MS = 200;

/** What a job in BullMQ carries: ids alone, never payloads. */
export interface ExecutionJobData {
  readonly executionIds: readonly string[];
  /** Ours; higher is told first. */
  readonly priority: number;
}

export interface ExecutionJob {
  readonly name: string;
  readonly data: ExecutionJobData;
  readonly opts: BulkJobOptions;
}

/** Jobs of BullMQ for ours: those of the same priority and delay share one, up to `batchSize`. */
export function toExecutionJobs(
  jobs: readonly DispatchJob[],
  { batchSize, attempts }: { readonly batchSize: number; readonly attempts: number },
): readonly ExecutionJob[] {
  const batches: ExecutionJob[] = [];
  const open = new Map<string, string[]>();
  for (const { executionId, priority, delayMs = 0 } of jobs) {
    const key = `${priority} ${delayMs}`;
    const executionIds = open.get(key);
    if (executionIds !== undefined && executionIds.length < batchSize) {
      executionIds.push(executionId);
      continue;
    }
    const batch = [executionId];
    open.set(key, batch);
    batches.push({
      name: JOB_NAME,
      data: { executionIds: batch, priority },
      opts: toOptions(priority, delayMs, attempts),
    });
  }
  return batches;
}

function toOptions(priority: number, delayMs: number, attempts: number): BulkJobOptions {
  return {
    priority: toBullmqPriority(priority),
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    attempts,
    backoff: { type: "exponential", delay: FIRST_RETRY_DELAY_MS },
    // The storage knows what became of the executions, and the sweep finds those that every attempt failed.
    removeOnComplete: true,
    removeOnFail: true,
  };
}

/** What a job of BullMQ carries; nothing when it is none of ours. */
export function readExecutionJob(data: unknown): ExecutionJobData {
  const { executionIds, priority } = (data ?? {}) as Partial<Record<keyof ExecutionJobData, unknown>>;
  return {
    executionIds: Array.isArray(executionIds) ? executionIds.filter((id) => typeof id === "string") : [],
    priority: typeof priority === "number" ? priority : 0,
  };
}
