import type { WorkflowDefinition } from "../../definition/workflow-definition.js";
import { ConfigurationError, ExecutionError } from "../../errors/errors.js";
import type { ExecutionRecord, FlowLimits } from "../../ports/execution-record.js";
import type { Storage } from "../../ports/storage.js";
import { QueuedStart } from "../../running/commit/start-commit.js";
import { ExecutionRunner } from "../../running/execution/execution-runner.js";
import type { ChildExecution, EngineServices, StartChildParams } from "../../running/services.js";
import type { ActiveExecutions } from "../claiming/active-executions.js";
import type { Worker } from "../claiming/worker.js";
import { chooseTrigger } from "./choose-trigger.js";
import { type ExecuteOptions, parseExecuteOptions } from "./execute-options.js";
import { toFlowLimits } from "./flow-limits.js";
import { type Launchable, type Lineage, toScope, toStartRecord } from "./start-record.js";
import type { PreparedWorkflow, WorkflowCompiler } from "./workflow-compiler.js";

/** Definitions whose content is known to be stored. */
const MAX_KNOWN_HASHES = 10_000;
/** Executions of one key looked at to cancel the oldest. */
const MAX_SAME_KEY = 1_000;

export interface ExecutionLauncherParams {
  readonly services: EngineServices;
  readonly storage: Storage;
  readonly compiler: WorkflowCompiler;
  readonly active: ActiveExecutions;
  readonly worker: Worker;
  /** An execution was queued. */
  readonly onQueued: (record: ExecutionRecord) => void;
  /** Every start is queued, for any worker to take. */
  readonly isQueueingAll: boolean;
  /** Throws when starts are to be refused for now. */
  readonly requireOpen: () => void;
}

/** Starts executions: here when there is a place, else queued for whoever has one. */
export class ExecutionLauncher {
  readonly #params: ExecutionLauncherParams;
  readonly #knownHashes = new Set<string>();

  constructor(params: ExecutionLauncherParams) {
    this.#params = params;
  }

  // ── starting ───────────────────────────────────────────────────────────────

  /**
   * Starts an execution; resolves when its start is durable.
   * @returns the runner when it runs here; without one it is queued, or the id is the one that the idempotency key names
   */
  async launch(
    target: Launchable,
    options: ExecuteOptions,
    lineage: Lineage = {},
  ): Promise<{ readonly id: string; readonly runner?: ExecutionRunner }> {
    const { services, storage, compiler, worker, isQueueingAll } = this.#params;
    this.#requireOpen();
    // Whoever called a child runs already.
    if ((lineage.depth ?? 0) === 0) this.#params.requireOpen();
    const { plan, definition } = target.prepared;
    const parsed = parseExecuteOptions(options, services.limits.maxInputBytes);
    if (plan.needsTransactions && !storage.capabilities.transactional) {
      throw new ConfigurationError(
        "capability_missing",
        `The workflow has transactional nodes, and the storage "${storage.name}" has no transactions for nodes; use SQLite or Postgres.`,
      );
    }
    const trigger = chooseTrigger(plan, parsed.trigger);
    const limits = toFlowLimits({
      settings: definition.settings ?? {},
      scope: [parsed.tenant ?? null, ...toScope(target.workflow, definition.name ?? target.prepared.hash)],
      input: parsed.input,
      concurrencyKey: parsed.concurrencyKey,
      functions: compiler.functions,
    });
    await this.#storeDefinition(target.prepared);
    // Closed meanwhile: what starts now would be seen by nobody.
    this.#requireOpen();
    const isWanted = lineage.parent != null || (!isQueueingAll && this.#params.active.freeSlots > 0);
    const isHere = limits === null && lineage.isForAny !== true && isWanted;
    const record = toStartRecord({
      id: lineage.id ?? services.ids.next(),
      target,
      options: parsed,
      lineage,
      limits,
      requires: [],
      owner: isHere ? worker.id : null,
      at: services.clock.now(),
    });
    return isHere ? this.#startHere(target, record, lineage, trigger) : this.#enqueue(target, record, lineage);
  }

  #requireOpen(): void {
    if (this.#params.active.isClosed)
      throw new ExecutionError("engine_closed", "The engine is closed; create another one.");
  }

  async #storeDefinition({ hash, definition }: PreparedWorkflow): Promise<void> {
    if (this.#knownHashes.has(hash)) return;
    await this.#params.storage.putDefinition(hash, definition);
    if (this.#knownHashes.size >= MAX_KNOWN_HASHES) this.#knownHashes.clear();
    this.#knownHashes.add(hash);
  }

  async #startHere(
    target: Launchable,
    record: ExecutionRecord,
    { seeds, steps }: Lineage,
    trigger: number | undefined,
  ): Promise<{ readonly id: string; readonly runner?: ExecutionRunner }> {
    const { active, services } = this.#params;
    const runner = new ExecutionRunner({
      onGone: active.callbacks.onGone,
      onStatus: active.callbacks.onStatus,
      services,
      plan: target.prepared.plan,
      record,
      trigger,
      seeds,
      steps,
    });
    active.hold(runner);
    runner.create();
    const outcome = await runner.started;
    if (!outcome.ok && outcome.reason === "duplicate") return { id: outcome.existingId };
    return { id: runner.id, runner };
  }

  /** Writes the row and leaves it to whoever has a place for it. */
  async #enqueue(
    { prepared }: Launchable,
    record: ExecutionRecord,
    { seeds, steps }: Lineage,
  ): Promise<{ readonly id: string }> {
    const onLimit = prepared.definition.settings?.concurrency?.onLimit ?? "queue";
    const start = new QueuedStart(record, { seeds, steps, refuseAtLimit: onLimit === "reject" });
    this.#params.services.commits.request(start);
    const outcome = await start.written;
    if (!outcome.ok && outcome.reason === "duplicate") return { id: outcome.existingId };
    if (!outcome.ok) throw limitReached(record);
    if (onLimit === "cancel_oldest") await this.#cancelOldest(record.limits);
    this.#params.onQueued(record);
    return { id: record.id };
  }

