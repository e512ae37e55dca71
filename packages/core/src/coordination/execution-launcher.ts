import type { ExecutionStatus } from "../definition/status.js";
import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import { ConfigurationError, ExecutionError } from "../errors/errors.js";
import type { ExecutionRecord, FlowLimits, InboxItem } from "../ports/execution-record.js";
import type { Storage } from "../ports/storage.js";
import { QueuedStart } from "../running/commit/start-commit.js";
import type { ExecutionResult } from "../running/execution/execution-result.js";
import { ExecutionRunner, type ExecutionRunnerParams } from "../running/execution/execution-runner.js";
import type { ChildExecution, EngineServices, StartChildParams } from "../running/services.js";
import { CellMap } from "../shared/cell-map.js";
import type { Adoption } from "./adoption.js";
import { chooseTrigger } from "./choose-trigger.js";
import { type ExecuteOptions, parseExecuteOptions } from "./execute-options.js";
import { toFlowLimits } from "./flow-limits.js";
import { loadResult, type ResultWatch } from "./result-watch.js";
import { type Launchable, type Lineage, toScope, toStartRecord } from "./start-record.js";
import type { Worker } from "./worker.js";
import type { PreparedWorkflow, WorkflowCompiler } from "./workflow-compiler.js";

/** Definitions whose content is known to be stored. */
const MAX_KNOWN_HASHES = 10_000;
/** Executions of one key looked at to cancel the oldest. */
const MAX_SAME_KEY = 1_000;
/** Only signals are limited: a decision or a resolution is what its node waits for. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

export interface ExecutionLauncherParams {
  readonly services: EngineServices;
  readonly storage: Storage;
  readonly compiler: WorkflowCompiler;
  readonly adoption: Adoption;
  readonly watch: ResultWatch;
  readonly worker: Worker;
  readonly maxExecutions: number;
  /** There may be something to claim, or news that no runner here has heard. */
  readonly onWork: () => void;
  /** Something is to be given back, after a pause: what went wrong may go wrong again. */
  readonly onStray: () => void;
  /** An execution was queued. */
  readonly onQueued: (record: ExecutionRecord) => void;
  /** An execution that is not here has something in its inbox. */
  readonly onNews: (executionId: string) => void;
  /** Every start is queued, for any worker to take. */
  readonly isQueueingAll: boolean;
  /** Throws when starts are to be refused for now. */
  readonly requireOpen: () => void;
  /** Claims this execution soon, unless another worker has it. */
  readonly take: (executionId: string) => void;
  /** A place is free, since an execution ended or waits. */
  readonly onPlaceFree: () => void;
  /** An execution waits outside memory until this instant. */
  readonly onWaiting: (wakeAt: number, record: ExecutionRecord) => void;
}

/** Starts executions and knows those that are in this process. */
export class ExecutionLauncher {
  readonly active = new CellMap<ExecutionRunner>();
  readonly #params: ExecutionLauncherParams;
  readonly #knownHashes = new Set<string>();
  /** Executions that this worker owns and no longer runs, by id with their epoch: to be given back. */
  readonly #strays = new Map<string, number>();
  /** Executions here that do not wait. */
  #running = 0;
  #isClosed = false;

  constructor(params: ExecutionLauncherParams) {
    this.#params = params;
  }

  /** Free places for executions. */
  get freeSlots(): number {
    return this.#isClosed ? 0 : Math.max(0, this.#params.maxExecutions - this.#running);
  }

