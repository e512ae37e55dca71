import { ActiveExecutions } from "./coordination/active-executions.js";
import { Adoption } from "./coordination/adoption.js";
import { Announcing } from "./coordination/announcing.js";
import { Dispatching } from "./coordination/dispatching.js";
import { type EngineHealth, toEngineHealth } from "./coordination/engine-health.js";
import { type EngineOptions, type EngineSettings, parseEngineOptions } from "./coordination/engine-options.js";
import { streamEvents } from "./coordination/event-stream.js";
import type { ExecuteOptions } from "./coordination/execute-options.js";
import type { ExecutionHandle } from "./coordination/execution-handle.js";
import { ExecutionLauncher } from "./coordination/execution-launcher.js";
import { explainExecution } from "./coordination/explain.js";
import { Heartbeat } from "./coordination/heartbeat.js";
import { parseAfter, parseListOptions } from "./coordination/look-options.js";
import { Messages } from "./coordination/messages.js";
import type { MigrationReport } from "./coordination/migration.js";
import { Reruns, readJournal } from "./coordination/reruns.js";
import { ResultWatch } from "./coordination/result-watch.js";
import { Retention } from "./coordination/retention.js";
import type { ReplayOptions, RetryOptions } from "./coordination/reuse.js";
import type { ScheduleServices } from "./coordination/schedules/schedule-services.js";
import { ScheduleTicker } from "./coordination/schedules/schedule-ticker.js";
import { Schedules } from "./coordination/schedules/schedules.js";
import { Sweeper } from "./coordination/sweeper.js";
import { Worker } from "./coordination/worker.js";
import { type PreparedWorkflow, WorkflowCompiler } from "./coordination/workflow-compiler.js";
import { NodeRegistry } from "./definition/node-registry.js";
import type { NodeType } from "./definition/node-type.js";
import type { WorkflowDefinition } from "./definition/workflow-definition.js";
import { ConfigurationError, ExecutionError } from "./errors/errors.js";
import type { EventType, ExecutionEvent } from "./events/event.js";
import { EventHub, type EventListener } from "./events/event-hub.js";
import type { ApprovalAnswer } from "./execution/approval.js";
import { compileTemplate } from "./expressions/compile-template.js";
import { mergeFunctionTables } from "./expressions/functions/function-table.js";
import { standardFunctions } from "./expressions/functions/standard-functions.js";
import { startScope } from "./expressions/start-scope.js";
import { memoryCache } from "./memory/memory-cache.js";
import { GuardedHttp } from "./network/guarded-http.js";
import type { Dispatcher } from "./ports/dispatcher.js";
import type { EventAnnouncement } from "./ports/event-bus.js";
import type { ExecutionRecord, ExecutionSummary, NodeRecord } from "./ports/execution-record.js";
import type { ExecutionFilter, Page, Storage, WorkflowRecord } from "./ports/storage.js";
import { KeptMasks } from "./running/attempt/masking/kept-masks.js";
import { CommitQueue } from "./running/commit/commit-queue.js";
import type { ExecutionResult } from "./running/execution/execution-result.js";
import type { ExecutionRunner } from "./running/execution/execution-runner.js";
import type { EngineServices } from "./running/services.js";
import { Slots } from "./running/slots.js";
import { Timers } from "./running/timers.js";
import { consoleLogger } from "./system/console-logger.js";
import { environmentSecrets } from "./system/environment-secrets.js";
import { defer } from "./system/event-loop.js";
import { systemClock } from "./system/system-clock.js";
import { systemIds } from "./system/system-ids.js";
import { systemRandom } from "./system/system-random.js";

const DEFAULT_CLOSE_DEADLINE_MS = 10_000;

/**
 * Puts an engine together. Nothing runs before `start()`.
 *
 * ```ts
 * await using engine = createEngine({ storage: memoryStorage(), nodes: standardNodes() });
 * await engine.start();
 * const { output } = await engine.run(definition, { input: { name: "Ada" } });
 * ```
 * @throws ConfigurationError `invalid_configuration`, `duplicate_node_type`
 */
export function createEngine(options: EngineOptions): Engine {
  return new Engine(options);
}

