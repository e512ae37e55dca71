import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import { ConfigurationError, ExecutionError } from "../errors/errors.js";
import type { ExecutionPlan } from "../execution/plan.js";
import type { Blocked, ExecutionRecord, NodeRecord, StepRecord, Storage } from "../ports/storage.js";
import type { ExecutionResult } from "../running/execution-result.js";
import { ExecutionRunner, type ExecutionRunnerParams } from "../running/execution-runner.js";
import type { ChildExecution, EngineServices, StartChildParams } from "../running/services.js";
import { Slots } from "../running/slots.js";
import { CellMap } from "../shared/cell-map.js";
import { type ExecuteOptions, parseExecuteOptions } from "./execute-options.js";
import type { PreparedWorkflow, WorkflowCompiler } from "./workflow-compiler.js";

/** Journal events looked through for nodes in flight. */
const MAX_EVENTS_READ = 10_000;

/** Definitions whose content is known to be stored. */
const MAX_KNOWN_HASHES = 10_000;

/** A prepared definition, and the saved workflow that it is a version of. */
export interface Launchable {
  readonly prepared: PreparedWorkflow;
  readonly workflow: { readonly id: string; readonly version: number } | null;
}

/** What a new execution takes over from where it comes. */
export interface Lineage {
  readonly parent?: ExecutionRecord["parent"];
  readonly depth?: number;
  readonly retryOf?: string;
  readonly replayOf?: string;
  readonly seeds?: ReadonlyMap<string, NodeRecord>;
  readonly steps?: readonly StepRecord[];
  readonly onStatus?: () => void;
}

export interface ExecutionLauncherParams {
  readonly services: EngineServices;
  readonly storage: Storage;
  readonly compiler: WorkflowCompiler;
  readonly workerId: string;
  readonly maxExecutions: number;
  /** Deaths of workers after which an execution is set aside. */
  readonly quarantineAfter: number;
  /** The outcome of an execution, wherever it runs. */
  readonly awaitResult: (id: string) => Promise<ExecutionResult>;
}

/** Starts executions and knows those that run here. */
export class ExecutionLauncher {
  readonly active = new CellMap<ExecutionRunner>();
  readonly #params: ExecutionLauncherParams;
  readonly #slots: Slots;
  readonly #knownHashes = new Set<string>();
  #isClosed = false;

  constructor(params: ExecutionLauncherParams) {
    this.#params = params;
    this.#slots = new Slots(params.maxExecutions);
  }

  /**
   * Starts an execution; resolves when its start is durable.
   * @returns the execution that runs here, or the id of the one that the idempotency key names
   */
  async launch(
    target: Launchable,
    options: ExecuteOptions,
    lineage: Lineage = {},
  ): Promise<{ readonly id: string; readonly runner?: ExecutionRunner }> {
    const { services, storage } = this.#params;
    if (this.#isClosed) throw new ExecutionError("engine_closed", "The engine is closed; create another one.");
    const { plan } = target.prepared;
    const parsed = parseExecuteOptions(options, services.limits.maxInputBytes);
    if (plan.needsTransactions && !storage.capabilities.transactional) {
      throw new ConfigurationError(
        "capability_missing",
        `The workflow has transactional nodes, and the storage "${storage.name}" has no transactions for nodes; use SQLite or Postgres.`,
      );
    }
    const trigger = chooseTrigger(plan, parsed.trigger);
    await this.#storeDefinition(target.prepared);
    const runner = this.#createRunner(target, parsed, { ...lineage, trigger });
    const outcome = await runner.started;
    if (!outcome.ok && outcome.reason === "duplicate") return { id: outcome.existingId };
    return { id: runner.id, runner };
  }

  async #storeDefinition({ hash, definition }: PreparedWorkflow): Promise<void> {
    if (this.#knownHashes.has(hash)) return;
    await this.#params.storage.putDefinition(hash, definition);
    if (this.#knownHashes.size >= MAX_KNOWN_HASHES) this.#knownHashes.clear();
    this.#knownHashes.add(hash);
  }

  #createRunner(
    target: Launchable,
    options: ReturnType<typeof parseExecuteOptions>,
    lineage: Lineage & { readonly trigger: number | undefined },
  ): ExecutionRunner {
    const isChild = lineage.parent !== undefined && lineage.parent !== null;
    const queued = !isChild && !this.#slots.tryAcquire();
    if (isChild) this.#slots.take();
    const record = this.#toRecord(target, options, lineage, queued);
    const runner = new ExecutionRunner({
      services: this.#params.services,
      plan: target.prepared.plan,
      record,
      trigger: lineage.trigger,
      seeds: lineage.seeds,
      steps: lineage.steps,
      onEnded: (ended) => this.#forget(ended),
      onStatus: (status) => {
        if (status === "waiting") this.#giveSlotBack(runner);
        else if (status === "running") this.#retakeSlot(runner);
        lineage.onStatus?.();
      },
    });
    this.active.set(record.id, runner);
    if (!queued) runner.holdsSlot = true;
    else this.#slots.await({ priority: record.priority, slotFree: () => this.#promote(runner) });
    runner.create({ queued });
    return runner;
  }

  #promote(runner: ExecutionRunner): void {
    if (runner.isEnded || !this.#slots.tryAcquire()) return;
    runner.holdsSlot = true;
    runner.begin();
  }

  #giveSlotBack(runner: ExecutionRunner): void {
    if (!runner.holdsSlot) return;
    runner.holdsSlot = false;
    this.#slots.release();
  }

