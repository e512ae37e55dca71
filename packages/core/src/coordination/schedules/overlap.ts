import { AutomatrixError } from "../../errors/errors.js";
import type { ExecutionSummary } from "../../ports/execution-record.js";
import type { FireRecord, ScheduleRecord } from "../../ports/schedule-record.js";
import type { ScheduleServices } from "./schedule-services.js";

/** What is to happen with a slot. */
export type OverlapVerdict = "start" | "skip" | "buffer";

/** An execution of the schedule that has not ended. */
interface OpenExecution {
  readonly id: string;
  readonly fireAt: number;
  readonly isCancelling: boolean;
}

const PAGE_SIZE = 1_000;

/**
 * Applies the overlap policy to a slot: by the executions of the schedule that have not ended, and by earlier slots
 * that somebody is about to start. The slot's own execution, started before a crash, does not count.
 */
export async function judgeOverlap(
  services: ScheduleServices,
  schedule: ScheduleRecord,
  fire: FireRecord,
): Promise<OverlapVerdict> {
  switch (schedule.overlap) {
    case "allow":
      return "start";
    case "skip":
      return (await isBusy(services, schedule, fire)) ? "skip" : "start";
    case "buffer_one": {
      if (fire.status !== "buffered" && (await hasBuffered(services, schedule.id))) return "skip";
      return (await isBusy(services, schedule, fire)) ? "buffer" : "start";
    }
    case "cancel_other":
      return cancelOthers(services, schedule, fire);
  }
}

async function hasBuffered({ storage }: ScheduleServices, scheduleId: string): Promise<boolean> {
  return (await storage.listFires({ scheduleId, status: "buffered", limit: 1 })).length > 0;
}

async function isBusy(services: ScheduleServices, schedule: ScheduleRecord, fire: FireRecord): Promise<boolean> {
  const { storage } = services;
  const filter = { scheduleId: schedule.id, status: "pending" as const, limit: 1 };
  // A buffered slot was put behind all others; a fresh one only gives way to those before it, so that one always goes.
  const pending = await storage.listFires(fire.status === "buffered" ? filter : { ...filter, before: fire.fireAt });
  if (pending.length > 0) return true;
  for await (const _ of openExecutions(services, schedule, fire)) return true;
  return false;
}

async function cancelOthers(
  services: ScheduleServices,
  schedule: ScheduleRecord,
  fire: FireRecord,
): Promise<OverlapVerdict> {
  const open: OpenExecution[] = [];
  for await (const execution of openExecutions(services, schedule, fire)) open.push(execution);
  // A slot finished late, after a crash, must not cancel its successor.
  if (open.some(({ fireAt }) => fireAt > fire.fireAt)) return "skip";
  for (const { id } of open.filter(({ isCancelling }) => !isCancelling)) {
    try {
      await services.cancel(id, `The next slot of schedule ${schedule.id} came.`);
    } catch (error) {
      // It has ended meanwhile, which is as good.
      if (!AutomatrixError.is(error) || !/^execution_(ended|completed|cancelled|not_found)$/.test(error.code))
        throw error;
    }
  }
  return "start";
}

async function* openExecutions(
  { storage }: ScheduleServices,
  { id, workflowId }: ScheduleRecord,
  fire: FireRecord,
): AsyncGenerator<OpenExecution> {
  let cursor: string | undefined;
  do {
    const page = await storage.listExecutions({
      workflowId,
      status: ["queued", "running", "waiting"],
      limit: PAGE_SIZE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const execution of page.items) {
      const fireAt = slotOf(execution, id);
      if (fireAt !== undefined && fireAt !== fire.fireAt)
        yield { id: execution.id, fireAt, isCancelling: execution.cancelRequested !== null };
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** The slot of a schedule that started an execution; undefined when another did. */
function slotOf({ metadata }: ExecutionSummary, scheduleId: string): number | undefined {
  const trigger = metadata["trigger"] as
    | { readonly type?: unknown; readonly scheduleId?: unknown; readonly fireAt?: unknown }
    | null
    | undefined;
  return trigger?.type === "schedule" && trigger.scheduleId === scheduleId ? Number(trigger.fireAt) : undefined;
}
