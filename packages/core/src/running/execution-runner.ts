/**
 * One execution, running here: it owns the scopes, performs what `transition` decides, and writes what happened.
 *
 * Everything to be written is gathered under a ticket number. A commit takes the gathered writes and their ticket;
 * once it is durable, whoever waited for that ticket goes on. Ticket 1 creates the execution, so nothing runs before
 * its start is durable. Which ticket a node has to wait for is the whole of the durability modes.
 */
import type { ExecutionInfo, RunBodyOptions } from "../definition/node-context.js";
import type { ExecutionStatus } from "../definition/status.js";
import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import { ExecutionError, type StorageError } from "../errors/errors.js";
import type { EventDraft, JournalEventType, LiveEventType } from "../events/event.js";
import type { ScopeCommand } from "../execution/command.js";
import type { ExecutionPlan } from "../execution/plan.js";
import { scopeOutput } from "../execution/scope-output.js";
import { NODE } from "../execution/scope-state.js";
import type { CommitOutcome, ExecutionCommit, StorageTransaction } from "../ports/execution-commit.js";
import type {
  ErrorRecord,
  ExecutionRecord,
  InboxItem,
  NodeRecord,
  StepRecord,
  WaitRecord,
} from "../ports/execution-record.js";
import { createDeferred, type Deferred } from "../shared/deferred.js";
import { BodyRunner } from "./body-runner.js";
import type { CommitSource } from "./commit-queue.js";
import { createExecutionResult, type ExecutionResult } from "./execution-result.js";
import type { NodeAttempt } from "./node-attempt.js";
import { NodeRunner } from "./node-runner.js";
import { type ChildEnded, Parking } from "./parking.js";
import { PendingCommit } from "./pending-commit.js";
import { ScopeRunner } from "./scope-runner.js";
import type { EngineServices } from "./services.js";
import type { SlotSeeker } from "./slots.js";
import { writeStart } from "./start-commit.js";
import type { Timer } from "./timers.js";

/** Node starts before the event loop gets a turn. */
const MAX_STARTS_PER_TURN = 2_000;
/** How long `result()` waits for nodes that were told to stop. */
const STOP_GRACE_MS = 5_000;
const DEFAULT_CLEANUP_TIMEOUT_MS = 60_000;
/** A wait from this length on is spent outside memory, in milliseconds. */
const LONG_WAIT_MS = 5_000;
/** The same where others wait for the place: only waits too short to be worth it stay. */
const LONG_WAIT_WITH_LIMITS_MS = 250;

export interface ExecutionRunnerParams {
  readonly services: EngineServices;
  readonly plan: ExecutionPlan;
  readonly record: ExecutionRecord;
  /** Index of the trigger node that fired. */
  readonly trigger?: number | undefined;
  /** Results of an earlier execution to take over, by path. */
  readonly seeds?: ReadonlyMap<string, NodeRecord> | undefined;
  readonly steps?: readonly StepRecord[] | undefined;
  /** Given when the execution is not a new one. */
  readonly resumed?: ResumedFrom | undefined;
  /** It has ended, was dropped, or has left memory to wait; with the result when it has ended. */
  readonly onGone: (runner: ExecutionRunner, result: ExecutionResult | undefined) => void;
  readonly onStatus: (runner: ExecutionRunner, status: ExecutionStatus) => void;
}

/** Where an execution goes on that was not in this process. */
export interface ResumedFrom {
  /** False when it was queued and nothing of it has run. */
  readonly hasBegun: boolean;
  readonly waits: readonly WaitRecord[];
  readonly inbox: readonly InboxItem[];
  /** Time parked so far, up to now. */
  readonly parkedMs: number;
}

/** A commit with a node's code in its transaction; `nodes` and `events` are filled in by then. */
export interface TransactionalCommit {
  readonly nodes: readonly NodeRecord[];
  readonly events: readonly EventDraft[];
  readonly transaction: (opened: StorageTransaction) => Promise<void>;
  readonly onCommitted: () => void;
  readonly onRolledBack: (error: unknown) => void;
}

