/**
 * One execution, running here. This is its owner: it holds the parts, begins, goes on and lets go, and is what the
 * rest of the engine sees of it. Each part keeps a state of its own:
 *
 * - `root`, a scope with the bodies below it, asks `transition` and has its commands performed;
 * - `starter` starts what is ready as slots allow, `nodes` runs it, `parking` keeps what waits;
 * - `writer` gathers what happened and says when it is durable;
 * - `executionClock` is the time limit, `departure` the way out of memory, `handOver` the way to a worker that offers
 *   what a node needs, `outcome` the end.
 *
 * It begins or goes on → runs or waits → ends, leaves memory to go on as another runner, or is dropped: its lease is
 * lost, or the engine closes. `onGone` is called once, whichever it is.
 */
import type { ExecutionInfo } from "../../definition/node-context.js";
import type { ExecutionStatus } from "../../definition/status.js";
import type { ExecutionPlan } from "../../execution/plan.js";
import type { CommitOutcome } from "../../ports/execution-commit.js";
import type { ExecutionRecord, InboxItem, NodeRecord, StepRecord } from "../../ports/execution-record.js";
import type { ExecutionMask } from "../attempt/masking/execution-mask.js";
import { ExecutionWriter } from "../commit/execution-writer.js";
import { writeStart } from "../commit/start-commit.js";
import { NodeRunner } from "../node/node-runner.js";
import { BodyRunner } from "../scope/body-runner.js";
import { RecordedValues } from "../scope/recorded-values.js";
import { ScopeRunner } from "../scope/scope-runner.js";
import { StepRunner } from "../scope/step-runner.js";
import type { EngineServices } from "../services.js";
import { Parking } from "../waiting/parking.js";
import { Departure } from "./departure.js";
import { ExecutionClock } from "./execution-clock.js";
import type { ExecutionResult } from "./execution-result.js";
import { HandOver } from "./hand-over.js";
import { NodeStarter } from "./node-starter.js";
import { Outcome } from "./outcome.js";
import { type ResumedFrom, restoreResults, resumeExecution } from "./resumption.js";

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

export class ExecutionRunner {
  readonly services: EngineServices;
  readonly plan: ExecutionPlan;
  readonly id: string;
  readonly input: unknown;
  readonly info: ExecutionInfo;
  readonly record: ExecutionRecord;
  readonly writer: ExecutionWriter;
  readonly starter: NodeStarter;
  readonly executionClock: ExecutionClock;
  readonly departure: Departure;
  readonly handOver: HandOver;
  readonly outcome: Outcome;
  readonly nodes: NodeRunner;
  readonly parking: Parking;
  readonly steps: StepRunner;
  readonly bodies: BodyRunner;
  readonly root: ScopeRunner;
  /** Results to take over, by path. */
  readonly seeds: Map<string, NodeRecord>;
  /** Known once one of its nodes has read a credential here: what is hidden in all that leaves its nodes. */
  mask: ExecutionMask | undefined;
  status: ExecutionStatus = "running";
  /** Kept by the launcher: true while it counts against the engine's `concurrency.executions`. */
  holdsSlot = false;
  /** True when this worker may still own it in the storage although nothing of it runs here any more. */
  isStray = false;
  readonly #params: ExecutionRunnerParams;
  #isDropped = false;

  constructor(params: ExecutionRunnerParams) {
    const { record, plan, services } = params;
    this.#params = params;
    this.services = services;
    this.plan = plan;
    this.record = record;
    this.id = record.id;
    this.input = record.input;
    this.info = toInfo(record);
    this.seeds = new Map(params.seeds);
    this.mask = services.keptMasks.take(record.id);
    this.writer = new ExecutionWriter(this);
    this.starter = new NodeStarter(this);
    this.executionClock = new ExecutionClock(this);
    this.departure = new Departure(this);
    this.handOver = new HandOver(this);
    this.outcome = new Outcome(this);
    this.nodes = new NodeRunner(this);
    this.parking = new Parking(this);
    const recorded = new RecordedValues(this.writer.pending, params.steps ?? []);
    this.steps = new StepRunner(this, recorded);
    this.bodies = new BodyRunner(this, recorded);
    this.root = new ScopeRunner({
      runner: this,
      plan,
      input: record.input,
      prefix: "",
      baseVariables: Object.freeze({}),
      concurrency: { limit: plan.settings.maxConcurrency ?? Number.POSITIVE_INFINITY, used: 0 },
      onEnded: () => this.outcome.finish(),
    });
  }

  // ── what others see of it ──────────────────────────────────────────────────

  get priority(): number {
    return this.record.priority;
  }

  /** Resolves when the start is durable, with what became of it. */
  get started(): Promise<CommitOutcome> {
    return this.writer.started;
  }

