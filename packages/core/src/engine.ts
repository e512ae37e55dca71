import { streamEvents } from "./coordination/event-stream.js";
import { type ExecuteOptions, toPayload } from "./coordination/execute-options.js";
import type { ExecutionHandle } from "./coordination/execution-handle.js";
import { ExecutionLauncher } from "./coordination/execution-launcher.js";
import { explainExecution } from "./coordination/explain.js";
import { planReuse, type ReplayOptions, type RetryOptions } from "./coordination/reuse.js";
import { DEFAULT_LEASE, type LeaseOptions, Takeover } from "./coordination/takeover.js";
import { type PreparedWorkflow, WorkflowCompiler } from "./coordination/workflow-compiler.js";
import { DEFAULT_LIMITS, type Limits } from "./definition/limits.js";
import { NodeRegistry } from "./definition/node-registry.js";
import type { NodePack, NodeType } from "./definition/node-type.js";
import type { WorkflowDefinition } from "./definition/workflow-definition.js";
import { ConfigurationError, ExecutionError } from "./errors/errors.js";
import type { EventType, ExecutionEvent } from "./events/event.js";
import { EventHub, type EventListener } from "./events/event-hub.js";
import { mergeFunctionTables } from "./expressions/functions/function-table.js";
import { standardFunctions } from "./expressions/functions/standard-functions.js";
import { memoryBlobStore } from "./memory/memory-blob-store.js";
import { memoryCache } from "./memory/memory-cache.js";
import type { BlobStore } from "./ports/blob-store.js";
import type { Cache } from "./ports/cache.js";
import type { Clock } from "./ports/clock.js";
import type { Ids } from "./ports/ids.js";
import type { Logger } from "./ports/logger.js";
import type { Random } from "./ports/random.js";
import type { SecretStore } from "./ports/secret-store.js";
import type {
  ExecutionFilter,
  ExecutionRecord,
  ExecutionSummary,
  NodeRecord,
  Page,
  Storage,
  WorkflowRecord,
} from "./ports/storage.js";
import { CommitQueue } from "./running/commit-queue.js";
import { createExecutionResult, type ExecutionResult } from "./running/execution-result.js";
import type { ExecutionRunner } from "./running/execution-runner.js";
import type { ApprovalAnswer } from "./running/parking.js";
import type { Durability, EngineServices } from "./running/services.js";
import { Slots } from "./running/slots.js";
import { Timers } from "./running/timers.js";
import { consoleLogger } from "./system/console-logger.js";
import { environmentSecrets } from "./system/environment-secrets.js";
import { defer } from "./system/event-loop.js";
import { systemClock } from "./system/system-clock.js";
import { systemIds } from "./system/system-ids.js";
import { systemRandom } from "./system/system-random.js";

const DEFAULT_EXECUTIONS = 100;
const DEFAULT_NODES = 1_000;
const DEFAULT_FLUSH_INTERVAL_MS = 50;
const DEFAULT_CLOSE_DEADLINE_MS = 10_000;
/** How often a result is looked for that another worker produces. */
const DEFAULT_QUARANTINE_AFTER = 3;
const RESULT_POLL_MS = 250;
const JOURNAL_PAGE_SIZE = 1_000;

