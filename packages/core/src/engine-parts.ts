import { ActiveExecutions } from "./coordination/claiming/active-executions.js";
import { Adoption } from "./coordination/claiming/adoption.js";
import { Dispatching } from "./coordination/claiming/dispatching.js";
import { Heartbeat } from "./coordination/claiming/heartbeat.js";
import { Sweeper } from "./coordination/claiming/sweeper.js";
import { Worker } from "./coordination/claiming/worker.js";
import { type EngineHealth, toEngineHealth } from "./coordination/engine-health.js";
import { type EngineOptions, parseEngineOptions } from "./coordination/engine-options.js";
import { Messages } from "./coordination/messages.js";
import { Reruns } from "./coordination/rerunning/reruns.js";
import { Retention } from "./coordination/retention.js";
import type { ScheduleServices } from "./coordination/schedules/schedule-services.js";
import { ScheduleTicker } from "./coordination/schedules/schedule-ticker.js";
import { Schedules } from "./coordination/schedules/schedules.js";
import type { ExecuteOptions } from "./coordination/starting/execute-options.js";
import { ExecutionLauncher } from "./coordination/starting/execution-launcher.js";
import { type PreparedWorkflow, WorkflowCompiler } from "./coordination/starting/workflow-compiler.js";
import { Announcing } from "./coordination/watching/announcing.js";
import { ResultWatch } from "./coordination/watching/result-watch.js";
import { NodeRegistry } from "./definition/node-registry.js";
import type { WorkflowDefinition } from "./definition/workflow-definition.js";
import { createEngineServices } from "./engine-services.js";
import { ExecutionError } from "./errors/errors.js";
import { mergeFunctionTables } from "./expressions/functions/function-table.js";
import { standardFunctions } from "./expressions/functions/standard-functions.js";
import { GuardedHttp } from "./network/guarded-http.js";
import type { Dispatcher } from "./ports/dispatcher.js";
import type { EventAnnouncement } from "./ports/event-bus.js";
import type { ExecutionRecord } from "./ports/execution-record.js";
import type { Storage } from "./ports/storage.js";
import type { EngineServices } from "./running/services.js";
import { systemClock } from "./system/system-clock.js";

/** How long a storage that does not answer is waited for after the deadline of a close. */
const CLOSE_GRACE_MS = 2_000;

/**
 * The parts of one engine and its life: the only place where they are wired together, and where what one of them
 * notices is passed on to those it concerns.
 */
export class EngineParts {
  readonly storage: Storage;
  readonly registry: NodeRegistry;
  readonly compiler: WorkflowCompiler;
  readonly services: EngineServices;
  readonly active: ActiveExecutions;
  readonly launcher: ExecutionLauncher;
  readonly sweeper: Sweeper;
  readonly watch: ResultWatch;
  readonly messages: Messages;
  readonly reruns: Reruns;
  readonly schedules: Schedules;
  readonly #heartbeat: Heartbeat;
  readonly #dispatching: Dispatching | undefined;
  readonly #announcing: Announcing | undefined;
  readonly #ticker: ScheduleTicker;
  readonly #http: GuardedHttp;
  #state: "new" | "started" | "closed" = "new";
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    const settings = parseEngineOptions(options);
    const { limits, lease } = settings;
    this.storage = options.storage;
    const packs = options.plugins ?? [];
    const nodes = [...options.nodes, ...packs.flatMap((pack) => pack.nodes)];
    this.registry = new NodeRegistry(nodes.map((node) => node.withPacks?.(packs) ?? node));
    const functions = packs.reduce(
      (table, pack) => (pack.functions === undefined ? table : mergeFunctionTables(table, pack.functions as never)),
      standardFunctions,
    );
    this.compiler = new WorkflowCompiler({ registry: this.registry, limits, functions });
    this.#http = new GuardedHttp({ options: options.network, clock: options.clock ?? systemClock });
    this.services = createEngineServices(options, {
      settings,
      compiler: this.compiler,
      http: this.#http,
      launcher: () => this.launcher,
    });
    const { services, compiler, storage } = this;
    const worker = new Worker(services.ids);
    this.watch = new ResultWatch(storage, () => this.sweeper.pokeLater());
    this.#dispatching = this.#createDispatching(options.dispatcher);
    this.#announcing =
      options.eventBus === undefined
        ? undefined
        : new Announcing({ bus: options.eventBus, services, onHeard: (heard) => this.#hear(heard) });
    this.active = new ActiveExecutions({
      services,
      storage,
      adoption: new Adoption({ services, storage, compiler, quarantineAfter: settings.quarantineAfter }),
      watch: this.watch,
      maxExecutions: settings.maxExecutions,
      onWork: () => {
        this.sweeper.poke();
        this.#dispatching?.placeFree();
      },
      onWaiting: (wakeAt, { id, priority, requires }) => {
        this.sweeper.wakeBy(wakeAt);
        if (requires.length === 0) this.#dispatching?.readyAt(id, { priority, at: wakeAt });
      },
      onStray: () => this.sweeper.pokeLater(),
      onNews: (id) => this.#newsFor(id),
      onPlaceFree: () => {
        this.sweeper.placeFree();
        this.#dispatching?.placeFree();
      },
      take: (id) => {
        this.#announcing?.news(id);
        void this.sweeper.take(id);
      },
    });
    this.launcher = new ExecutionLauncher({
      services,
      storage,
      compiler,
      active: this.active,
      worker,
      isQueueingAll: options.dispatcher !== undefined,
      requireOpen: () => this.#dispatching?.requireOpen(),
      onQueued: (record) => this.#queued(record),
    });
    this.messages = new Messages({ storage, services, active: this.active });
    this.reruns = new Reruns({
      storage,
      compiler,
      launcher: this.launcher,
      active: this.active,
      onWork: () => this.sweeper.poke(),
    });
    this.#heartbeat = new Heartbeat({
      services,
      storage,
      worker,
      lease,
      giveUp: (reason) => this.active.dropAll(reason),
    });
    const scheduleServices = this.#createScheduleServices(storage);
    this.#ticker = new ScheduleTicker(scheduleServices);
    this.schedules = new Schedules({
      services: scheduleServices,
      onChanged: () => this.sweeper.poke(),
      requireStarted: () => this.requireStarted(),
    });
    this.sweeper = new Sweeper({
      services,
      storage,
      worker,
      lease,
      active: this.active,
      watch: this.watch,
      tasks: [this.#ticker, new Retention({ storage, now: () => services.clock.now(), options: settings.retention })],
    });
  }