  /** Resolves when the outcome is durable and running nodes have stopped; to nothing when it has left memory. */
  get result(): Promise<ExecutionResult | undefined> {
    return this.outcome.result;
  }

  /** True once its outcome is known, or it was let go. */
  get isEnded(): boolean {
    return this.outcome.isKnown || this.#isDropped;
  }

  /** True once it was let go: nothing of it is written any more. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** True once the execution waits outside memory: it goes on as another runner. */
  get hasLeft(): boolean {
    return this.departure.hasLeft;
  }

  /** True once it has left for a worker that offers what it needs. */
  get isHandedOver(): boolean {
    return this.handOver.isDone;
  }

  /** Something came while it was leaving memory, and was left to whoever goes on with it. */
  get hasMissedNews(): boolean {
    return this.departure.hasMissedNews;
  }

  /** When it is due, once it has left memory; null when only news moves it. */
  get wakeAt(): number | null {
    return this.departure.wakeAt;
  }

  /** What its parent is told, once it has ended. */
  get endOfChild(): InboxItem | undefined {
    return this.outcome.endOfChild;
  }

  // ── beginning and going on ─────────────────────────────────────────────────

  /** Creates the execution and starts it, both in one commit. */
  create(): void {
    writeStart(this.writer.pending, this.record, { seeds: this.seeds, steps: this.#params.steps });
    this.begin();
    this.writer.requestFlush();
  }

  /** Starts the entries. Nothing of them runs before the creation is durable. */
  begin(): void {
    if (this.isEnded) return;
    this.writer.emit("execution.started", {});
    this.executionClock.begin();
    this.beginRoot();
    this.starter.pump();
  }

  /** Goes on with an execution that was queued, waited outside memory, or whose worker died or handed it back. */
  resume(): void {
    resumeExecution(this, this.#params.resumed);
  }

  beginRoot(): void {
    this.beginScope(this.root, this.#params.trigger);
  }

  /** Takes over earlier results, then starts the entries. */
  beginScope(scope: ScopeRunner, trigger?: number): void {
    if (this.seeds.size > 0) restoreResults(scope, { isResumed: this.#params.resumed !== undefined });
    scope.dispatch({ type: "begin", trigger });
  }

  // ── while it runs ──────────────────────────────────────────────────────────

  /** Stops everything; the outcome is "cancelled". */
  cancel(reason: string | null): void {
    if (this.departure.isLeaving) return this.departure.missNews();
    this.outcome.stop("cancelled", {
      code: "execution_cancelled",
      message: reason ?? "The execution was cancelled.",
    });
  }

  /** A signal, decision or answer came. */
  receive(item: InboxItem): void {
    if (this.departure.isLeaving) this.departure.missNews();
    else if (!this.isEnded) this.parking.receive(item);
  }

  /** Starts nothing more; what runs may end. Resolves when nothing runs. */
  freeze(): Promise<void> {
    return this.starter.freeze();
  }

  setStatus(status: ExecutionStatus): void {
    this.status = status;
    this.#params.onStatus(this, status);
  }

  // ── letting go ─────────────────────────────────────────────────────────────

  /** Tells the engine that nothing of it runs here any more. */
  gone(result: ExecutionResult | undefined): void {
    this.#params.onGone(this, result);
  }

  /** Goes on as another runner: it waits where nobody owns it, or it was handed over. */
  leave(reason?: Error): void {
    if (this.#isDropped) return;
    if (this.mask !== undefined) this.services.keptMasks.keep(this.id, this.mask);
    this.departure.complete();
    this.#letGo(reason);
    this.outcome.leaveOpen();
    this.gone(undefined);
  }

  /** Lets go without writing: the lease is lost or in doubt. The outcome comes from whoever goes on with it. */
  lose(reason: Error): void {
    this.writer.failStart(reason);
    this.isStray = true;
    this.leave(reason);
  }

  /** Lets go without writing: the lease is lost, or the engine closes. */
  drop(error: Error): void {
    if (this.#isDropped) return;
    this.#letGo(error);
    this.outcome.fail(error);
    this.gone(undefined);
  }

  #letGo(reason?: Error): void {
    this.#isDropped = true;
    this.writer.stopFlushTimer();
    this.executionClock.close();
    this.nodes.abortAll(this.root, reason);
    this.parking.close();
    this.starter.close();
  }
}

function toInfo(record: ExecutionRecord): ExecutionInfo {
  return Object.freeze({
    id: record.id,
    workflowId: record.workflowId,
    workflowName: record.workflowName,
    workflowVersion: record.workflowVersion,
    tenant: record.tenant,
    metadata: record.metadata,
    startedAt: record.startedAt ?? record.createdAt,
    priority: record.priority,
  });
}
