import { ConfigurationError, ExecutionError } from "../../errors/errors.js";
import type { ExecutionEvent } from "../../events/event.js";
import type { ExecutionRecord } from "../../ports/execution-record.js";
import type { Storage } from "../../ports/storage.js";
import type { ActiveExecutions } from "../claiming/active-executions.js";
import type { ExecutionLauncher } from "../starting/execution-launcher.js";
import type { Launchable } from "../starting/start-record.js";
import type { PreparedWorkflow, WorkflowCompiler } from "../starting/workflow-compiler.js";
import { judgeMigration, type MigrationReport } from "./migration.js";
import { planReuse, type ReplayOptions, type RetryOptions } from "./reuse.js";

/** How long running nodes may take to end before their execution moves to another version. */
const HAND_OVER_DEADLINE_MS = 10_000;
const JOURNAL_PAGE_SIZE = 1_000;

export interface RerunsParams {
  readonly storage: Storage;
  readonly compiler: WorkflowCompiler;
  readonly launcher: ExecutionLauncher;
  readonly active: ActiveExecutions;
  /** There may be something to claim. */
  readonly onWork: () => void;
}

/** Runs what was run before: again, from a node on, or on in another version. */
export class Reruns {
  readonly #params: RerunsParams;

  constructor(params: RerunsParams) {
    this.#params = params;
  }

  retry(record: ExecutionRecord, options: RetryOptions): ReturnType<ExecutionLauncher["launch"]> {
    if (record.status === "completed") {
      throw new ExecutionError(
        "execution_completed",
        `Execution ${record.id} completed; use engine.replay to run it again.`,
      );
    }
    return this.#launch(record, { ...options, retryOf: record.id });
  }

  replay(record: ExecutionRecord, options: ReplayOptions): ReturnType<ExecutionLauncher["launch"]> {
    const mode = options.from === undefined ? "restart" : "failed";
    return this.#launch(record, { mode, ...options, replayOf: record.id });
  }

  async #launch(
    record: ExecutionRecord,
    options: ReplayOptions & RetryOptions & { readonly retryOf?: string; readonly replayOf?: string },
  ): ReturnType<ExecutionLauncher["launch"]> {
    const { storage, launcher } = this.#params;
    if (record.endedAt === null)
      throw new ExecutionError("execution_active", `Execution ${record.id} has not ended; cancel it first.`);
    const target = await this.#targetOf(record, options.version);
    const [nodes, steps] = await Promise.all([storage.listNodes(record.id), storage.listSteps(record.id)]);
    const reuse = planReuse({ plan: target.prepared.plan, nodes, steps, options });
    const { retryOf, replayOf } = options;
    return launcher.launch(
      target,
      {
        input: options.input === undefined ? record.input : options.input,
        metadata: record.metadata,
        priority: record.priority,
        ...(record.tenant === null ? {} : { tenant: record.tenant }),
        ...(record.concurrencyKey === null ? {} : { concurrencyKey: record.concurrencyKey }),
        ...(record.trigger === null ? {} : { trigger: record.trigger }),
        ...(options.mocks === undefined ? {} : { mocks: options.mocks }),
      },
      { ...reuse, ...(retryOf === undefined ? {} : { retryOf }), ...(replayOf === undefined ? {} : { replayOf }) },
    );
  }

  async #targetOf(record: ExecutionRecord, version: number | "latest" | undefined): Promise<Launchable> {
    const { storage, compiler, launcher } = this.#params;
    if (version !== undefined && record.workflowId !== null)
      return launcher.resolve(record.workflowId, version === "latest" ? undefined : version);
    const definition = await storage.getDefinition(record.definitionHash);
    if (definition === undefined)
      throw new ExecutionError("workflow_not_found", `The definition of execution ${record.id} is gone.`);
    const workflow =
      record.workflowId === null || record.workflowVersion === null
        ? null
        : { id: record.workflowId, version: record.workflowVersion };
    return { prepared: compiler.prepare(definition), workflow };
  }

  /** @throws ExecutionError `execution_ended`, `workflow_not_found`, ConfigurationError `invalid_input` */
  async migrate(
    record: ExecutionRecord,
    { version, dryRun = false }: { readonly version: number; readonly dryRun?: boolean },
  ): Promise<MigrationReport> {
    const { storage, launcher } = this.#params;
    const { id, workflowId, endedAt } = record;
    if (endedAt !== null) throw new ExecutionError("execution_ended", `Execution ${id} has ended.`);
    if (workflowId === null)
      throw new ConfigurationError(
        "invalid_input",
        `Execution ${id} runs an inline definition, which has no versions.`,
      );
    if (!Number.isSafeInteger(version) || version < 1)
      throw new ConfigurationError("invalid_input", "Name the version to move to: an integer of at least 1.");
    const { prepared } = await launcher.resolve(workflowId, version);
    const current = await this.#targetOf(record, undefined);
    const report = judgeMigration({
      from: current.prepared.plan,
      to: prepared.plan,
      nodes: await storage.listNodes(id),
      events: await readJournal(storage, id, 0),
    });
    if (report.compatible && !dryRun) await this.#repin(id, prepared, version);
    return report;
  }

  async #repin(id: string, { hash, definition, plan }: PreparedWorkflow, version: number): Promise<void> {
    const { storage, active, onWork } = this.#params;
    await storage.putDefinition(hash, definition);
    await active.handOver(id, HAND_OVER_DEADLINE_MS);
    const now = await storage.getExecution(id);
    const isMoved =
      now !== undefined &&
      now.endedAt === null &&
      (await storage.repin({
        executionId: id,
        epoch: now.epoch,
        definitionHash: hash,
        workflowVersion: version,
        nodeTypes: plan.nodeTypes,
      }));
    onWork();
    if (!isMoved) throw new ExecutionError("execution_ended", `Execution ${id} ended or changed hands; look again.`);
  }
}

/** The whole journal with `seq > after`. */
export async function readJournal(
  storage: Storage,
  executionId: string,
  after: number,
): Promise<readonly ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  for (;;) {
    const page = await storage.listEvents(executionId, {
      after: events.at(-1)?.seq ?? after,
      limit: JOURNAL_PAGE_SIZE,
    });
    for (const event of page) events.push(event);
    if (page.length < JOURNAL_PAGE_SIZE) return events;
  }
}