/** Parts and options of an engine. Only `storage` and `nodes` are required. */
export interface EngineOptions {
  readonly storage: Storage;
  readonly nodes: Iterable<NodeType>;
  readonly plugins?: readonly NodePack[];
  /** `executions` (100) run at once, the others are queued; `nodes` (1,000) run at once over all of them. */
  readonly concurrency?: { readonly executions?: number; readonly nodes?: number };
  /** Default `barrier`. */
  readonly durability?: Durability;
  /** Longest time that a result stays unwritten, in milliseconds. Default 50. */
  readonly flushIntervalMs?: number;
  readonly limits?: Partial<Limits>;
  readonly lease?: Partial<LeaseOptions>;
  /** Deaths of workers after which an execution is set aside. Default 3. */
  readonly quarantineAfter?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly ids?: Ids;
  readonly secrets?: SecretStore;
  readonly blobs?: BlobStore;
  readonly cache?: Cache;
  /** What `ctx.http` calls. */
  readonly http?: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

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
  readonly #launcher: ExecutionLauncher;
  readonly #takeover: Takeover;
  #state: "new" | "started" | "closed" = "new";
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    requireStorage(options.storage);
    this.#storage = options.storage;
    const limits = Object.freeze({ ...DEFAULT_LIMITS, ...options.limits });
    const packs = options.plugins ?? [];
    this.#registry = new NodeRegistry([...options.nodes, ...packs.flatMap((pack) => pack.nodes)]);
    const functions = packs.reduce(
      (table, pack) => (pack.functions === undefined ? table : mergeFunctionTables(table, pack.functions as never)),
      standardFunctions,
    );
    this.#compiler = new WorkflowCompiler({ registry: this.#registry, limits, functions });
    this.#services = this.#createServices(options, limits);
    const workerId = this.#services.ids.next();
    this.#launcher = new ExecutionLauncher({
      services: this.#services,
      storage: options.storage,
      compiler: this.#compiler,
      workerId,
      quarantineAfter: positive(options.quarantineAfter ?? DEFAULT_QUARANTINE_AFTER, "quarantineAfter"),
      awaitResult: (id) => this.#resultOf(id),
      maxExecutions: positive(options.concurrency?.executions ?? DEFAULT_EXECUTIONS, "concurrency.executions"),
    });
    this.#takeover = new Takeover({
      services: this.#services,
      storage: options.storage,
      launcher: this.#launcher,
      workerId,
      lease: { ...DEFAULT_LEASE, ...options.lease },
    });
  }

  #createServices(options: EngineOptions, limits: Limits): EngineServices {
    const clock = options.clock ?? systemClock;
    const logger = options.logger ?? consoleLogger;
    return {
      clock,
      logger,
      limits,
      ids: options.ids ?? systemIds,
      random: options.random ?? systemRandom,
      secrets: options.secrets ?? environmentSecrets(),
      blobs: options.blobs ?? memoryBlobStore(),
      cache: options.cache ?? memoryCache(clock),
      http: options.http ?? ((url, init) => fetch(url, init)),
      durability: options.durability ?? "barrier",
      flushIntervalMs: options.flushIntervalMs ?? DEFAULT_FLUSH_INTERVAL_MS,
      commits: new CommitQueue(options.storage),
      hub: new EventHub((error, event) =>
        logger.error(`A listener of ${event.type} threw.`, { error: String(error), executionId: event.executionId }),
      ),
      timers: new Timers(clock),
      nodeSlots: new Slots(positive(options.concurrency?.nodes ?? DEFAULT_NODES, "concurrency.nodes")),
      defer,
      planBody: (definition) => this.#compiler.planBody(definition),
      findChild: (id, onStatus) => this.#launcher.findChild(id, onStatus),
      startChild: (params) => this.#launcher.startChild(params),
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
    await this.#takeover.start();
  }

  /** Claims nothing new, lets running nodes end until the deadline (10 s), aborts the rest. Idempotent. */
  close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.deadlineMs ?? DEFAULT_CLOSE_DEADLINE_MS);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#state = "closed";
    await this.#starting?.catch(() => {});
    await this.#takeover.close();
    await this.#launcher.close(deadlineMs);
    this.#services.timers.close();
    this.#services.hub.close();
    await this.#storage.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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
   * @throws DefinitionError, ConfigurationError `invalid_input`, `capability_missing`, `trigger_required`, ExecutionError `workflow_not_found`, `engine_closed`
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
      result: () => runner?.result ?? this.#resultOf(id),
      events: ({ after = 0 }: { readonly after?: number } = {}) => this.#events(id, after),
      cancel: (reason?: string) => this.cancel(id, reason),
    });
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

  #resultOf(id: string): Promise<ExecutionResult> {
    return this.#launcher.active.get(id)?.result ?? this.#awaitResult(id);
  }

  /** The outcome of an execution that does not run here. */
  async #awaitResult(id: string): Promise<ExecutionResult> {
    for (;;) {
      const record = await this.#requireExecution(id);
      if (record.endedAt !== null) return this.#toResult(record);
      if (this.#state === "closed")
        throw new ExecutionError("engine_closed", `The engine was closed while execution ${id} was open.`);
      await new Promise<void>((resolve) => {
        this.#services.timers.set(this.#services.clock.now() + RESULT_POLL_MS, resolve);
      });
    }
  }

  async #toResult(record: ExecutionRecord): Promise<ExecutionResult> {
    const nodes = await this.#storage.listNodes(record.id);
    return createExecutionResult({
      id: record.id,
      status: record.status as ExecutionResult["status"],
      output: record.output,
      error: record.error,
      durationMs: (record.endedAt as number) - (record.startedAt ?? record.createdAt),
      records: () => nodes,
    });
  }

  /** Cancels; durable when it resolves, and no later success overwrites it. @throws ExecutionError `execution_not_found`, `execution_ended` */
  async cancel(id: string, reason?: string): Promise<void> {
    this.#requireStarted();
    const status = await this.#storage.requestCancel(id, reason ?? null, this.#services.clock.now());
    if (status === undefined) throw notFound(id);
    if (status === "completed" || status === "failed")
      throw new ExecutionError("execution_ended", `Execution ${id} has already ${status}.`);
    this.#launcher.active.get(id)?.cancel(reason ?? null);
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
    const { ids, clock, limits } = this.#services;
    const item = {
      id: ids.next(),
      kind: "signal" as const,
      name,
      payload: toPayload(payload, "payload", limits.maxInputBytes),
      key: options.key ?? null,
      at: clock.now(),
    };
    const answer = await this.#storage.addToInbox(id, item, limits.maxInboxSignals);
    switch (answer) {
      case "added":
        this.#launcher.active.get(id)?.receive(item);
        return { duplicate: false };
      case "duplicate":
        return { duplicate: true };
      case "not_found":
        throw notFound(id);
      case "ended":
        throw new ExecutionError("execution_ended", `Execution ${id} has ended and takes no signals.`);
      case "full":
        throw new ExecutionError(
          "inbox_full",
          `Execution ${id} has ${limits.maxInboxSignals} unread signals; nothing waits for them.`,
        );
    }
  }

  /**
   * Decides an approval. Each person counts once; a decision after the outcome is answered with the outcome.
   * @throws ExecutionError `execution_not_found`, `execution_ended`, `wait_not_found`, `permission_denied`
   */
  async decideApproval(
    id: string,
    nodePath: string,
    {
      decision,
      by,
      comment,
    }: { readonly decision: "approve" | "reject"; readonly by: string; readonly comment?: string },
  ): Promise<ApprovalAnswer> {
    this.#requireStarted();
    if (decision !== "approve" && decision !== "reject")
      throw new ConfigurationError("invalid_input", `decision must be "approve" or "reject".`);
    if (typeof by !== "string" || by === "") throw new ConfigurationError("invalid_input", "by must name who decides.");
    const runner = this.#launcher.active.get(id);
    if (runner !== undefined)
      return runner.parking.decide(nodePath, {
        decision,
        by,
        comment: comment ?? null,
        at: this.#services.clock.now(),
      });
    const record = await this.#requireExecution(id);
    throw new ExecutionError(
      record.endedAt === null ? "wait_not_found" : "execution_ended",
      `Execution ${id} is ${record.status} and takes no decision here.`,
    );
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
    if (await this.#storage.unblock(id)) await this.#takeover.sweep();
    return this.#handle(id, undefined);
  }

  /** Starts a new execution that keeps what finished. @throws ExecutionError `execution_completed`, `execution_active`, `node_not_found` */
  async retry(id: string, options: RetryOptions = {}): Promise<ExecutionHandle> {
    this.#requireStarted();
    const record = await this.#requireExecution(id);
    if (record.status === "completed")
      throw new ExecutionError("execution_completed", `Execution ${id} completed; use engine.replay to run it again.`);
    return this.#again(record, { ...options, retryOf: id });
  }

  /** Starts a new execution from the start or from a node, with other input, mocks or version. */
  async replay(id: string, options: ReplayOptions = {}): Promise<ExecutionHandle> {
    this.#requireStarted();
    return this.#again(await this.#requireExecution(id), {
      mode: options.from === undefined ? "restart" : "failed",
      ...options,
      replayOf: id,
    });
  }

  async #again(
    record: ExecutionRecord,
    options: ReplayOptions & RetryOptions & { readonly retryOf?: string; readonly replayOf?: string },
  ): Promise<ExecutionHandle> {
    if (record.endedAt === null)
      throw new ExecutionError("execution_active", `Execution ${record.id} has not ended; cancel it first.`);
    const target = await this.#targetOf(record, options.version);
    const reuse = planReuse({
      plan: target.prepared.plan,
      nodes: await this.#storage.listNodes(record.id),
      steps: await this.#storage.listSteps(record.id),
      options,
    });
    const { retryOf, replayOf } = options;
    const { id, runner } = await this.#launcher.launch(
      target,
      {
        input: options.input ?? record.input,
        metadata: record.metadata,
        priority: record.priority,
        ...(record.tenant === null ? {} : { tenant: record.tenant }),
        ...(record.trigger === null ? {} : { trigger: record.trigger }),
        ...(options.mocks === undefined ? {} : { mocks: options.mocks }),
      },
      { ...reuse, ...(retryOf === undefined ? {} : { retryOf }), ...(replayOf === undefined ? {} : { replayOf }) },
    );
    return this.#handle(id, runner);
  }

  async #targetOf(record: ExecutionRecord, version: number | "latest" | undefined) {
    if (version !== undefined && record.workflowId !== null)
      return this.#launcher.resolve(record.workflowId, version === "latest" ? undefined : version);
    const definition = await this.#storage.getDefinition(record.definitionHash);
    if (definition === undefined)
      throw new ExecutionError("workflow_not_found", `The definition of execution ${record.id} is gone.`);
    const workflow =
      record.workflowId === null || record.workflowVersion === null
        ? null
        : { id: record.workflowId, version: record.workflowVersion };
    return { prepared: this.#compiler.prepare(definition), workflow };
  }

  // ── looking ────────────────────────────────────────────────────────────────

  /** @throws ExecutionError `execution_not_found` */
  getExecution(id: string): Promise<ExecutionRecord> {
    return this.#requireExecution(id);
  }

  /** Newest first, without payloads. */
  listExecutions(filter: ExecutionFilter = {}): Promise<Page<ExecutionSummary>> {
    return this.#storage.listExecutions(filter);
  }

  /** Journal events with `seq > after`. @throws ExecutionError `execution_not_found` */
  async getJournal(
    id: string,
    { after = 0, limit }: { readonly after?: number; readonly limit?: number } = {},
  ): Promise<readonly ExecutionEvent[]> {
    await this.#requireExecution(id);
    if (limit !== undefined) return this.#storage.listEvents(id, { after, limit });
    const events: ExecutionEvent[] = [];
    for (;;) {
      const page = await this.#storage.listEvents(id, { after: events.at(-1)?.seq ?? after, limit: JOURNAL_PAGE_SIZE });
      for (const event of page) events.push(event);
      if (page.length < JOURNAL_PAGE_SIZE) return events;
    }
  }

  /** The last record of each node, bodies included. @throws ExecutionError `execution_not_found` */
  async getNodeExecutions(id: string): Promise<readonly NodeRecord[]> {
    await this.#requireExecution(id);
    return this.#storage.listNodes(id);
  }

  /** Says in one sentence why an execution is not moving, and what would move it. @throws ExecutionError `execution_not_found` */
  async explain(id: string): Promise<string> {
    const record = await this.#requireExecution(id);
    return explainExecution(record, await this.#storage.listNodes(id), await this.#storage.listWaits(id));
  }

  /** Listens to one type of event, or to all with `"*"`. Returns the way to stop. */
  on<Type extends EventType>(type: Type | "*", listener: EventListener<Type>): () => void {
    return this.#services.hub.on(type, listener as EventListener);
  }

  async #requireExecution(id: string): Promise<ExecutionRecord> {
    const record = await this.#storage.getExecution(id);
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

function requireStorage(storage: unknown): void {
  if (typeof (storage as Storage | undefined)?.commit === "function") return;
  throw new ConfigurationError("invalid_configuration", "createEngine needs a storage, such as memoryStorage().");
}

function positive(value: number, name: string): number {
  if (value > 0 && (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY)) return value;
  throw new ConfigurationError("invalid_configuration", `${name} must be a positive integer, not ${String(value)}.`);
}

function notFound(id: string): ExecutionError {
  return new ExecutionError("execution_not_found", `There is no execution "${id}".`);
}