  /** Executions here that do not wait. */
  get runningCount(): number {
    return this.#running;
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
    const isHere = limits === null && (lineage.parent != null || (!isQueueingAll && this.freeSlots > 0));
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
    if (this.#isClosed) throw new ExecutionError("engine_closed", "The engine is closed; create another one.");
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
    const runner = new ExecutionRunner({
      ...this.#callbacks,
      services: this.#params.services,
      plan: target.prepared.plan,
      record,
      trigger,
      seeds,
      steps,
    });
    this.#hold(runner);
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
      await this.cancel(id, "A newer execution with the same concurrency key took its place.");
  }

  // ── executions in this process ─────────────────────────────────────────────

  /** Goes on with executions that this worker has claimed. */
  async adopt(records: readonly ExecutionRecord[]): Promise<void> {
    await Promise.all(records.map((record) => this.#adoptOne(record)));
  }

  async #adoptOne(record: ExecutionRecord): Promise<void> {
    const { adoption, services, storage } = this.#params;
    try {
      const runner = await adoption.adopt(record, this.#callbacks);
      if (runner === undefined) return await this.#endedUnrun(record);
      if (this.#isClosed) return await storage.release({ executionId: record.id, epoch: record.epoch });
      this.#hold(runner);
      runner.resume();
    } catch (error) {
      services.logger.error("An execution could not be gone on with; it is tried again.", {
        executionId: record.id,
        error: String(error),
      });
      this.#addStray(record);
    }
  }

  /** One that was cancelled has ended without a runner: who waits for it is told. */
  async #endedUnrun({ id, cancelRequested }: ExecutionRecord): Promise<void> {
    if (cancelRequested === null) return;
    const { storage, watch, onWork } = this.#params;
    const record = await storage.getExecution(id);
    if (record === undefined || record.endedAt === null) return;
    watch.ended(await loadResult(storage, record));
    onWork();
  }

  readonly #callbacks: Pick<ExecutionRunnerParams, "onGone" | "onStatus"> = {
    onGone: (runner, result) => this.#gone(runner, result),
    onStatus: (runner, status) => this.#moved(runner, status),
  };

  #hold(runner: ExecutionRunner): void {
    this.active.set(runner.id, runner);
    runner.holdsSlot = true;
    this.#running++;
  }

  #moved(runner: ExecutionRunner, status: ExecutionStatus): void {
    if (status === "waiting") this.#giveSlotBack(runner);
    else if (!runner.holdsSlot) {
      // A resumed execution goes on at once: it has waited long enough.
      runner.holdsSlot = true;
      this.#running++;
    }
    const { parent } = runner.record;
    if (parent !== null) this.active.get(parent.executionId)?.departure.childMoved();
  }

