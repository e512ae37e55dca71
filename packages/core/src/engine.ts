import type { EngineHealth } from "./coordination/engine-health.js";
import type { EngineOptions } from "./coordination/engine-options.js";
import { explainExecution } from "./coordination/explain.js";
import { parseAfter, parseListOptions } from "./coordination/look-options.js";
import type { MigrationReport } from "./coordination/rerunning/migration.js";
import { readJournal } from "./coordination/rerunning/reruns.js";
import type { ReplayOptions, RetryOptions } from "./coordination/rerunning/reuse.js";
import type { Schedules } from "./coordination/schedules/schedules.js";
import type { ExecuteOptions } from "./coordination/starting/execute-options.js";
import type { ExecutionHandle } from "./coordination/starting/execution-handle.js";
import type { PreparedWorkflow } from "./coordination/starting/workflow-compiler.js";
import { streamEvents } from "./coordination/watching/event-stream.js";
import type { NodeType } from "./definition/node-type.js";
import type { WorkflowDefinition } from "./definition/workflow-definition.js";
import { EngineParts } from "./engine-parts.js";
import { ConfigurationError, ExecutionError } from "./errors/errors.js";
import type { EventType, ExecutionEvent } from "./events/event.js";
import type { EventListener } from "./events/event-hub.js";
import type { ApprovalAnswer } from "./execution/approval.js";
import { compileTemplate } from "./expressions/compile-template.js";
import { startScope } from "./expressions/start-scope.js";
import type { ExecutionRecord, ExecutionSummary, NodeRecord } from "./ports/execution-record.js";
import type { ExecutionFilter, Page, Storage, WorkflowRecord } from "./ports/storage.js";
import type { ExecutionResult } from "./running/execution/execution-result.js";
import type { ExecutionRunner } from "./running/execution/execution-runner.js";

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

/** Runs workflows. Made by {@link createEngine}. */
export class Engine {
  readonly #parts: EngineParts;
  readonly #storage: Storage;

  constructor(options: EngineOptions) {
    this.#parts = new EngineParts(options);
    this.#storage = options.storage;
  }

  /** Cron rows that start executions. */
  get schedules(): Schedules {
    return this.#parts.schedules;
  }

  // ── life ───────────────────────────────────────────────────────────────────

  /** Opens the storage. Idempotent. @throws StorageError `migration_failed`, `storage_unavailable` */
  start(): Promise<void> {
    return this.#parts.start();
  }

  /**
   * Claims nothing new, lets running nodes end until the deadline (10 s), aborts the rest. Idempotent. A storage that does
   * not answer is waited for until 2 s after the deadline: leases that could not be handed back end by themselves.
   */
  close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    return this.#parts.close(options.deadlineMs ?? DEFAULT_CLOSE_DEADLINE_MS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** How this engine is doing, from what is known at this moment; never throws. */
  health(): EngineHealth {
    return this.#parts.health();
  }

  // ── running ────────────────────────────────────────────────────────────────

  /** Validates and compiles a definition, so that running it again costs nothing of that. @throws DefinitionError */
  prepare(definition: WorkflowDefinition): PreparedWorkflow {
    return this.#parts.compiler.prepare(definition);
  }

  /**
   * Starts an execution; resolves when its start is durable.
   * @throws DefinitionError, ConfigurationError `invalid_input`, `capability_missing`, `trigger_required`, ExecutionError `workflow_not_found`, `engine_closed`, `dispatcher_unavailable`
   */
  async execute(
    target: WorkflowDefinition | PreparedWorkflow | string,
    options: ExecuteOptions = {},
  ): Promise<ExecutionHandle> {
    const { id, runner } = await this.#parts.launch(target, options);
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
    return compileTemplate(text, undefined, this.#parts.compiler.functions).evaluate(startScope(input));
  }

  #events(executionId: string, after: number): AsyncIterable<ExecutionEvent> {
    const { hub, limits } = this.#parts.services;
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
    const runner = this.#parts.active.get(id);
    return runner === undefined ? this.#parts.watch.resultOf(id) : this.#resultFrom(runner);
  }

  /** Cancels; durable when it resolves, and no later success overwrites it. @throws ExecutionError `execution_not_found`, `execution_ended` */
  async cancel(id: string, reason?: string): Promise<void> {
    this.#parts.requireStarted();
    if (reason !== undefined && reason !== null && typeof reason !== "string")
      throw new ConfigurationError("invalid_input", "The reason of a cancel must be a text.");
    const status = await this.#parts.active.cancel(id, reason ?? null);
    await this.#parts.sweeper.settled();
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
    this.#parts.requireStarted();
    return this.#parts.messages.signal(id, name, payload, options.key ?? null);
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
    this.#parts.requireStarted();
    return this.#parts.messages.decide(id, nodePath, decision);
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
    this.#parts.requireStarted();
    return this.#parts.messages.resolveUnknown(id, nodePath, resolution);
  }

  /**
   * Frees a blocked or quarantined execution and goes on with it.
   * @throws ExecutionError `execution_not_found`, `execution_ended`
   */
  async resume(id: string): Promise<ExecutionHandle> {
    this.#parts.requireStarted();
    const record = await this.#requireExecution(id);
    if (record.endedAt !== null)
      throw new ExecutionError("execution_ended", `Execution ${id} has ended; use engine.retry to run it again.`);
    await this.#storage.unblock(id);
    if (this.#parts.active.get(id) === undefined) await this.#parts.sweeper.take(id);
    return this.#handle(id, undefined);
  }

  /** Starts a new execution that keeps what finished. @throws ExecutionError `execution_completed`, `execution_active`, `node_not_found` */
  async retry(id: string, options: RetryOptions = {}): Promise<ExecutionHandle> {
    this.#parts.requireStarted();
    const { id: newId, runner } = await this.#parts.reruns.retry(await this.#requireExecution(id), options);
    return this.#handle(newId, runner);
  }

  /** Starts a new execution from the start or from a node, with other input, mocks or version. */
  async replay(id: string, options: ReplayOptions = {}): Promise<ExecutionHandle> {
    this.#parts.requireStarted();
    const { id: newId, runner } = await this.#parts.reruns.replay(await this.#requireExecution(id), options);
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
    this.#parts.requireStarted();
    return this.#parts.reruns.migrate(await this.#requireExecution(id), options);
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
    return this.#parts.services.hub.on(type, listener as EventListener);
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
    this.#parts.requireStarted();
    const { definition: copy, hash } = this.#parts.compiler.prepare(definition);
    const id = typeof copy.id === "string" && copy.id !== "" ? copy.id : this.#parts.services.ids.next();
    const saved = await this.#storage.saveWorkflow({
      id,
      hash,
      name: copy.name ?? null,
      definition: copy,
      createdAt: this.#parts.services.clock.now(),
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
    return this.#parts.registry.list();
  }
}

function notFound(id: string): ExecutionError {
  return new ExecutionError("execution_not_found", `There is no execution "${id}".`);
}
