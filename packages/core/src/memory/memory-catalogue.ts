import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import type { FireRecord, ScheduleRecord } from "../ports/schedule-record.js";
import type { ScheduleStore } from "../ports/schedule-store.js";
import type { Page, Storage, WorkflowRecord } from "../ports/storage.js";
import { toPage } from "./to-page.js";

/** Fires of one schedule that are kept; the oldest that are settled go first. */
const MAX_FIRES_KEPT = 1_000;

type CatalogueMethods = Pick<
  Storage,
  "putDefinition" | "getDefinition" | "saveWorkflow" | "getWorkflow" | "listWorkflows" | "deleteWorkflow"
>;

/** What the memory storage keeps besides executions: definitions, workflows, schedules and their fires. */
export class MemoryCatalogue implements CatalogueMethods, ScheduleStore {
  readonly #definitions = new Map<string, WorkflowDefinition>();
  readonly #workflows = new Map<string, WorkflowRecord[]>();
  readonly #schedules = new Map<string, ScheduleRecord>();
  /** Fires by schedule, then by slot. */
  readonly #fires = new Map<string, Map<number, FireRecord>>();

  async putDefinition(hash: string, definition: WorkflowDefinition): Promise<void> {
    if (!this.#definitions.has(hash)) this.#definitions.set(hash, definition);
  }

  async getDefinition(hash: string): Promise<WorkflowDefinition | undefined> {
    return this.#definitions.get(hash);
  }

  async saveWorkflow(workflow: Parameters<Storage["saveWorkflow"]>[0]): Promise<WorkflowRecord> {
    const versions = this.#workflows.get(workflow.id) ?? [];
    const newest = versions.at(-1);
    if (newest?.hash === workflow.hash) return newest;
    const record: WorkflowRecord = Object.freeze({ ...workflow, version: (newest?.version ?? 0) + 1 });
    versions.push(record);
    this.#workflows.set(workflow.id, versions);
    return record;
  }

  async getWorkflow(id: string, version?: number): Promise<WorkflowRecord | undefined> {
    const versions = this.#workflows.get(id);
    return version === undefined ? versions?.at(-1) : versions?.find((record) => record.version === version);
  }

  async listWorkflows(filter: { readonly limit?: number; readonly cursor?: string }): Promise<Page<WorkflowRecord>> {
    return toPage(
      [...this.#workflows.values()].map((versions) => versions.at(-1) as WorkflowRecord),
      filter,
    );
  }

  async deleteWorkflow(id: string): Promise<boolean> {
    return this.#workflows.delete(id);
  }

  // ── schedules ──────────────────────────────────────────────────────────────

  async putSchedule(schedule: ScheduleRecord, expectedRevision: number | null): Promise<boolean> {
    if ((this.#schedules.get(schedule.id)?.revision ?? null) !== expectedRevision) return false;
    this.#schedules.set(schedule.id, schedule);
    return true;
  }

  async getSchedule(id: string): Promise<ScheduleRecord | undefined> {
    return this.#schedules.get(id);
  }

  async listSchedules(filter: Parameters<ScheduleStore["listSchedules"]>[0]): Promise<Page<ScheduleRecord>> {
    const matching = [...this.#schedules.values()].filter(
      ({ workflowId, tenant }) =>
        (filter.workflowId === undefined || workflowId === filter.workflowId) &&
        (filter.tenant === undefined || tenant === filter.tenant),
    );
    return toPage(
      matching.sort((a, b) => a.createdAt - b.createdAt),
      filter,
    );
  }

  async deleteSchedule(id: string): Promise<boolean> {
    this.#fires.delete(id);
    return this.#schedules.delete(id);
  }

  async listDueSchedules({
    at,
    limit,
  }: Parameters<ScheduleStore["listDueSchedules"]>[0]): Promise<readonly ScheduleRecord[]> {
    return this.#pending()
      .filter(({ nextDueAt }) => nextDueAt <= at)
      .sort((a, b) => a.nextDueAt - b.nextDueAt)
      .slice(0, limit);
  }

  async nextScheduleDueAt(): Promise<number | null> {
    const next = this.#pending().reduce(
      (earliest, { nextDueAt }) => Math.min(earliest, nextDueAt),
      Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(next) ? next : null;
  }

  #pending(): (ScheduleRecord & { readonly nextDueAt: number })[] {
    return [...this.#schedules.values()].filter(
      (schedule): schedule is ScheduleRecord & { readonly nextDueAt: number } =>
        !schedule.isPaused && schedule.nextDueAt !== null,
    );
  }

  async takeFires({
    scheduleId,
    revision,
    fires,
    nextFireAt,
    nextDueAt,
  }: Parameters<ScheduleStore["takeFires"]>[0]): Promise<boolean> {
    const schedule = this.#schedules.get(scheduleId);
    if (schedule?.revision !== revision) return false;
    const known = this.#fires.get(scheduleId) ?? new Map<number, FireRecord>();
    if (fires.some(({ fireAt }) => known.has(fireAt))) return false;
    for (const fire of fires) known.set(fire.fireAt, fire);
    this.#fires.set(scheduleId, known);
    this.#schedules.set(scheduleId, { ...schedule, nextFireAt, nextDueAt, revision: revision + 1 });
    if (known.size > MAX_FIRES_KEPT) forgetSettled(known);
    return true;
  }

  async updateFire(fire: FireRecord, expectedStatus: FireRecord["status"]): Promise<boolean> {
    const fires = this.#fires.get(fire.scheduleId);
    if (fires?.get(fire.fireAt)?.status !== expectedStatus) return false;
    fires.set(fire.fireAt, fire);
    return true;
  }

  async listFires({
    scheduleId,
    status,
    before = Number.POSITIVE_INFINITY,
    limit,
  }: Parameters<ScheduleStore["listFires"]>[0]): Promise<readonly FireRecord[]> {
    const lists = scheduleId === undefined ? [...this.#fires.values()] : [this.#fires.get(scheduleId) ?? new Map()];
    return lists
      .flatMap((fires): FireRecord[] => [...fires.values()])
      .filter((fire) => (status === undefined || fire.status === status) && fire.fireAt < before)
      .sort((a, b) => b.fireAt - a.fireAt)
      .slice(0, limit);
  }
}

/** Forgets the oldest fires that nothing will change any more. */
function forgetSettled(fires: Map<number, FireRecord>): void {
  for (const { fireAt, status } of fires.values()) {
    if (fires.size <= MAX_FIRES_KEPT) return;
    if (status !== "pending" && status !== "buffered") fires.delete(fireAt);
  }
}
