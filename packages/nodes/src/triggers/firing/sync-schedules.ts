import { AutomatrixError, type Engine, type Schedule, type WorkflowDefinition } from "@automatrix/core";
import { scheduleTrigger } from "../schedule-trigger/schedule-trigger.js";
import { triggersOf } from "./trigger-index.js";

const PAGE_SIZE = 1_000;

/** Id of the schedule of one trigger node. */
function scheduleId(workflowId: string, nodeId: string): string {
  return `${prefixOf(workflowId)}${nodeId}`;
}

function prefixOf(workflowId: string): string {
  return `trigger:${workflowId}:`;
}

/**
 * Makes the schedules of a workflow those of its `schedule_trigger` nodes: adds, changes and deletes what differs.
 * @param definition undefined: the workflow is to fire no more
 * @throws ConfigurationError `invalid_schedule`, naming what is wrong
 */
export async function syncSchedules(
  engine: Engine,
  workflowId: string,
  definition: WorkflowDefinition | undefined,
): Promise<readonly Schedule[]> {
  const wanted = definition === undefined ? [] : triggersOf(definition, (type) => type === scheduleTrigger.type);
  const ids = new Set(wanted.map(({ nodeId }) => scheduleId(workflowId, nodeId)));
  const { items } = await engine.schedules.list({ workflowId, limit: PAGE_SIZE });
  for (const { id } of items)
    if (id.startsWith(prefixOf(workflowId)) && !ids.has(id)) await engine.schedules.delete(id);
  const schedules: Schedule[] = [];
  for (const { nodeId, parameters } of wanted)
    schedules.push(await put(engine, { id: scheduleId(workflowId, nodeId), workflowId, nodeId, parameters }));
  return schedules;
}

async function put(
  engine: Engine,
  {
    id,
    workflowId,
    nodeId,
    parameters,
  }: {
    readonly id: string;
    readonly workflowId: string;
    readonly nodeId: string;
    readonly parameters: Readonly<Record<string, unknown>>;
  },
): Promise<Schedule> {
  const {
    cron,
    timezone = "UTC",
    overlap = "skip",
    missed = "latest",
  } = parameters as {
    readonly cron: string;
    readonly timezone?: string;
    readonly overlap?: Schedule["overlap"];
    readonly missed?: Schedule["missed"];
  };
  const settings = { workflowId, cron, timeZone: timezone, overlap, missed, trigger: nodeId };
  try {
    return await engine.schedules.update(id, settings);
  } catch (error) {
    if (!AutomatrixError.is(error) || error.code !== "schedule_not_found") throw error;
    return await engine.schedules.create({ id, ...settings });
  }
}