  #giveSlotBack(runner: ExecutionRunner): void {
    if (!runner.holdsSlot) return;
    runner.holdsSlot = false;
    this.#running--;
    if (runner.record.limits === null) this.#params.onPlaceFree();
    else this.#params.onWork();
  }

  #gone(runner: ExecutionRunner, result: ExecutionResult | undefined): void {
    if (this.active.get(runner.id) === runner) this.active.delete(runner.id);
    this.#giveSlotBack(runner);
    if (runner.isStray) this.#addStray(runner.record);
    if (result !== undefined) {
      this.#params.watch.ended(result);
      if (isOfSchedule(runner.record)) this.#params.onWork();
      if (runner.endOfChild !== undefined) this.tell(runner.record.parent?.executionId as string, runner.endOfChild);
    } else if (runner.hasLeft) {
      if (runner.wakeAt !== null) this.#params.onWaiting(runner.wakeAt, runner.record);
      if (runner.hasMissedNews || runner.isHandedOver) this.#params.onWork();
    }
  }

  /** Something was put into the inbox of an execution: whoever runs it here learns of it at once. */
  tell(executionId: string, item: InboxItem): void {
    const runner = this.active.get(executionId);
    if (runner === undefined) this.#params.onNews(executionId);
    else runner.receive(item);
  }

  /** Looks up what others want of an execution that runs here. */
  async readNews(executionId: string): Promise<void> {
    const runner = this.active.get(executionId);
    if (runner === undefined) return;
    const { inbox, cancelRequested } = await this.#params.services.readNews(executionId);
    for (const item of inbox) runner.receive(item);
    if (cancelRequested !== null) runner.cancel(cancelRequested.reason);
  }

  /** Durable when it resolves. Ends it here unless another worker has it, who then learns of it. */
  async cancel(executionId: string, reason: string | null): Promise<ExecutionStatus | undefined> {
    const { storage, services } = this.#params;
    const status = await this.#orSweepLater(storage.requestCancel(executionId, reason, services.clock.now()));
    const runner = this.active.get(executionId);
    if (runner !== undefined) runner.cancel(reason);
    else if (status === "queued" || status === "waiting" || status === "running") {
      if (status === "waiting") await this.#unblock(executionId);
      this.#params.take(executionId);
    }
    return status;
  }

  /** What was set aside is left alone by claims; it must be free to be ended. */
  async #unblock(executionId: string): Promise<void> {
    const { storage } = this.#params;
    const record = await storage.getExecution(executionId);
    if (record !== undefined && record.blocked !== null && !record.isParked && record.endedAt === null)
      await storage.unblock(executionId);
  }

  /** Puts something into an inbox, durably, and tells whoever runs the execution here. */
  async send(
    executionId: string,
    item: InboxItem,
    maxUnread: number = item.kind === "signal" ? this.#params.services.limits.maxInboxSignals : NO_LIMIT,
  ): ReturnType<Storage["addToInbox"]> {
    const { storage } = this.#params;
    const answer = await this.#orSweepLater(storage.addToInbox(executionId, item, maxUnread));
    if (answer === "added") this.tell(executionId, item);
    // The first try was written and its answer lost: nobody here has heard of it.
    else if (answer === "duplicate") this.#params.onNews(executionId);
    return answer;
  }

  /** A call that was not answered may have been done: the next sweep finds what it left. */
  async #orSweepLater<Answer>(call: Promise<Answer>): Promise<Answer> {
    try {
      return await call;
    } catch (error) {
      this.#params.onStray();
      throw error;
    }
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
      { id: params.childId, depth: params.depth, ...(params.detached ? {} : { parent }) },
    );
    return this.childOf(id);
  }

  /** A child as its parent sees it, wherever it is. */
  childOf(id: string): ChildExecution {
    const { active } = this;
    return {
      id,
      get status() {
        return active.get(id)?.status ?? "waiting";
      },
      cancel: async (reason) => {
        await this.cancel(id, reason);
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

  #addStray({ id, epoch }: ExecutionRecord): void {
    this.#strays.set(id, epoch);
    this.#params.onStray();
  }

  /** Marks what is neither here nor on its way as to be given back. */
  giveBackUnknown(owned: Awaited<ReturnType<Storage["listOwned"]>>): void {
    for (const { executionId, epoch } of owned)
      if (this.active.get(executionId) === undefined) this.#strays.set(executionId, epoch);
  }

  /** Gives back what this worker owns and does not run, because its commits failed or its lease was in doubt. */
  async releaseStrays(): Promise<void> {
    for (const [executionId, epoch] of this.#strays) {
      await this.#params.storage.release({ executionId, epoch });
      this.#strays.delete(executionId);
    }
  }

  /** Lets an execution go on as another runner, here or elsewhere, once what runs of it has ended or time is up. */
  async handOver(executionId: string, deadlineMs: number): Promise<void> {
    const runner = this.active.get(executionId);
    if (runner === undefined) return;
    await this.#settleDown([runner], deadlineMs);
    runner.leave();
  }

  // ── shutdown ───────────────────────────────────────────────────────────────

  /** Lets go of everything without writing: this worker is taken for dead. */
  dropAll(error: Error): void {
    for (const runner of [...this.active.values()]) runner.lose(error);
  }

  /** Starts nothing new, lets running nodes end until the deadline, then lets go of everything. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    await this.#settleDown([...this.active.values()], deadlineMs, () => this.#params.services.commits.close());
    const open = [...this.active.values()];
    for (const runner of open) {
      runner.drop(new ExecutionError("engine_closed", `The engine was closed while execution ${runner.id} was open.`));
    }
    for (const { id, record } of open) this.#strays.set(id, record.epoch);
    await this.releaseStrays().catch((error: unknown) =>
      this.#params.services.logger.warn("Leases could not be handed back; they end by themselves.", {
        error: String(error),
      }),
    );
  }

  /** Starts nothing more of them, lets running nodes end until the deadline, and writes what there is to write. */
  async #settleDown(
    runners: readonly ExecutionRunner[],
    deadlineMs: number,
    beforeLastWrite?: () => void,
  ): Promise<void> {
    const { timers, clock, commits } = this.#params.services;
    const quiet = Promise.all(runners.map((runner) => runner.freeze()));
    if (deadlineMs > 0) {
      const timeUp = new Promise<void>((resolve) => {
        const timer = timers.set(clock.now() + deadlineMs, resolve);
        void quiet.then(() => timer.cancel());
      });
      await Promise.race([quiet, timeUp]);
    }
    beforeLastWrite?.();
    for (const runner of runners) runner.writer.requestFlush();
    await commits.idle();
  }
}

/** The next slot of a schedule may wait for the end of this execution. */
function isOfSchedule({ metadata }: ExecutionRecord): boolean {
  return (metadata["trigger"] as { readonly type?: unknown } | undefined)?.type === "schedule";
}

function limitReached({ workflowName, limits }: ExecutionRecord): ExecutionError {
  return new ExecutionError(
    "limit_reached",
    `Workflow ${JSON.stringify(workflowName)} has ${limits?.concurrency?.limit} executions of this concurrency key already; try again when one has ended, or set concurrency.onLimit to "queue".`,
  );
}