  /** As many of the same key as may run stay, the newest of them. */
  async #cancelOldest(limits: FlowLimits | null): Promise<void> {
    const concurrency = limits?.concurrency;
    if (concurrency === undefined || concurrency === null) return;
    const { items } = await this.#params.storage.listExecutions({
      limitKey: concurrency.key,
      status: ["queued", "running"],
      limit: MAX_SAME_KEY,
    });
    for (const { id } of items.slice(concurrency.limit))
      await this.#params.active.cancel(id, "A newer execution with the same concurrency key took its place.");
  }

  // ── children ───────────────────────────────────────────────────────────────

  async startChild(params: StartChildParams): Promise<ChildExecution> {
    const { maxExecutionDepth } = this.#params.services.limits;
    if (params.depth > maxExecutionDepth) {
      throw new ExecutionError(
        "depth_exceeded",
        `Sub-workflows are nested deeper than ${maxExecutionDepth}: "${params.nodePath}" of execution ${params.parentId} starts no further one.`,
      );
    }
    const target = await this.resolve(params.target, params.version);
    const parent = { executionId: params.parentId, nodePath: params.nodePath };
    const { id } = await this.launch(
      target,
      { input: params.input, priority: params.priority, ...(params.tenant === null ? {} : { tenant: params.tenant }) },
      { id: params.childId, depth: params.depth, isForAny: params.distributed, ...(params.detached ? {} : { parent }) },
    );
    return this.childOf(id);
  }

  /** A child as its parent sees it, wherever it is. */
  childOf(id: string): ChildExecution {
    const { active } = this.#params;
    return {
      id,
      get status() {
        return active.get(id)?.status ?? "waiting";
      },
      cancel: async (reason) => {
        await active.cancel(id, reason);
      },
    };
  }

  /** A definition or the id of a saved workflow. @throws ExecutionError `workflow_not_found` */
  async resolve(target: WorkflowDefinition | PreparedWorkflow | string, version?: number): Promise<Launchable> {
    const { compiler, storage } = this.#params;
    if (typeof target !== "string") return { prepared: compiler.prepare(target), workflow: null };
    const workflow = await storage.getWorkflow(target, version);
    if (workflow !== undefined)
      return {
        prepared: compiler.find(workflow.hash) ?? compiler.prepare(workflow.definition),
        workflow: { id: workflow.id, version: workflow.version },
      };
    throw new ExecutionError(
      "workflow_not_found",
      `There is no workflow "${target}"${version === undefined ? "" : ` in version ${version}`}; save it with engine.saveWorkflow.`,
    );
  }
}

function limitReached({ workflowName, workflowId, limits }: ExecutionRecord): ExecutionError {
  const name = workflowName ?? workflowId;
  return new ExecutionError(
    "limit_reached",
    `${name === null ? "This workflow" : `Workflow ${JSON.stringify(name)}`} has ${limits?.concurrency?.limit} executions of this concurrency key already; try again when one has ended, or set concurrency.onLimit to "queue".`,
  );
}