type Ending = {
  readonly status: "completed" | "failed" | "cancelled";
  readonly output: unknown;
  readonly error: ErrorRecord | null;
};

export class ExecutionRunner implements CommitSource, SlotSeeker {
  readonly services: EngineServices;
  readonly plan: ExecutionPlan;
  readonly id: string;
  readonly input: unknown;
  readonly priority: number;
  readonly info: ExecutionInfo;
  readonly record: ExecutionRecord;
  readonly root: ScopeRunner;
  readonly nodes: NodeRunner;
  readonly parking: Parking;
  readonly bodies: BodyRunner;
  readonly pending = new PendingCommit();
  /** Results to take over, by path. */
  readonly seeds: Map<string, NodeRecord>;
  isFlushRequested = false;
  /** Kept by the launcher: true while it counts against the engine's `concurrency.executions`. */
  holdsSlot = false;
  /** Number of the writes being gathered now. */
  ticket = 1;
  durableTicket = 0;
  lastSeq = 0;
  status: ExecutionStatus = "running";
  /** Attempts that run now, without containers. */
  running = 0;
  retrying = 0;

  readonly #params: ExecutionRunnerParams;
  readonly #started = createDeferred<CommitOutcome>();
  readonly #result = createDeferred<ExecutionResult | undefined>();
  readonly #readyScopes: ScopeRunner[] = [];
  #blockedScopes: ScopeRunner[] = [];
  readonly #tickets: { readonly ticket: number; readonly run: () => void }[] = [];
  readonly #bodyRecords: NodeRecord[] = [];
  #inFlight = 0;
  #isPumping = false;
  #isDeferred = false;
  #isParkCheckPending = false;
  #startsThisTurn = 0;
  #flushTimer: Timer | undefined;
  #timeout: Timer | undefined;
  #timeoutAt: number | undefined;
  #parkedAt: number | undefined;
  #parkedMs = 0;
  #stopping: { readonly status: "failed" | "cancelled"; readonly error: ErrorRecord } | undefined;
  #ending: Ending | undefined;
  #startedAt: number;
  #isFrozen = false;
  #isLeaving = false;
  #hasLeft = false;
  #hasCleanup = false;
  /** Something came while it was leaving memory, and was left to whoever goes on with it. */
  hasMissedNews = false;
  /** True when this worker may still own it in the storage although nothing of it runs here any more. */
  isStray = false;
  /** When it is due, once it has left memory; null when only news moves it. */
  wakeAt: number | null = null;
  /** What its parent is told, once it has ended. */
  endOfChild: InboxItem | undefined;
  #quiet: Deferred<void> | undefined;
  #isDropped = false;
  /** Promises of aborted attempts that have not settled. */
  #abandoned = 0;
  #onAllStopped: (() => void) | undefined;

  constructor(params: ExecutionRunnerParams) {
    const { record, plan, services } = params;
    this.#params = params;
    this.services = services;
    this.plan = plan;
    this.record = record;
    this.id = record.id;
    this.input = record.input;
    this.priority = record.priority;
    this.seeds = new Map(params.seeds);
    this.#startedAt = record.startedAt ?? record.createdAt;
    this.info = Object.freeze({
      id: record.id,
      workflowId: record.workflowId,
      workflowName: record.workflowName,
      workflowVersion: record.workflowVersion,
      tenant: record.tenant,
      metadata: record.metadata,
      startedAt: record.startedAt ?? record.createdAt,
      priority: record.priority,
    });
    this.nodes = new NodeRunner(this);
    this.parking = new Parking(this);
    this.bodies = new BodyRunner(this, params.steps ?? []);
    this.root = new ScopeRunner({
      runner: this,
      plan,
      input: record.input,
      prefix: "",
      baseVariables: Object.freeze({}),
      concurrency: { limit: plan.settings.maxConcurrency ?? Number.POSITIVE_INFINITY, used: 0 },
      onEnded: () => this.#finish(),
    });
    this.#result.promise.catch(() => {});
    this.#started.promise.catch(() => {});
  }

  /** Resolves when the start is durable, with what became of it. */
  get started(): Promise<CommitOutcome> {
    return this.#started.promise;
  }