  /** A resumed execution goes on at once: it has waited long enough. */
  #retakeSlot(runner: ExecutionRunner): void {
    if (runner.holdsSlot) return;
    runner.holdsSlot = true;
    this.#slots.take();
  }

  #forget(runner: ExecutionRunner): void {
    if (this.active.get(runner.id) === runner) this.active.delete(runner.id);
    this.#giveSlotBack(runner);
  }

  #toRecord(
    { prepared, workflow }: Launchable,
    options: ReturnType<typeof parseExecuteOptions>,
    lineage: Lineage,
    queued: boolean,
  ): ExecutionRecord {
    const { services, workerId } = this.#params;
    const at = services.clock.now();
    const { definition, plan } = prepared;
    const name = definition.name ?? null;
    return {
      id: services.ids.next(),
      status: queued ? "queued" : "running",
      workflowId: workflow?.id ?? null,
      workflowName: name,
      workflowVersion: workflow?.version ?? null,
      definitionHash: prepared.hash,
      tenant: options.tenant ?? null,
      priority: options.priority ?? definition.settings?.priority ?? 0,
      concurrencyKey: options.concurrencyKey ?? null,
      idempotencyKey:
        options.idempotencyKey === undefined
          ? null
          : JSON.stringify([options.tenant ?? null, workflow?.id ?? name, options.idempotencyKey]),
      metadata: options.metadata,
      trigger: options.trigger ?? null,
      parent: lineage.parent ?? null,
      depth: lineage.depth ?? 0,
      retryOf: lineage.retryOf ?? null,
      replayOf: lineage.replayOf ?? null,
      input: options.input,
      output: null,
      mocks: options.mocks ?? null,
      nodeTypes: plan.nodeTypes,
      error: null,
      blocked: null,
      cancelRequested: null,
      createdAt: at,
      startedAt: queued ? null : at,
      endedAt: null,
      parkedMs: 0,
      lastSeq: 0,
      epoch: 1,
      owner: workerId,
      crashes: 0,
    };
  }

  // ── going on with executions of other workers ──────────────────────────────

  /** Free places for executions. */
  get freeSlots(): number {
    return Math.max(0, this.#slots.limit - this.#slots.used);
  }

  /** Goes on with an execution that this worker has claimed. */
  async adopt(record: ExecutionRecord): Promise<void> {
    const { storage, compiler } = this.#params;
    const definition = await storage.getDefinition(record.definitionHash);
    if (definition === undefined)
      return this.#block(record, { code: "workflow_not_found", message: "its definition is gone from the storage" });
    if (record.crashes >= this.#params.quarantineAfter) return this.#quarantine(record);
    const prepared = compiler.preparePinned(definition, record.nodeTypes);
    if ("missing" in prepared)
      return this.#block(record, {
        code: "node_type_missing",
        message: `node type ${prepared.missing} is not registered`,
      });
    const [nodes, steps, waits, inbox] = await Promise.all([
      storage.listNodes(record.id),
      storage.listSteps(record.id),
      storage.listWaits(record.id),
      storage.listInbox(record.id),
    ]);
    if (this.#isClosed) return;
    const trigger = chooseTrigger(prepared.plan, record.trigger ?? undefined);
    const runner = this.#createAdopted({ record, prepared, trigger, nodes, steps, resumed: { waits, inbox } });
    runner.resume();
  }

  #createAdopted(params: {
    readonly record: ExecutionRecord;
    readonly prepared: PreparedWorkflow;
    readonly trigger: number | undefined;
    readonly nodes: readonly NodeRecord[];
    readonly steps: readonly StepRecord[];
    readonly resumed: NonNullable<ExecutionRunnerParams["resumed"]>;
  }): ExecutionRunner {
    const { record, prepared, trigger, nodes, steps, resumed } = params;
    const runner = new ExecutionRunner({
      services: this.#params.services,
      plan: prepared.plan,
      record,
      trigger,
      seeds: new Map(nodes.map((node) => [node.path, node])),
      steps,
      resumed,
      onEnded: (ended) => this.#forget(ended),
      onStatus: (status) => {
        if (status === "waiting") this.#giveSlotBack(runner);
        else if (status === "running") this.#retakeSlot(runner);
      },
    });
    this.active.set(record.id, runner);
    this.#retakeSlot(runner);
    return runner;
  }

  async #quarantine(record: ExecutionRecord): Promise<void> {
    const running = await this.#nodesInFlight(record.id);
    const [nodeId] = running;
    await this.#block(record, {
      code: "quarantined",
      message: `its worker died ${record.crashes} times${nodeId === undefined ? "" : ` while running ${running.join(", ")}`}`,
      ...(nodeId === undefined ? {} : { nodeId }),
    });
  }

  /** Nodes that were started and have no result. */
  async #nodesInFlight(executionId: string): Promise<readonly string[]> {
    const settled = new Set(
      (await this.#params.storage.listNodes(executionId))
        .filter(({ endedAt }) => endedAt !== null)
        .map(({ path }) => path),
    );
    const events = await this.#params.storage.listEvents(executionId, { after: 0, limit: MAX_EVENTS_READ });
    return [
      ...new Set(
        events
          .filter(({ type, nodeId }) => type === "node.started" && !settled.has(nodeId as string))
          .map(({ nodeId }) => nodeId as string),
      ),
    ];
  }

  /** Parks an execution until somebody mends what keeps it from going on. */
  async #block(record: ExecutionRecord, blocked: Blocked): Promise<void> {
    const { storage, services } = this.#params;
    const event = {
      seq: 0,
      type: "execution.blocked" as const,
      at: services.clock.now(),
      executionId: record.id,
      data: blocked,
    };
    const [outcome] = await storage.commit([
      { executionId: record.id, epoch: record.epoch, patch: { status: "waiting", blocked }, events: [event] },
    ]);
    if (outcome?.ok !== true) return;
    services.hub.emit({ ...event, seq: outcome.firstSeq });
    await storage.release({ executionId: record.id, epoch: record.epoch });
  }

  /** A child that another worker started, or that this one has adopted. */
  async findChild(id: string, _onStatus: () => void): Promise<ChildExecution> {
    const cancel = async (reason: string) => {
      await this.#params.storage.requestCancel(id, reason, this.#params.services.clock.now());
      this.active.get(id)?.cancel(reason);
    };
    const launcher = this;
    return {
      id,
      get status() {
        return launcher.active.get(id)?.status ?? "running";
      },
      result: this.#params.awaitResult(id),
      cancel,
    };
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
    const { id, runner } = await this.launch(
      target,
      { input: params.input, priority: params.priority, ...(params.tenant === null ? {} : { tenant: params.tenant }) },
      {
        parent: { executionId: params.parentId, nodePath: params.nodePath },
        depth: params.depth,
        onStatus: params.onStatus,
      },
    );
    if (runner === undefined) throw new ExecutionError("execution_ended", `Child ${id} exists already.`);
    return {
      id,
      get status() {
        return runner.status;
      },
      result: runner.result,
      cancel: async (reason) => {
        await this.#params.storage.requestCancel(id, reason, this.#params.services.clock.now());
        runner.cancel(reason);
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
        prepared: compiler.prepare(workflow.definition),
        workflow: { id: workflow.id, version: workflow.version },
      };
    throw new ExecutionError(
      "workflow_not_found",
      `There is no workflow "${target}"${version === undefined ? "" : ` in version ${version}`}; save it with engine.saveWorkflow.`,
    );
  }

  // ── shutdown ───────────────────────────────────────────────────────────────

  /** Lets go of everything without writing: this worker is taken for dead. */
  dropAll(error: Error): void {
    for (const runner of [...this.active.values()]) runner.drop(error);
  }

  /** Starts nothing new, lets running nodes end until the deadline, then lets go of everything. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    const { services } = this.#params;
    const quiet = Promise.all([...this.active.values()].map((runner) => runner.freeze()));
    if (deadlineMs > 0) {
      const timeUp = new Promise<void>((resolve) => {
        const timer = services.timers.set(services.clock.now() + deadlineMs, resolve);
        void quiet.then(() => timer.cancel());
      });
      await Promise.race([quiet, timeUp]);
    }
    for (const runner of this.active.values()) runner.requestFlush();
    await services.commits.idle();
    const open = [...this.active.values()];
    for (const runner of open) {
      runner.drop(new ExecutionError("engine_closed", `The engine was closed while execution ${runner.id} was open.`));
    }
    for (const { id, record } of open) await this.#params.storage.release({ executionId: id, epoch: record.epoch });
  }
}

/** The trigger that fires: the one named, else `start`, else the only one. */
function chooseTrigger(plan: ExecutionPlan, name: string | undefined): number | undefined {
  const { triggers, nodes } = plan;
  if (name !== undefined) {
    const named = triggers.find((trigger) => nodes[trigger]?.id === name);
    if (named !== undefined) return named;
    throw new ConfigurationError(
      "trigger_not_found",
      `"${name}" is no trigger node of this workflow; it has ${triggers.map((trigger) => nodes[trigger]?.id).join(", ") || "none"}.`,
    );
  }
  if (triggers.length <= 1) return triggers[0];
  const starts = triggers.filter((trigger) => nodes[trigger]?.type.type === "start");
  if (starts.length === 1) return starts[0];
  throw new ConfigurationError(
    "trigger_required",
    `The workflow has several triggers; name one: execute(..., { trigger }) with ${triggers.map((trigger) => nodes[trigger]?.id).join(", ")}.`,
  );
}