/** Runs workflows. Made by {@link createEngine}; all its parts are wired here and nowhere else. */
export class Engine {
  readonly #storage: Storage;
  readonly #registry: NodeRegistry;
  readonly #compiler: WorkflowCompiler;
  readonly #services: EngineServices;
  readonly #active: ActiveExecutions;
  readonly #launcher: ExecutionLauncher;
  readonly #heartbeat: Heartbeat;
  readonly #sweeper: Sweeper;
  readonly #watch: ResultWatch;
  readonly #dispatching: Dispatching | undefined;
  readonly #announcing: Announcing | undefined;
  readonly #messages: Messages;
  readonly #reruns: Reruns;
  readonly #ticker: ScheduleTicker;
  readonly #http: GuardedHttp;
  /** Cron rows that start executions. */
  readonly schedules: Schedules;
  #state: "new" | "started" | "closed" = "new";
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    const settings = parseEngineOptions(options);
    const { limits, lease } = settings;
    this.#storage = options.storage;
    const packs = options.plugins ?? [];
    this.#registry = new NodeRegistry([...options.nodes, ...packs.flatMap((pack) => pack.nodes)]);
    const functions = packs.reduce(
      (table, pack) => (pack.functions === undefined ? table : mergeFunctionTables(table, pack.functions as never)),
      standardFunctions,
    );
    this.#compiler = new WorkflowCompiler({ registry: this.#registry, limits, functions });
    this.#http = new GuardedHttp({ options: options.network, clock: options.clock ?? systemClock });
    this.#services = this.#createServices(options, settings);
    const { services, compiler } = { services: this.#services, compiler: this.#compiler };
    const { storage } = options;
    const worker = new Worker(services.ids);
    this.#watch = new ResultWatch(storage, () => this.#sweeper.pokeLater());
    this.#dispatching = this.#createDispatching(options.dispatcher);
    this.#announcing =
      options.eventBus === undefined
        ? undefined
        : new Announcing({ bus: options.eventBus, services, onHeard: (heard) => this.#hear(heard) });
    this.#active = new ActiveExecutions({
      services,
      storage,
      adoption: new Adoption({ services, storage, compiler, quarantineAfter: settings.quarantineAfter }),
      watch: this.#watch,
      maxExecutions: settings.maxExecutions,
      onWork: () => {
        this.#sweeper.poke();
        this.#dispatching?.placeFree();
      },
      onWaiting: (wakeAt, { id, priority, requires }) => {
        this.#sweeper.wakeBy(wakeAt);
        if (requires.length === 0) this.#dispatching?.readyAt(id, { priority, at: wakeAt });
      },
      onStray: () => this.#sweeper.pokeLater(),
      onNews: (id) => this.#newsFor(id),
      onPlaceFree: () => {
        this.#sweeper.placeFree();
        this.#dispatching?.placeFree();
      },
      take: (id) => {
        this.#announcing?.news(id);
        void this.#sweeper.take(id);
      },
    });
    this.#launcher = new ExecutionLauncher({
      services,
      storage,
      compiler,
      active: this.#active,
      worker,
      isQueueingAll: options.dispatcher !== undefined,
      requireOpen: () => this.#dispatching?.requireOpen(),
      onQueued: (record) => this.#queued(record),
    });
    this.#messages = new Messages({ storage, services, active: this.#active });
    this.#reruns = new Reruns({
      storage,
      compiler,
      launcher: this.#launcher,
      active: this.#active,
      onWork: () => this.#sweeper.poke(),
    });
    this.#heartbeat = new Heartbeat({
      services,
      storage,
      worker,
      lease,
      giveUp: (reason) => this.#active.dropAll(reason),
    });
    const scheduleServices = this.#createScheduleServices(storage);
    this.#ticker = new ScheduleTicker(scheduleServices);
    this.schedules = new Schedules({
      services: scheduleServices,
      onChanged: () => this.#sweeper.poke(),
      requireStarted: () => this.#requireStarted(),
    });
    this.#sweeper = new Sweeper({
      services,
      storage,
      worker,
      lease,
      active: this.#active,
      watch: this.#watch,
      tasks: [this.#ticker, new Retention({ storage, now: () => services.clock.now(), options: settings.retention })],
    });
  }

  #createServices(options: EngineOptions, settings: EngineSettings): EngineServices {
    const { storage } = options;
    const clock = options.clock ?? systemClock;
    const timers = new Timers(clock);
    const logger = options.logger ?? consoleLogger;
    return {
      clock,
      logger,
      limits: settings.limits,
      ids: options.ids ?? systemIds,
      random: options.random ?? systemRandom,
      secrets: options.secrets ?? environmentSecrets(),
      keptMasks: new KeptMasks(),
      blobs: options.blobs ?? storage.blobs,
      cache: options.cache ?? memoryCache(clock),
      http: options.http ?? this.#http.fetch,
      durability: settings.durability,
      flushIntervalMs: settings.flushIntervalMs,
      commits: new CommitQueue({
        storage,
        timers,
        now: () => clock.now(),
        defer,
        retryForMs: settings.lease.durationMs,
      }),
      hub: new EventHub((error, event) =>
        logger.error(`A listener of ${event.type} threw.`, { error: String(error), executionId: event.executionId }),
      ),
      timers,
      offers: settings.offers,
      nodeSlots: new Slots(settings.maxNodes),
      defer,
      planBody: (definition) => this.#compiler.planBody(definition),
      childOf: (id) => this.#launcher.childOf(id),
      outputOf: async (id) => (await storage.getExecution(id))?.output ?? null,
      readNews: async (id) => {
        const [record, inbox] = await Promise.all([storage.getExecution(id), storage.listInbox(id)]);
        return { inbox, cancelRequested: record?.cancelRequested ?? null };
      },
      startChild: (params) => this.#launcher.startChild(params),
    };
  }

  #createDispatching(dispatcher: Dispatcher | undefined): Dispatching | undefined {
    if (dispatcher === undefined) return undefined;
    return new Dispatching({
      dispatcher,
      services: this.#services,
      freePlaces: () => this.#active.freeSlots,
      take: (executionIds) => this.#sweeper.takeReady(executionIds),
      onFailed: () => this.#sweeper.queued(),
    });
  }

  /** Whoever is told of it first takes it; nobody is told what only a worker with some tag may take. */
  #queued({ id, priority, requires }: ExecutionRecord): void {
    if (this.#dispatching === undefined || requires.length > 0) {
      this.#announcing?.news(id);
      return this.#sweeper.queued();
    }
    this.#dispatching.ready(id, priority);
    this.#sweeper.queuedForAny();
  }

  /** The execution runs elsewhere, or nowhere since it waits. */
  #newsFor(executionId: string): void {
    this.#announcing?.news(executionId);
    if (this.#active.freeSlots === 0) this.#dispatching?.ready(executionId, 0);
    this.#sweeper.poke();
  }

  /** Another process has done something. */
  #hear({ executionId, lastSeq, hasEnded }: EventAnnouncement): void {
    if (lastSeq > 0) this.#services.hub.nudge(executionId);
    if (hasEnded) void this.#watch.hear(executionId);
    if (lastSeq > 0) return;
    if (this.#active.get(executionId) === undefined) return this.#sweeper.queuedElsewhere();
    this.#active.readNews(executionId).catch(() => {
      // The sweep finds it.
      this.#sweeper.pokeLater();
    });
  }

  #createScheduleServices(storage: Storage): ScheduleServices {
    const { clock, random, ids, logger, limits } = this.#services;
    return {
      storage,
      clock,
      random,
      ids,
      logger,
      limits,
      start: ({ workflowId, tenant, ...options }) =>
        this.execute(workflowId, { ...options, ...(tenant === null ? {} : { tenant }) }),
      cancel: async (executionId, reason) => {
        await this.#active.cancel(executionId, reason);
      },
    };
  }

  // ── life ───────────────────────────────────────────────────────────────────

  /** Opens the storage. Idempotent. @throws StorageError `migration_failed`, `storage_unavailable` */
  start(): Promise<void> {
    if (this.#state === "closed")
      return Promise.reject(new ExecutionError("engine_closed", "The engine is closed; create another one."));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    await this.#storage.open();
    if (this.#state !== "new") return;
    this.#state = "started";
    await this.#heartbeat.start();
    await this.#announcing?.start();
    await this.#sweeper.start();
    await this.#dispatching?.start();
  }

  /** Claims nothing new, lets running nodes end until the deadline (10 s), aborts the rest. Idempotent. */
  close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.deadlineMs ?? DEFAULT_CLOSE_DEADLINE_MS);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#state = "closed";
    await this.#starting?.catch(() => {});
    await this.#ticker.close();
    await this.#dispatching?.close();
    await this.#sweeper.close();
    await this.#active.close(deadlineMs);
    await this.#http.close();
    await this.#announcing?.close();
    this.#heartbeat.close();
    this.#watch.close();
    this.#services.timers.close();
    this.#services.hub.close();
    await this.#storage.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** How this engine is doing, from what is known at this moment; never throws. */
  health(): EngineHealth {
    return toEngineHealth({
      state: this.#state,
      storage: { name: this.#storage.name, isShared: this.#storage.capabilities.shared },
      heartbeat: this.#heartbeat.state,
      running: this.#active.runningCount,
      dispatcher: this.#dispatching?.health,
      now: this.#services.clock.now(),
    });
  }

  #requireStarted(): void {
    if (this.#state === "started") return;
    throw new ExecutionError(
      "engine_closed",
      this.#state === "new"
        ? "The engine is not started; await engine.start() first."
        : "The engine is closed; create another one.",
    );
  }

  // ── running ────────────────────────────────────────────────────────────────

  /** Validates and compiles a definition, so that running it again costs nothing of that. @throws DefinitionError */
  prepare(definition: WorkflowDefinition): PreparedWorkflow {
    return this.#compiler.prepare(definition);
  }

  /**
   * Starts an execution; resolves when its start is durable.
   * @throws DefinitionError, ConfigurationError `invalid_input`, `capability_missing`, `trigger_required`, ExecutionError `workflow_not_found`, `engine_closed`, `dispatcher_unavailable`
   */
  async execute(
    target: WorkflowDefinition | PreparedWorkflow | string,
    options: ExecuteOptions = {},
  ): Promise<ExecutionHandle> {
    this.#requireStarted();
    const launchable = await this.#launcher.resolve(target, options.version);
    const { id, runner } = await this.#launcher.launch(launchable, options);
    return this.#handle(id, runner);
  }

  /** Runs to the end. Rejects only on misuse: a failed execution is a result. */
  async run(
    target: WorkflowDefinition | PreparedWorkflow | string,
    options: ExecuteOptions = {},
  ): Promise<ExecutionResult> {
    const handle = await this.execute(target, options);
    return handle.result();
  }

  #handle(id: string, runner: ExecutionRunner | undefined): ExecutionHandle {
    return Object.freeze({
      id,
      result: () => {
        const result = runner === undefined || runner.hasLeft ? this.#resultOf(id) : this.#resultFrom(runner);
        // Whoever asked and does not listen shall not bring the process down.
        result.catch(() => {});
        return result;
      },
      events: ({ after }: { readonly after?: number } = {}) => this.#events(id, parseAfter(after)),
      cancel: (reason?: string) => this.cancel(id, reason),
    });
  }

  /**
   * Works out an expression as the start of an execution with this input sees it, or a text with expressions in `{{ }}`;
   * what is no text is answered as it is. For what decides whether to start one, such as the filter of a trigger.
   * @throws ExpressionError, ConfigurationError `invalid_input` when it depends on time or chance
   */
  evaluate(template: unknown, input: unknown): unknown {
    if (typeof template !== "string") return template;
    const text = template.includes("{{") ? template : `{{${template}}}`;
    return compileTemplate(text, undefined, this.#compiler.functions).evaluate(startScope(input));
  }

  #events(executionId: string, after: number): AsyncIterable<ExecutionEvent> {
    const { hub, limits } = this.#services;
    return streamEvents({
      storage: this.#storage,
      hub,
      executionId,
      after,
      maxBufferedEvents: limits.maxBufferedEvents,
    });
  }

  /** The result of an execution that is here now; it may leave memory before it ends. */
  async #resultFrom(runner: ExecutionRunner): Promise<ExecutionResult> {
    return (await runner.result) ?? this.#resultOf(runner.id);
  }

  async #resultOf(id: string): Promise<ExecutionResult> {
    const runner = this.#active.get(id);
    return runner === undefined ? this.#watch.resultOf(id) : this.#resultFrom(runner);
  }

  /** Cancels; durable when it resolves, and no later success overwrites it. @throws ExecutionError `execution_not_found`, `execution_ended` */
  async cancel(id: string, reason?: string): Promise<void> {
    this.#requireStarted();
    if (reason !== undefined && reason !== null && typeof reason !== "string")
      throw new ConfigurationError("invalid_input", "The reason of a cancel must be a text.");
    const status = await this.#active.cancel(id, reason ?? null);
    await this.#sweeper.settled();
    if (status === undefined) throw notFound(id);
    if (status === "completed" || status === "failed")
      throw new ExecutionError("execution_ended", `Execution ${id} has already ${status}.`);
  }

  /**
   * Sends a signal. One that comes early is kept; a duplicate (same `key`) is a no-op.
   * @throws ExecutionError `execution_not_found`, `execution_ended`, `inbox_full`
   */
  async signal(
    id: string,
    name: string,
    payload: unknown = null,
    options: { readonly key?: string } = {},
  ): Promise<{ readonly duplicate: boolean }> {
    this.#requireStarted();
    return this.#messages.signal(id, name, payload, options.key ?? null);
  }

  /**
   * Decides an approval. Each person counts once; a decision after the outcome is answered with the outcome.
   * @throws ExecutionError `execution_not_found`, `execution_ended`, `wait_not_found`, `permission_denied`
   */
  async decideApproval(
    id: string,
    nodePath: string,
    decision: { readonly decision: "approve" | "reject"; readonly by: string; readonly comment?: string },
  ): Promise<ApprovalAnswer> {
    this.#requireStarted();
    return this.#messages.decide(id, nodePath, decision);
  }

  /**
   * Says what became of a `once` node whose outcome is unknown: its output, that it may run again, or that it failed.
   * @throws ExecutionError `execution_not_found`, `execution_ended`, `wait_not_found`, `inbox_full`
   */
  async resolveUnknown(
    id: string,
    nodePath: string,
    resolution: { readonly output: unknown } | { readonly retry: true } | { readonly fail: string },
  ): Promise<void> {
    this.#requireStarted();
    return this.#messages.resolveUnknown(id, nodePath, resolution);
  }

  /**
   * Frees a blocked or quarantined execution and goes on with it.
   * @throws ExecutionError `execution_not_found`, `execution_ended`
   */
  async resume(id: string): Promise<ExecutionHandle> {
    this.#requireStarted();
    const record = await this.#requireExecution(id);
    if (record.endedAt !== null)
      throw new ExecutionError("execution_ended", `Execution ${id} has ended; use engine.retry to run it again.`);
    await this.#storage.unblock(id);
    if (this.#active.get(id) === undefined) await this.#sweeper.take(id);
    return this.#handle(id, undefined);
  }

  /** Starts a new execution that keeps what finished. @throws ExecutionError `execution_completed`, `execution_active`, `node_not_found` */
  async retry(id: string, options: RetryOptions = {}): Promise<ExecutionHandle> {
    this.#requireStarted();
    const { id: newId, runner } = await this.#reruns.retry(await this.#requireExecution(id), options);
    return this.#handle(newId, runner);
  }

  /** Starts a new execution from the start or from a node, with other input, mocks or version. */
  async replay(id: string, options: ReplayOptions = {}): Promise<ExecutionHandle> {
    this.#requireStarted();
    const { id: newId, runner } = await this.#reruns.replay(await this.#requireExecution(id), options);
    return this.#handle(newId, runner);
  }

  /**
   * Moves an unfinished execution to another version of its workflow, if every node that has started exists there with
   * the same type. Nodes that run are let end for 10 s, then aborted; they run again in the new version.
   * @throws ExecutionError `execution_not_found`, `execution_ended`, `workflow_not_found`; ConfigurationError `invalid_input` for an inline definition
   */
  async migrateExecution(
    id: string,
    options: { readonly version: number; readonly dryRun?: boolean },
  ): Promise<MigrationReport> {
    this.#requireStarted();
    return this.#reruns.migrate(await this.#requireExecution(id), options);
  }

  // ── looking ────────────────────────────────────────────────────────────────

  /** @throws ExecutionError `execution_not_found` */
  getExecution(id: string): Promise<ExecutionRecord> {
    return this.#requireExecution(id);
  }

  /** Newest first, without payloads. @throws ConfigurationError `invalid_input` */
  async listExecutions(filter: ExecutionFilter = {}): Promise<Page<ExecutionSummary>> {
    return this.#storage.listExecutions(parseListOptions(filter));
  }

  /** Journal events with `seq > after`. @throws ExecutionError `execution_not_found`, ConfigurationError `invalid_input` */
  async getJournal(
    id: string,
    options: { readonly after?: number; readonly limit?: number } = {},
  ): Promise<readonly ExecutionEvent[]> {
    await this.#requireExecution(id);
    const { limit } = parseListOptions(options);
    const after = parseAfter(options.after);
    if (limit !== undefined) return this.#storage.listEvents(id, { after, limit });
    return readJournal(this.#storage, id, after);
  }

  /** The last record of each node, bodies included. @throws ExecutionError `execution_not_found` */
  async getNodeExecutions(id: string): Promise<readonly NodeRecord[]> {
    await this.#requireExecution(id);
    return this.#storage.listNodes(id);
  }

  /** Says in one sentence why an execution is not moving, and what would move it. @throws ExecutionError `execution_not_found` */
  async explain(id: string): Promise<string> {
    const record = await this.#requireExecution(id);
    return explainExecution({
      record,
      nodes: await this.#storage.listNodes(id),
      waits: await this.#storage.listWaits(id),
      rivals: await this.#rivalsOf(record),
    });
  }

  /** Executions that hold the places for which a queued one waits. */
  async #rivalsOf({ status, limits }: ExecutionRecord): Promise<readonly string[]> {
    const concurrency = limits?.concurrency;
    if (status !== "queued" || concurrency === undefined || concurrency === null) return [];
    const { items } = await this.#storage.listExecutions({
      limitKey: concurrency.key,
      status: "running",
      limit: concurrency.limit,
    });
    return items.map(({ id }) => id);
  }

  /** Listens to one type of event, or to all with `"*"`. Returns the way to stop. */
  on<Type extends EventType>(type: Type | "*", listener: EventListener<Type>): () => void {
    return this.#services.hub.on(type, listener as EventListener);
  }

  async #requireExecution(id: string): Promise<ExecutionRecord> {
    const record = typeof id === "string" ? await this.#storage.getExecution(id) : undefined;
    if (record === undefined) throw notFound(id);
    return record;
  }

  // ── workflows ──────────────────────────────────────────────────────────────

  /** Saves the next version; equal content answers with the version that has it. @throws DefinitionError */
  async saveWorkflow(
    definition: WorkflowDefinition,
  ): Promise<{ readonly id: string; readonly version: number; readonly hash: string }> {
    this.#requireStarted();
    const { definition: copy, hash } = this.#compiler.prepare(definition);
    const id = typeof copy.id === "string" && copy.id !== "" ? copy.id : this.#services.ids.next();
    const saved = await this.#storage.saveWorkflow({
      id,
      hash,
      name: copy.name ?? null,
      definition: copy,
      createdAt: this.#services.clock.now(),
    });
    return { id: saved.id, version: saved.version, hash: saved.hash };
  }

  /** @throws ExecutionError `workflow_not_found` */
  async getWorkflow(id: string, options: { readonly version?: number } = {}): Promise<WorkflowRecord> {
    const workflow = await this.#storage.getWorkflow(id, options.version);
    if (workflow === undefined)
      throw new ExecutionError(
        "workflow_not_found",
        `There is no workflow "${id}"${options.version === undefined ? "" : ` in version ${options.version}`}.`,
      );
    return workflow;
  }

  listWorkflows(filter: { readonly limit?: number; readonly cursor?: string } = {}): Promise<Page<WorkflowRecord>> {
    return this.#storage.listWorkflows(filter);
  }

  /** Executions of it keep running. @throws ExecutionError `workflow_not_found` */
  async deleteWorkflow(id: string): Promise<void> {
    if (!(await this.#storage.deleteWorkflow(id)))
      throw new ExecutionError("workflow_not_found", `There is no workflow "${id}".`);
  }

  /** Every registered node type. */
  listNodeTypes(): readonly NodeType[] {
    return this.#registry.list();
  }
}

function notFound(id: string): ExecutionError {
  return new ExecutionError("execution_not_found", `There is no execution "${id}".`);
}