  /** Resolves when the outcome is durable and running nodes have stopped; to nothing when it has left memory. */
  get result(): Promise<ExecutionResult | undefined> {
    return this.#result.promise;
  }

  get isEnded(): boolean {
    return this.#ending !== undefined || this.#isDropped;
  }

  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** True from the moment at which it gives the execution up until that is written or refused. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** True once the execution waits outside memory: it goes on as another runner. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Creates the execution and starts it, both in one commit. */
  create(): void {
    writeStart(this.pending, this.record, { seeds: this.seeds, steps: this.#params.steps });
    this.begin();
  }

  /** Starts the entries. Nothing of them runs before the start is durable. */
  begin(): void {
    if (this.isEnded) return;
    this.emit("execution.started", {});
    const { timeoutMs } = this.plan.settings;
    if (timeoutMs !== undefined && timeoutMs !== null) this.#armTimeout(this.#startedAt + timeoutMs);
    this.beginScope(this.root, this.#params.trigger);
    this.pump();
    this.requestFlush();
  }

  /** Takes over earlier results, then starts the entries. */
  beginScope(scope: ScopeRunner, trigger?: number): void {
    if (this.seeds.size > 0) this.#restore(scope);
    scope.dispatch({ type: "begin", trigger });
  }

  /** Results in topological order; then failures that nothing handled, the first first, since they drain the scope. */
  #restore(scope: ScopeRunner): void {
    const failures: [node: number, record: NodeRecord][] = [];
    for (const node of scope.plan.order) {
      const record = this.seeds.get(scope.pathOf(node));
      if (record === undefined) continue;
      if (record.status === "completed" || record.handled !== undefined) this.nodes.restore(scope, node, record);
      else if (record.status === "failed" && this.#params.resumed !== undefined) failures.push([node, record]);
    }
    failures.sort(([, a], [, b]) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    for (const [node, record] of failures) this.nodes.restore(scope, node, record);
  }

  /** Goes on with an execution that was queued, waited outside memory, or whose worker died or handed it back. */
  resume(): void {
    const { resumed, record } = this.#params;
    this.ticket = 2;
    this.durableTicket = 1;
    this.lastSeq = record.lastSeq;
    this.#started.resolve({ ok: true, firstSeq: 1 });
    for (const item of resumed?.inbox ?? []) this.parking.keep(item);
    if (resumed?.hasBegun !== true) {
      if (record.cancelRequested !== null) return this.cancel(record.cancelRequested.reason);
      return this.begin();
    }
    this.#parkedMs = resumed.parkedMs;
    for (const wait of resumed.waits) this.parking.expect(wait);
    this.parking.dropStale();
    const { timeoutMs } = this.plan.settings;
    if (timeoutMs !== undefined && timeoutMs !== null)
      this.#armTimeout(Math.max(this.services.clock.now(), this.#startedAt + timeoutMs + this.#parkedMs));
    this.pending.patch({ status: "running", parkedMs: this.#parkedMs, blocked: null });
    this.emit("execution.resumed", {});
    this.beginScope(this.root, this.#params.trigger);
    if (record.cancelRequested !== null) return this.#cancelRestored(record.cancelRequested.reason);
    this.pump();
    this.requestFlush();
  }

  /** Cancels what had begun, without starting anything of it again. */
  #cancelRestored(reason: string | null): void {
    const { root } = this;
    const begun = new Set([...this.seeds.keys()].map((path) => path.split("/")[0]?.replace(/\[.*$/, "")));
    for (const { index: node, id, isContainer } of root.plan.nodes) {
      if (root.state.status[node] !== NODE.ready || !begun.has(id)) continue;
      if (isContainer) root.dispatch({ type: "started", node });
      else if (this.seeds.get(id)?.status === "waiting") {
        this.services.nodeSlots.take();
        root.concurrency.used++;
        this.running++;
        this.nodes.start(root, node);
      }
    }
    for (const [path, seed] of this.seeds) if (seed.status === "waiting") this.#cancelInBody(path, seed);
    this.cancel(reason);
    this.requestFlush();
  }

  /** A node in a body that is not entered again. */
  #cancelInBody(path: string, seed: NodeRecord): void {
    const at = this.services.clock.now();
    const childId = this.parking.takeExpected(path)?.childId;
    this.pending.nodes.push({ ...seed, status: "cancelled", endedAt: at });
    this.pending.endWait(path);
    this.emitNode("node.cancelled", at, path, Math.max(1, seed.attempts), {});
    if (childId != null) void this.services.childOf(childId).cancel("The parent execution was cancelled.");
  }

  // ── what transition decided ────────────────────────────────────────────────

  perform(scope: ScopeRunner, command: ScopeCommand): void {
    switch (command.type) {
      case "start":
        scope.ready.push(command.node);
        this.#queue(scope);
        return;
      case "retry":
        return this.nodes.scheduleRetry(scope, command.node, command.delayMs);
      case "failed":
        return this.nodes.recordFailure(scope, command.node);
      case "skip":
        return this.nodes.recordSkip(scope, command.node);
      case "cancelled":
        return this.nodes.recordCancel(scope, command.node);
      case "abort":
        return this.nodes.abort(scope, command.node);
      case "unpark":
        this.nodes.clearRetry(scope, command.node);
        return this.parking.forget(scope, command.node, "cancelled");
      case "drain":
        return this.#drain(scope, command.node);
      case "ended":
        scope.cleanupTimer?.cancel();
        return scope.onEnded(scope);
    }
  }

  #drain(scope: ScopeRunner, node: number): void {
    this.#armCleanup(scope);
    const attempt = scope.attempts[node];
    for (const body of attempt?.bodies ?? []) body.dispatch({ type: "drain" });
    if (attempt !== undefined || !this.parking.mayBeCancelled(scope, node)) return;
    const unknown = this.parking.unknownOutcomeOf(scope, node);
    if (unknown === undefined) scope.dispatch({ type: "node_cancelled", node });
    else this.nodes.unknownOutcomes.giveUp(unknown);
  }

  /** `always` nodes together have `cleanupTimeoutMs`. */
  #armCleanup(scope: ScopeRunner): void {
    if (scope.cleanupTimer !== undefined || scope.state.phase !== "cleanup") return;
    this.#hasCleanup = true;
    const limitMs = scope.plan.settings.cleanupTimeoutMs ?? DEFAULT_CLEANUP_TIMEOUT_MS;
    scope.cleanupTimer = this.services.timers.set(this.services.clock.now() + limitMs, () => {
      scope.dispatch({ type: "stop" });
      this.pump();
    });
  }

  // ── starting what is ready ─────────────────────────────────────────────────

  #queue(scope: ScopeRunner): void {
    if (scope.isQueued) return;
    scope.isQueued = true;
    this.#readyScopes.push(scope);
  }

  /** Starts whatever is ready while there are slots. */
  pump(): void {
    if (this.#isPumping) return;
    if (this.#isDeferred || this.#isFrozen) return this.nodes.forgetInstant();
    this.#isPumping = true;
    while (this.#readyScopes.length > 0) {
      if (this.#startsThisTurn >= MAX_STARTS_PER_TURN) {
        this.#takeTurn();
        break;
      }
      if (!this.#startNext(this.#readyScopes[0] as ScopeRunner)) break;
    }
    this.#isPumping = false;
    this.nodes.forgetInstant();
    if (!this.isEnded && !this.pending.isEmpty) this.#flushSoon();
    if (this.parking.size > 0) this.checkParked();
  }

  /** Starts one node of the scope; false when no slot is free in this process. */
  #startNext(scope: ScopeRunner): boolean {
    const node = scope.ready.pop();
    if (node === undefined) {
      this.#readyScopes.shift();
      scope.isQueued = false;
      return true;
    }
    if (scope.state.status[node] !== NODE.ready) return true;
    if (scope.state.phase === "cleanup") this.#armCleanup(scope);
    if (!scope.plan.nodes[node]?.isContainer) {
      if (scope.concurrency.used >= scope.concurrency.limit) {
        scope.ready.push(node);
        this.#readyScopes.shift();
        scope.isQueued = false;
        if (!this.#blockedScopes.includes(scope)) this.#blockedScopes.push(scope);
        return true;
      }
      if (!this.services.nodeSlots.tryAcquire()) {
        scope.ready.push(node);
        this.services.nodeSlots.await(this);
        return false;
      }
      scope.concurrency.used++;
      this.running++;
    }
    this.#startsThisTurn++;
    this.nodes.start(scope, node);
    return true;
  }

  slotFree(): void {
    this.pump();
  }

  /** A node gave its slot back. */
  releaseSlot(scope: ScopeRunner): void {
    this.running--;
    if (this.running === 0) this.#quiet?.resolve();
    scope.concurrency.used--;
    if (this.#blockedScopes.length > 0) {
      for (const blocked of this.#blockedScopes) this.#queue(blocked);
      this.#blockedScopes = [];
    }
    this.services.nodeSlots.release();
  }

  #takeTurn(): void {
    this.#isDeferred = true;
    this.services.defer(() => {
      this.#isDeferred = false;
      this.#startsThisTurn = 0;
      this.pump();
    });
  }

  // ── writing ────────────────────────────────────────────────────────────────

  emit(type: JournalEventType, data: unknown): void {
    this.pending.events.push({ seq: 0, type, at: this.services.clock.now(), executionId: this.id, data });
  }

  emitNode(type: JournalEventType, at: number, nodeId: string, attempt: number, data: unknown): void {
    this.pending.events.push({ seq: 0, type, at, executionId: this.id, nodeId, attempt, data });
  }

  emitLive(type: LiveEventType, attempt: NodeAttempt, data: unknown): void {
    const { hub, clock } = this.services;
    if (!hub.hasListeners(type, this.id)) return;
    hub.emit({
      seq: this.lastSeq,
      type,
      at: clock.now(),
      executionId: this.id,
      nodeId: attempt.path,
      attempt: attempt.number,
      data,
    });
  }

  requestFlush(): void {
    this.services.commits.request(this);
  }

  #flushSoon(): void {
    this.#flushTimer ??= this.services.timers.set(this.services.clock.now() + this.services.flushIntervalMs, () => {
      this.#flushTimer = undefined;
      this.requestFlush();
    });
  }

  /** Calls `run` once everything up to this ticket is durable; asks for the flush. */
  afterDurable(ticket: number, run: () => void): void {
    if (ticket <= this.durableTicket) return run();
    this.#tickets.push({ ticket, run });
    if (ticket === this.ticket) this.requestFlush();
  }

  /** Calls `run` once everything gathered so far is durable. */
  afterEverything(run: () => void): void {
    this.afterDurable(this.pending.isEmpty ? this.ticket - 1 : this.ticket, run);
  }

  /** Hands over a commit with a node's code in its transaction; it goes by itself. */
  commitAlone({ nodes, events, transaction, onCommitted, onRolledBack }: TransactionalCommit): void {
    const commit: { -readonly [Key in keyof ExecutionCommit]: ExecutionCommit[Key] } = {
      executionId: this.id,
      epoch: this.record.epoch,
      nodes,
      events,
      transaction: async (opened) => {
        await transaction(opened);
        // Only from here on is it known what is written: sent again, it must not run twice.
        commit.afterSeq = this.lastSeq;
      },
    };
    const runner = this;
    this.services.commits.commitAlone(
      {
        get isDropped() {
          return runner.isDropped;
        },
        committed: (_commit, outcome) => {
          if (outcome.ok) {
            this.#publish(events, outcome.firstSeq);
            return onCommitted();
          }
          if (outcome.reason === "transaction_failed") onRolledBack(outcome.error);
          else this.#refused(commit, outcome);
        },
        commitFailed: (_commit, error) => this.commitFailed(commit, error),
      },
      commit,
    );
  }

  takeCommit(): ExecutionCommit | undefined {
    if (this.pending.isEmpty || this.#isDropped) return undefined;
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    this.#inFlight = this.ticket++;
    return this.pending.take({ executionId: this.id, epoch: this.record.epoch, afterSeq: this.lastSeq });
  }

  committed(commit: ExecutionCommit, outcome: CommitOutcome): void {
    if (!outcome.ok) return this.#refused(commit, outcome);
    this.#publish(commit.events ?? [], outcome.firstSeq);
    this.durableTicket = this.#inFlight;
    if (this.#inFlight === 1) this.#started.resolve(outcome);
    if (commit.park !== undefined) return this.leave();
    let due = 0;
    while (due < this.#tickets.length && (this.#tickets[due] as { ticket: number }).ticket <= this.durableTicket) due++;
    for (const { run } of this.#tickets.splice(0, due)) run();
    this.pump();
  }

  #publish(events: readonly EventDraft[], firstSeq: number): void {
    const { hub } = this.services;
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as EventDraft;
      event.seq = firstSeq + index;
      this.lastSeq = event.seq;
      hub.emit(event);
    }
  }

  #refused(commit: ExecutionCommit, outcome: Extract<CommitOutcome, { ok: false }>): void {
    if (outcome.reason === "duplicate") {
      this.#started.resolve(outcome);
      return this.drop(new ExecutionError("execution_ended", "Another execution has this idempotency key."));
    }
    if (outcome.reason === "limit_reached") {
      this.#started.resolve(outcome);
      return this.drop(new ExecutionError("limit_reached", "The limit of the workflow's concurrency is reached."));
    }
    if (commit.park !== undefined && outcome.reason !== "lease_lost") return void this.#stay(commit);
    if (outcome.reason === "cancel_requested") return this.#cancelWon(commit);
    this.lose(new ExecutionError("lease_lost", `Execution ${this.id} belongs to another worker now.`));
  }

  /** The cancel was durable before the success: what happened stays, the outcome is "cancelled". */
  #cancelWon(commit: ExecutionCommit): void {
    const error: ErrorRecord = { code: "execution_cancelled", message: "The execution was cancelled." };
    this.#ending = { status: "cancelled", output: null, error };
    this.pending.nodes.unshift(...(commit.nodes ?? []));
    this.pending.events.unshift(
      ...(commit.events ?? []).filter(
        (event) => event.type !== "execution.completed" && event.type !== "execution.failed",
      ),
    );
    this.#writeEnding();
  }

  commitFailed(_commit: ExecutionCommit, error: StorageError): void {
    this.#started.reject(error);
    this.isStray = true;
    this.drop(error);
  }

  // ── ending ─────────────────────────────────────────────────────────────────

  /** Stops everything; the outcome is "cancelled". */
  cancel(reason: string | null): void {
    if (this.#isLeaving) this.hasMissedNews = true;
    else this.#stop("cancelled", { code: "execution_cancelled", message: reason ?? "The execution was cancelled." });
  }

  #stop(status: "failed" | "cancelled", error: ErrorRecord): void {
    if (this.isEnded || this.root.isEnded) return;
    this.#stopping = { status, error };
    this.nodes.stopReason = error;
    this.root.dispatch({ type: "stop" });
    this.pump();
  }

  #armTimeout(at: number): void {
    this.#timeoutAt = at;
    this.#timeout = this.services.timers.set(at, () => {
      const limitMs = this.plan.settings.timeoutMs;
      this.#stop("failed", {
        code: "execution_timed_out",
        message: `The execution took longer than settings.timeoutMs (${limitMs} ms).`,
      });
    });
  }

  #finish(): void {
    if (this.#ending !== undefined) return;
    this.#ending = this.#stopping === undefined ? this.#endingOfRoot() : { ...this.#stopping, output: null };
    this.#timeout?.cancel();
    this.#writeEnding();
  }

  #endingOfRoot(): Ending {
    const { firstFailure } = this.root.state;
    if (firstFailure !== undefined) return { status: "failed", output: null, error: firstFailure.error };
    return { status: "completed", output: scopeOutput(this.root.state), error: null };
  }

  #writeEnding(): void {
    const { status, output, error } = this.#ending as Ending;
    const endedAt = this.services.clock.now();
    this.status = status;
    this.pending.patch({ status, output, error, endedAt, blocked: null, parkedMs: this.#parkedMs });
    this.#tellParent(status, error, endedAt);
    this.emit(`execution.${status}`, error === null ? { output } : { error });
    this.afterDurable(this.ticket, () => this.#ended(endedAt));
  }

  /** A parent learns of the end in the same commit. */
  #tellParent(status: Ending["status"], error: ErrorRecord | null, at: number): void {
    const { parent } = this.record;
    if (parent === null) return;
    const payload: ChildEnded = { executionId: this.id, status, error };
    this.endOfChild = { id: `ended:${this.id}`, kind: "child_ended", name: parent.nodePath, payload, key: this.id, at };
    this.pending.deliver(parent.executionId, this.endOfChild);
  }

  #ended(endedAt: number): void {
    this.#flushTimer?.cancel();
    const result = this.#toResult(endedAt);
    const resolve = () => this.#result.resolve(result);
    this.#params.onGone(this, result);
    if (this.#abandoned === 0) return resolve();
    const timer = this.services.timers.set(this.services.clock.now() + STOP_GRACE_MS, () => {
      this.#onAllStopped = undefined;
      resolve();
    });
    this.#onAllStopped = () => {
      timer.cancel();
      resolve();
    };
  }

  #toResult(endedAt: number): ExecutionResult {
    const { status, output, error } = this.#ending as Ending;
    const durationMs = endedAt - this.#startedAt;
    const records = () => [...this.root.records.filter((record) => record !== undefined), ...this.#bodyRecords];
    return createExecutionResult({ id: this.id, status, output, error, durationMs, records });
  }

  /** Starts nothing more; what runs may end. Resolves when nothing runs. */
  freeze(): Promise<void> {
    this.#isFrozen = true;
    if (this.running === 0 || this.isEnded) return Promise.resolve();
    this.#quiet = createDeferred<void>();
    return this.#quiet.promise;
  }

  /** Lets go without writing: the lease is lost or in doubt. The outcome comes from whoever goes on with it. */
  lose(reason: Error): void {
    this.#started.reject(reason);
    this.isStray = true;
    this.leave(reason);
  }

  /** Lets go without writing: the lease is lost, or the engine closes. */
  drop(error: Error): void {
    if (this.#isDropped) return;
    this.#letGo(error);
    this.#result.reject(error);
    this.#params.onGone(this, undefined);
  }

  #letGo(reason?: Error): void {
    this.#isDropped = true;
    this.#flushTimer?.cancel();
    this.#timeout?.cancel();
    this.nodes.abortAll(this.root, reason);
    this.parking.close();
    this.services.nodeSlots.forget(this);
  }

  /** Counts a promise that was told to stop until it does. */
  abandon(promise: PromiseLike<unknown>): void {
    this.#abandoned++;
    const stopped = () => {
      this.#abandoned--;
      if (this.#abandoned === 0) this.#onAllStopped?.();
    };
    // Resolved first: the thenable of a node may throw when it is followed.
    Promise.resolve(promise).then(stopped, stopped);
  }

  /** Keeps the records of a body for the result, up to the limit. */
  keepBodyRecords(records: readonly NodeRecord[]): void {
    const room = this.services.limits.maxResultBodyNodes - this.#bodyRecords.length;
    for (let index = 0; index < records.length && index < room; index++) {
      const record = records[index];
      if (record !== undefined) this.#bodyRecords.push(record);
    }
  }

  // ── being parked ───────────────────────────────────────────────────────────

  /** Looks, once things have calmed down, whether nothing runs and only waits are open. */
  checkParked(): void {
    if (this.#isParkCheckPending || this.status === "waiting") return;
    this.#isParkCheckPending = true;
    this.services.defer(() => {
      this.#isParkCheckPending = false;
      if (
        this.isEnded ||
        this.running > 0 ||
        this.retrying > 0 ||
        this.#readyScopes.length > 0 ||
        !this.parking.isAllWaiting
      )
        return;
      this.#park();
    });
  }

  #park(): void {
    if (this.status === "waiting") return;
    const at = this.services.clock.now();
    const isClockStopped = !this.parking.hasChildren;
    this.#setStatus("waiting");
    const { blocked } = this.parking;
    this.pending.patch({ status: "waiting", blocked, parkedMs: this.#parkedMs });
    this.emit("execution.waiting", { waits: this.parking.describe(), isClockStopped });
    if (blocked !== null) this.emit("execution.blocked", blocked);
    if (isClockStopped) {
      this.#parkedAt = at;
      this.#timeout?.cancel();
    }
    this.#leaveIfLong(at);
    this.requestFlush();
  }

  /** A long wait is spent outside memory; one that holds back others of its limit, too. */
  #leaveIfLong(at: number): void {
    if (this.#isFrozen || this.#hasCleanup || this.#stopping !== undefined) return;
    const timeoutAt = this.#parkedAt === undefined ? (this.#timeoutAt ?? null) : null;
    const dueAt = this.parking.nextDueAt;
    const wakeAt = dueAt === null ? timeoutAt : timeoutAt === null ? dueAt : Math.min(dueAt, timeoutAt);
    const longFromMs = this.record.limits === null ? LONG_WAIT_MS : LONG_WAIT_WITH_LIMITS_MS;
    if (wakeAt !== null && wakeAt - at < longFromMs) return;
    this.#isLeaving = true;
    this.wakeAt = wakeAt;
    this.pending.park({ wakeAt, knownInbox: this.parking.unreadIds });
  }

  /** Goes on as another runner: it waits where nobody owns it, or it was handed over. */
  leave(reason?: Error): void {
    if (this.#isDropped) return;
    this.#isLeaving = false;
    this.#hasLeft = true;
    this.#letGo(reason);
    this.#result.resolve(undefined);
    this.#params.onGone(this, undefined);
  }

  /** Parking was refused, since something came: it is read, and the execution stays. */
  async #stay(commit: ExecutionCommit): Promise<void> {
    this.pending.takeBack(commit);
    try {
      const news = await this.services.readNews(this.id);
      this.#isLeaving = false;
      this.hasMissedNews = false;
      if (this.isEnded) return;
      for (const item of news.inbox) this.receive(item);
      if (news.cancelRequested !== null) return this.cancel(news.cancelRequested.reason);
      this.parking.catchUp();
      if (this.status === "waiting" && this.parking.isAllWaiting) this.#leaveIfLong(this.services.clock.now());
      this.requestFlush();
    } catch (error) {
      this.lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Something that was waited for came. */
  wake(): void {
    if (this.status !== "waiting") return;
    this.#setStatus("running");
    this.pending.patch({ status: "running", blocked: null });
    this.emit("execution.resumed", {});
    if (this.#parkedAt === undefined) return;
    const parkedMs = this.services.clock.now() - this.#parkedAt;
    this.#parkedAt = undefined;
    this.#parkedMs += parkedMs;
    if (this.#timeoutAt !== undefined) this.#armTimeout(this.#timeoutAt + parkedMs);
  }

  /** A child started or stopped waiting. */
  childMoved(): void {
    if (this.isEnded) return;
    if (this.status === "waiting" && !this.parking.isAllWaiting) this.wake();
    else this.checkParked();
  }

  #setStatus(status: ExecutionStatus): void {
    this.status = status;
    this.#params.onStatus(this, status);
  }

  // ── what nodes ask for ─────────────────────────────────────────────────────

  runStep<Value>(attempt: NodeAttempt, name: string, run: () => Value | Promise<Value>): Promise<Value> {
    return this.bodies.runStep(attempt, name, run);
  }

  runBody(params: {
    readonly attempt: NodeAttempt;
    readonly definition: WorkflowDefinition;
    readonly input: unknown;
    readonly key: string;
    readonly options: RunBodyOptions;
    readonly variables: Readonly<Record<string, unknown>>;
  }): Promise<unknown> {
    return this.bodies.runBody(params);
  }

  /** A signal, decision or answer came. */
  receive(item: InboxItem): void {
    if (this.#isLeaving) this.hasMissedNews = true;
    else if (!this.isEnded) this.parking.receive(item);
  }
}