  #createDispatching(dispatcher: Dispatcher | undefined): Dispatching | undefined {
    if (dispatcher === undefined) return undefined;
    return new Dispatching({
      dispatcher,
      services: this.services,
      freePlaces: () => this.active.freeSlots,
      take: (executionIds) => this.sweeper.takeReady(executionIds),
      onFailed: () => this.sweeper.queued(),
    });
  }

  /** Whoever is told of it first takes it; nobody is told what only a worker with some tag may take. */
  #queued({ id, priority, requires }: ExecutionRecord): void {
    if (this.#dispatching === undefined || requires.length > 0) {
      this.#announcing?.news(id);
      return this.sweeper.queued();
    }
    this.#dispatching.ready(id, priority);
    this.sweeper.queuedForAny();
  }

  /** The execution runs elsewhere, or nowhere since it waits. */
  #newsFor(executionId: string): void {
    this.#announcing?.news(executionId);
    if (this.active.freeSlots === 0) this.#dispatching?.ready(executionId, 0);
    this.sweeper.poke();
  }

  /** Another process has done something. */
  #hear({ executionId, lastSeq, hasEnded }: EventAnnouncement): void {
    if (lastSeq > 0) this.services.hub.nudge(executionId);
    if (hasEnded) void this.watch.hear(executionId);
    if (lastSeq > 0) return;
    if (this.active.get(executionId) === undefined) return this.sweeper.queuedElsewhere();
    this.active.readNews(executionId).catch(() => {
      // The sweep finds it.
      this.sweeper.pokeLater();
    });
  }

  #createScheduleServices(storage: Storage): ScheduleServices {
    const { clock, random, ids, logger, limits } = this.services;
    return {
      storage,
      clock,
      random,
      ids,
      logger,
      limits,
      start: ({ workflowId, tenant, ...options }) =>
        this.launch(workflowId, { ...options, ...(tenant === null ? {} : { tenant }) }),
      cancel: async (executionId, reason) => {
        await this.active.cancel(executionId, reason);
      },
    };
  }

  // ── life ───────────────────────────────────────────────────────────────────

  /** As `Engine.start`. */
  start(): Promise<void> {
    if (this.#state === "closed")
      return Promise.reject(new ExecutionError("engine_closed", "The engine is closed; create another one."));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    await this.storage.open();
    if (this.#state !== "new") return;
    this.#state = "started";
    await this.#heartbeat.start();
    await this.#announcing?.start();
    await this.sweeper.start();
    await this.#dispatching?.start();
  }

  /** As `Engine.close`. */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#state = "closed";
    this.active.freeze();
    const { timers, clock, hub } = this.services;
    const deadline = clock.now() + deadlineMs;
    const giveUpAt = deadline + CLOSE_GRACE_MS;
    const inTime = (work: Promise<unknown> | undefined) => work && timers.within(giveUpAt, work);
    await inTime(this.#starting?.catch(() => {}));
    await inTime(this.#ticker.close());
    await this.#dispatching?.close();
    await inTime(this.sweeper.close());
    await this.active.close({ deadlineMs: Math.max(0, deadline - clock.now()), giveUpAt });
    await this.#http.close();
    await this.#announcing?.close();
    this.#heartbeat.close();
    this.watch.close();
    hub.close();
    await inTime(this.storage.close());
    timers.close();
  }

  /** As `Engine.health`. */
  health(): EngineHealth {
    return toEngineHealth({
      state: this.#state,
      storage: { name: this.storage.name, isShared: this.storage.capabilities.shared },
      heartbeat: this.#heartbeat.state,
      running: this.active.runningCount,
      dispatcher: this.#dispatching?.health,
      eventBus: this.#announcing?.health,
      now: this.services.clock.now(),
    });
  }

  /** @throws ExecutionError `engine_closed` before `start` and after `close` */
  requireStarted(): void {
    if (this.#state === "started") return;
    throw new ExecutionError(
      "engine_closed",
      this.#state === "new"
        ? "The engine is not started; await engine.start() first."
        : "The engine is closed; create another one.",
    );
  }

  /** Starts an execution, here or wherever a place is free; durable when it resolves. */
  async launch(
    target: WorkflowDefinition | PreparedWorkflow | string,
    options: ExecuteOptions,
  ): ReturnType<ExecutionLauncher["launch"]> {
    this.requireStarted();
    return this.launcher.launch(await this.launcher.resolve(target, options.version), options);
  }
}
