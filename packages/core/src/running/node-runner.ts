import { isWait, type WaitOutcome } from "../definition/wait.js";
import type { Effects } from "../definition/workflow-definition.js";
import { AutomatrixError } from "../errors/errors.js";
import { retryAfterMsOf, retryabilityOf, toErrorRecord } from "../execution/error-record.js";
import { strictestEffects } from "../execution/plan.js";
import type { ErrorRecord, NodeMock, NodeRecord } from "../ports/execution-record.js";
import { ignoreRejection } from "../shared/ignore-rejection.js";
import { toPlainJson } from "../shared/plain-json.js";
import { AttemptContext } from "./attempt-context.js";
import type { ExecutionRunner } from "./execution-runner.js";
import { ExpressionView } from "./expression-view.js";
import { NodeAttempt } from "./node-attempt.js";
import { type NodeOutput, toNodeOutput } from "./node-output.js";
import type { NodeNotes, ScopeRunner } from "./scope-runner.js";
import { TransactionRunner } from "./transaction-runner.js";
import { UnknownOutcomes } from "./unknown-outcomes.js";

/** Starts nodes, watches their attempts, and records what became of them. */
export class NodeRunner {
  readonly #runner: ExecutionRunner;
  /** The instant read last, while no code of a node has run since; 0 otherwise. */
  #at = 0;
  /** Why everything is being stopped. */
  stopReason: ErrorRecord | undefined;
  readonly unknownOutcomes: UnknownOutcomes;
  readonly transactions: TransactionRunner;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
    this.unknownOutcomes = new UnknownOutcomes(runner);
    this.transactions = new TransactionRunner(runner);
  }

  /** Code of others runs from here on: the instant read last no longer holds. */
  forgetInstant(): void {
    this.#at = 0;
  }

  // ── starting ───────────────────────────────────────────────────────────────

  start(scope: ScopeRunner, node: number): void {
    const runner = this.#runner;
    const planned = scope.plan.nodes[node] as (typeof scope.plan.nodes)[number];
    const at = this.#at === 0 ? runner.services.clock.now() : this.#at;
    scope.dispatch({ type: "started", node });
    if (runner.seeds.size > 0 && this.#goOn(scope, node)) return;
    this.#begin(new NodeAttempt(scope, planned, (scope.state.attempts[node] as number) + 1, at));
  }

  /** Starts the same attempt anew: it is known not to have taken place. Keeps the slot of the other. */
  restart({ scope, node, number }: NodeAttempt): void {
    const at = this.#runner.services.clock.now();
    // A node's time limit does not count the time between its worker's death and now.
    if (node.timeoutMs !== undefined) scope.noteOn(node.index).firstStartedAt = at;
    this.#begin(new NodeAttempt(scope, node, number, at));
    this.#runner.pump();
  }

  #begin(attempt: NodeAttempt): void {
    const runner = this.#runner;
    const { scope, node: planned, startedAt: at } = attempt;
    const node = planned.index;
    scope.attempts[node] = attempt;
    const notes = scope.notesOf(node);
    const outcome = notes?.outcome;
    if (outcome === undefined)
      runner.emitNode("node.started", at, attempt.path, attempt.number, this.#startData(scope, node));
    else (notes as NodeNotes).outcome = undefined;
    const mock = this.#mockOf(attempt);
    if (mock !== undefined) return this.#afterBarrier(attempt, "pure", () => this.#answer(attempt, mock));
    const effects = planned.effects ?? this.#effectsOf(attempt);
    if (effects === undefined) return;
    attempt.effects = effects;
    if (effects !== "pure") scope.noteOn(node).hasEffects = true;
    if (effects === "once" && !this.#writeIntent(attempt)) return;
    this.#afterBarrier(attempt, effects, () => this.#invoke(attempt, outcome));
  }

  /** Parameters first: what cannot be resolved is no call. False when that failed the attempt. */
  #writeIntent(attempt: NodeAttempt): boolean {
    try {
      this.resolveParameters(attempt, new AttemptContext(attempt));
    } catch (error) {
      this.fail(attempt, error);
      return false;
    }
    const { path, number } = attempt;
    const startedAt = this.firstStart(attempt);
    this.#runner.pending.nodes.push({ path, status: "running", attempts: number, startedAt, endedAt: null });
    return true;
  }

  /** Goes on from where an earlier worker left the node; false when it simply starts. */
  #goOn(scope: ScopeRunner, node: number): boolean {
    const { seeds } = this.#runner;
    const seed = seeds.get(scope.pathOf(node));
    if (seed === undefined) return false;
    if (seed.status === "waiting" && this.#goOnWaiting(scope, node)) return true;
    if (seed.status === "pending") {
      seeds.delete(seed.path);
      scope.dispatch({ type: "started", node, attempts: seed.attempts + 1 });
      return false;
    }
    return this.unknownOutcomes.recover(scope, node, seed);
  }

  /** A node that waited when its worker died waits on; false when there is nothing to go on with. */
  #goOnWaiting(scope: ScopeRunner, node: number): boolean {
    const runner = this.#runner;
    const path = scope.pathOf(node);
    const seed = runner.seeds.get(path);
    if (seed?.status !== "waiting") return false;
    runner.seeds.delete(path);
    const startedAt = seed.startedAt ?? runner.services.clock.now();
    scope.noteOn(node).firstStartedAt = startedAt;
    this.#armNodeTimeout(scope, node, startedAt);
    if (seed.nextAttemptAt !== undefined && seed.error !== undefined) {
      this.#releaseSlot(scope, node);
      scope.dispatch({ type: "retry_restored", node, attempts: seed.attempts, error: seed.error });
      this.#awaitRetry(scope, node, seed.nextAttemptAt);
      return true;
    }
    const wait = runner.parking.takeExpected(path);
    if (wait === undefined) return false;
    this.#releaseSlot(scope, node);
    if (wait.kind === "unknown_outcome") this.clearNodeTimeout(scope, node);
    runner.parking.restore({ scope, node, record: wait, attempts: seed.attempts, error: seed.error });
    return true;
  }

  #releaseSlot(scope: ScopeRunner, node: number): void {
    if (scope.plan.nodes[node]?.isContainer !== true) this.#runner.releaseSlot(scope);
  }

  /** Of an `any` or `quorum` join, also which sources decided it. */
  #startData(scope: ScopeRunner, node: number): unknown {
    const planned = scope.plan.nodes[node] as (typeof scope.plan.nodes)[number];
    const edges = scope.state.decidedEdges?.get(node);
    if (edges === undefined) return planned.startData;
    return {
      ...planned.startData,
      sources: edges.map((edge) => scope.plan.nodes[scope.plan.graph.source[edge] as number]?.id),
    };
  }

  /** Runs `then` once the results that this start may rely on are durable. */
  #afterBarrier(attempt: NodeAttempt, effects: Effects, then: () => void): void {
    const runner = this.#runner;
    const ticket = Math.max(1, this.#barrierOf(attempt, effects));
    if (ticket <= runner.durableTicket) return then();
    runner.afterDurable(ticket, () => {
      if (!attempt.isSettled) then();
    });
  }

  #barrierOf(attempt: NodeAttempt, effects: Effects): number {
    const { durability } = this.#runner.services;
    if (effects === "once") return this.#runner.ticket;
    if (durability === "outcome" || (durability === "barrier" && effects === "pure")) return 1;
    return attempt.scope.requiredMark(attempt.node.index);
  }

  /** Effects that depend on the parameters; undefined when those cannot be resolved, and the attempt has failed. */
  #effectsOf(attempt: NodeAttempt): Effects | undefined {
    try {
      const parameters = this.resolveParameters(attempt, new AttemptContext(attempt));
      const effects = (attempt.node.type.effects as (parameters: unknown) => Effects)(parameters);
      return strictestEffects(effects, attempt.node.definition.effects);
    } catch (error) {
      this.fail(attempt, error);
      return undefined;
    }
  }

  resolveParameters(attempt: NodeAttempt, ctx: AttemptContext): Readonly<Record<string, unknown>> {
    attempt.parameters ??= attempt.node.parameters.resolve(new ExpressionView(ctx));
    return attempt.parameters;
  }

  #mockOf(attempt: NodeAttempt): NodeMock | undefined {
    const { mocks } = this.#runner.record;
    if (mocks === null) return undefined;
    const { path } = attempt;
    for (const key of [path, path.replace(/\[[^\]]*\]/g, ""), attempt.node.id])
      if (Object.hasOwn(mocks, key)) return mocks[key];
    return undefined;
  }

  #answer(attempt: NodeAttempt, mock: NodeMock): void {
    if ("error" in mock && mock.error !== undefined) return this.fail(attempt, toMockError(mock.error));
    const { output = null, port } = mock as { output?: unknown; port?: string };
    if (port !== undefined) attempt.emitted = new Map([[port, output]]);
    this.#succeed(attempt, output, undefined);
  }

  #invoke(attempt: NodeAttempt, outcome: WaitOutcome | undefined): void {
    const { type, parameters } = attempt.node;
    this.#at = 0;
    try {
      this.#armTimeouts(attempt);
      const ctx = new AttemptContext(attempt);
      if (attempt.parameters === undefined) {
        if (parameters.isStatic) attempt.parameters = parameters.resolve(undefined as never);
        else this.resolveParameters(attempt, ctx);
      }
      if (attempt.effects === "once") attempt.once = { isVerifying: false };
      const returned = outcome === undefined ? type.execute(ctx) : type.resume?.(ctx, outcome);
      if (isThenable(returned)) this.#follow(attempt, returned, ctx);
      else this.#succeed(attempt, returned, ctx);
    } catch (error) {
      this.fail(attempt, error);
    }
  }

  #follow(attempt: NodeAttempt, promise: PromiseLike<unknown>, ctx: AttemptContext): void {
    attempt.promise = promise;
    promise.then(
      (value) => {
        attempt.promise = undefined;
        this.#succeed(attempt, value, ctx);
      },
      (error: unknown) => {
        attempt.promise = undefined;
        this.fail(attempt, error);
      },
    );
  }

  #armTimeouts(attempt: NodeAttempt): void {
    const { scope, node } = attempt;
    const { timers, clock } = this.#runner.services;
    if (node.attemptTimeoutMs !== undefined) {
      const error = new AutomatrixError(
        "attempt_timed_out",
        `Attempt ${attempt.number} of node "${attempt.path}" took longer than attemptTimeoutMs (${node.attemptTimeoutMs} ms).`,
      );
      attempt.timeout = timers.set(clock.now() + node.attemptTimeoutMs, () => this.timeOut(attempt, error));
    }
    this.#armNodeTimeout(scope, node.index, attempt.startedAt);
  }

  #armNodeTimeout(scope: ScopeRunner, node: number, startedAt: number): void {
    const timeoutMs = scope.plan.nodes[node]?.timeoutMs;
    if (timeoutMs === undefined) return;
    const notes = scope.noteOn(node);
    notes.firstStartedAt ??= startedAt;
    notes.timeout ??= this.#runner.services.timers.set(notes.firstStartedAt + timeoutMs, () =>
      this.#timeOutNode(scope, node),
    );
  }

  /** When the node with all its attempts and waits times out; null when it has no limit. */
  timeoutAtOf(scope: ScopeRunner, node: number): number | null {
    const timeoutMs = scope.plan.nodes[node]?.timeoutMs;
    const startedAt = scope.notesOf(node)?.firstStartedAt;
    return timeoutMs === undefined || startedAt === undefined ? null : startedAt + timeoutMs;
  }

  timeOut(attempt: NodeAttempt, error: AutomatrixError): void {
    if (attempt.isSettled || attempt.transaction?.isCommitting === true) return;
    this.stopAttempt(attempt, error);
    this.fail(attempt, error);
  }

  /** The node with all its attempts, delays and waits took too long. */
  #timeOutNode(scope: ScopeRunner, node: number): void {
    if (this.#runner.isLeaving) return;
    const planned = scope.plan.nodes[node] as (typeof scope.plan.nodes)[number];
    const error = new AutomatrixError(
      "node_timed_out",
      `Node "${scope.pathOf(node)}" took longer than timeoutMs (${planned.timeoutMs} ms) with all its attempts.`,
    );
    const attempt = scope.attempts[node];
    if (attempt !== undefined) return this.timeOut(attempt, error);
    this.clearRetry(scope, node);
    this.#runner.parking.forget(scope, node, "timed_out");
    this.#runner.wake();
    this.failNode(scope, node, error);
  }

  // ── results ────────────────────────────────────────────────────────────────

  /** Completes an attempt of which the result is known without its function. */
  succeed(attempt: NodeAttempt, output: unknown): void {
    this.#succeed(attempt, output, undefined);
  }

  #succeed(attempt: NodeAttempt, returned: unknown, ctx: AttemptContext | undefined): void {
    if (attempt.isSettled) return;
    attempt.hasReturned = true;
    if (attempt.transaction !== undefined) return this.transactions.end(attempt, returned);
    try {
      if (isWait(returned)) return this.#park(attempt, returned);
      const output = toNodeOutput(attempt, returned, ctx?.knownInput);
      if (attempt.variables !== undefined) attempt.variables = this.variablesOf(attempt);
      if (!isThenable(output)) return this.#complete(attempt, output as NodeOutput);
      (output as Promise<NodeOutput>).then(
        (stored) => attempt.isSettled || this.#complete(attempt, stored),
        (error: unknown) => this.fail(attempt, error),
      );
    } catch (error) {
      this.fail(attempt, error);
    }
  }

  /** Variables that the attempt set, as plain JSON. @throws AutomatrixError `output_not_serializable` */
  variablesOf(attempt: NodeAttempt): Record<string, unknown> | undefined {
    if (attempt.variables === undefined) return undefined;
    try {
      return toPlainJson(attempt.variables, { maxBytes: this.#runner.services.limits.maxOutputBytes }) as Record<
        string,
        unknown
      >;
    } catch (error) {
      throw new AutomatrixError(
        "output_not_serializable",
        `The variables that node "${attempt.path}" set are not JSON.`,
        { cause: error },
      );
    }
  }

  #complete(attempt: NodeAttempt, { output, port }: NodeOutput): void {
    const { scope, node } = attempt;
    const { variables } = attempt;
    this.settle(attempt);
    this.complete(scope, node.index, {
      output,
      port,
      attempts: attempt.number,
      startedAt: this.firstStart(attempt),
      variables,
    });
    this.#runner.pump();
  }

  /** Records a completed node and goes on from it. */
  complete(
    scope: ScopeRunner,
    node: number,
    {
      output,
      port,
      attempts,
      startedAt,
      variables,
    }: NodeOutput & { attempts: number; startedAt: number; variables?: Record<string, unknown> | undefined },
  ): void {
    const runner = this.#runner;
    const at = runner.services.clock.now();
    this.#at = at;
    const path = scope.pathOf(node);
    const record: NodeRecord =
      variables === undefined
        ? { path, status: "completed", attempts, output, port, startedAt, endedAt: at }
        : { path, status: "completed", attempts, output, port, startedAt, endedAt: at, variables };
    this.#record(scope, node, record);
    if (variables !== undefined) runner.emitNode("variables.set", at, path, attempts, { variables });
    runner.emitNode("node.completed", at, path, attempts, record);
    this.clearNodeTimeout(scope, node);
    scope.dispatch({ type: "completed", node, output, port, variables });
  }

  /** Takes over a result that is recorded. */
  restore(scope: ScopeRunner, node: number, record: NodeRecord): void {
    scope.records[node] = record;
    scope.dispatch({ type: "restored", node, record });
  }

  firstStart(attempt: NodeAttempt): number {
    return attempt.scope.notesOf(attempt.node.index)?.firstStartedAt ?? attempt.startedAt;
  }

  #record(scope: ScopeRunner, node: number, record: NodeRecord): void {
    const runner = this.#runner;
    scope.records[node] = record;
    runner.pending.nodes.push(record);
    const notes = scope.notesOf(node);
    const own = notes === undefined ? 0 : notes.hasEffects === true ? runner.ticket : (notes.bodyMark ?? 0);
    if (own === 0 && scope.maxMark === 0 && scope.parent === undefined && runner.services.durability !== "strict")
      return;
    const mark = runner.services.durability === "strict" ? runner.ticket : Math.max(own, scope.requiredMark(node));
    scope.marks[node] = mark;
    if (mark > scope.maxMark) scope.maxMark = mark;
  }

  /** The attempt ended with an error. */
  fail(attempt: NodeAttempt, error: unknown): void {
    ignoreRejection(error);
    if (attempt.isSettled) return;
    attempt.transaction?.stop(error);
    const { scope, node } = attempt;
    scope.noteOn(node.index).firstStartedAt = this.firstStart(attempt);
    if (attempt.once !== undefined && this.unknownOutcomes.takes(attempt, error)) return;
    this.settle(attempt);
    this.failNode(scope, node.index, error);
    this.#runner.pump();
  }

  /**
   * An attempt of the node failed: a retry or the end of it, as `transition` decides. `isNothingDone`: it is known to
   * have done nothing, so that an error of unknown effect may be retried as one that may pass.
   */
  failNode(
    scope: ScopeRunner,
    node: number,
    error: unknown,
    { isNothingDone = false }: { readonly isNothingDone?: boolean } = {},
  ): void {
    const runner = this.#runner;
    const number = (scope.state.attempts[node] as number) + 1;
    const path = scope.pathOf(node);
    const record = toErrorRecord(error, { nodeId: path, attempt: number });
    const retryability = retryabilityOf(error);
    runner.emitNode("node.attempt_failed", runner.services.clock.now(), path, number, { error: record });
    scope.dispatch({
      type: "attempt_failed",
      node,
      attempt: number,
      error: record,
      retryability: isNothingDone && retryability === "other" ? "transient" : retryability,
      retryAfterMs: retryAfterMsOf(error),
      random: runner.services.random.next(),
    });
    runner.pump();
  }

  /** The attempt has its result, or none counts any more. */
  settle(attempt: NodeAttempt): void {
    this.detach(attempt);
    if (!attempt.node.isContainer) this.#runner.releaseSlot(attempt.scope);
  }

  /** The same, but its slot goes to another attempt of the node. */
  detach(attempt: NodeAttempt): void {
    attempt.isSettled = true;
    const { scope, node } = attempt;
    scope.attempts[node.index] = undefined;
    attempt.timeout?.cancel();
    attempt.transaction?.close();
    if (attempt.bodyMark > 0) scope.noteOn(node.index).bodyMark = attempt.bodyMark;
  }

  #park(attempt: NodeAttempt, wait: Parameters<ExecutionRunner["parking"]["park"]>[0]["wait"]): void {
    const { scope, node } = attempt;
    scope.noteOn(node.index).firstStartedAt = this.firstStart(attempt);
    this.settle(attempt);
    this.#runner.parking.park({ scope, node: node.index, wait });
    this.#runner.pump();
  }

  // ── what transition decided about a node ───────────────────────────────────

  scheduleRetry(scope: ScopeRunner, node: number, delayMs: number): void {
    const runner = this.#runner;
    const at = runner.services.clock.now();
    const path = scope.pathOf(node);
    const attempts = scope.state.attempts[node] as number;
    const error = scope.state.errors[node] as ErrorRecord;
    runner.pending.nodes.push({
      path,
      status: "waiting",
      attempts,
      error,
      startedAt: scope.notesOf(node)?.firstStartedAt ?? at,
      endedAt: null,
      nextAttemptAt: at + delayMs,
    });
    runner.emitNode("node.retry_scheduled", at, path, attempts, { delayMs, nextAttemptAt: at + delayMs, error });
    this.#awaitRetry(scope, node, at + delayMs);
    runner.requestFlush();
  }

  #awaitRetry(scope: ScopeRunner, node: number, nextAttemptAt: number): void {
    const runner = this.#runner;
    runner.retrying++;
    const notes = scope.noteOn(node);
    notes.retry = runner.services.timers.set(nextAttemptAt, () => {
      if (notes.retry === undefined) return;
      notes.retry = undefined;
      runner.retrying--;
      scope.dispatch({ type: "retry_due", node });
      runner.pump();
    });
  }

  clearRetry(scope: ScopeRunner, node: number): void {
    const notes = scope.notesOf(node);
    if (notes?.retry === undefined) return;
    notes.retry.cancel();
    notes.retry = undefined;
    this.#runner.retrying--;
  }

  clearNodeTimeout(scope: ScopeRunner, node: number): void {
    const notes = scope.notesOf(node);
    if (notes?.timeout === undefined) return;
    notes.timeout.cancel();
    notes.timeout = undefined;
  }

  recordFailure(scope: ScopeRunner, node: number): void {
    const { state } = scope;
    const at = this.#runner.services.clock.now();
    const path = scope.pathOf(node);
    const attempts = state.attempts[node] as number;
    const error = state.errors[node] as ErrorRecord;
    const handled = state.handled[node];
    this.clearNodeTimeout(scope, node);
    if (scope.records[node]?.status === "failed" || this.#isKnown(scope, node, "failed")) return;
    this.#record(scope, node, {
      path,
      status: "failed",
      attempts,
      error,
      ...(handled === undefined ? {} : { handled }),
      startedAt: scope.notesOf(node)?.firstStartedAt ?? at,
      endedAt: at,
    });
    this.#runner.emitNode("node.failed", at, path, attempts, handled === undefined ? { error } : { error, handled });
  }

  /** True when an earlier worker has recorded the same; the record is taken over. */
  #isKnown(scope: ScopeRunner, node: number, status: NodeRecord["status"]): boolean {
    if (this.#runner.seeds.size === 0) return false;
    const seed = this.#runner.seeds.get(scope.pathOf(node));
    if (seed?.status !== status) return false;
    scope.records[node] = seed;
    return true;
  }

  recordSkip(scope: ScopeRunner, node: number): void {
    if (this.#isKnown(scope, node, "skipped")) return;
    if (this.#runner.seeds.size > 0 && this.#recordLost(scope, node)) return;
    const at = this.#runner.services.clock.now();
    const path = scope.pathOf(node);
    const skipReason = scope.state.skipReasons[node];
    this.#record(scope, node, {
      path,
      status: "skipped",
      attempts: 0,
      ...(skipReason === undefined ? {} : { skipReason }),
      startedAt: null,
      endedAt: at,
    });
    this.#runner.emitNode("node.skipped", at, path, 0, { reason: skipReason });
  }

  /** A once node in flight when its worker died, in a scope that is ending: it did start, and is not shown as skipped. */
  #recordLost(scope: ScopeRunner, node: number): boolean {
    const seed = this.#runner.seeds.get(scope.pathOf(node));
    if (seed === undefined || !this.unknownOutcomes.wasInFlight(scope, node, seed)) return false;
    if (scope.state.stopped) this.recordCancel(scope, node);
    else {
      const { path, attempts, startedAt } = seed;
      const error = this.unknownOutcomes.toLostError(path, attempts);
      const endedAt = this.#runner.services.clock.now();
      this.#record(scope, node, { path, status: "failed", attempts, error, startedAt, endedAt });
      this.#runner.emitNode("node.failed", endedAt, path, attempts, { error });
    }
    return true;
  }

  recordCancel(scope: ScopeRunner, node: number): void {
    if (this.#isKnown(scope, node, "cancelled")) return;
    const at = this.#runner.services.clock.now();
    const path = scope.pathOf(node);
    const attempts = Math.max(1, scope.state.attempts[node] as number);
    this.clearNodeTimeout(scope, node);
    this.#record(scope, node, {
      path,
      status: "cancelled",
      attempts,
      startedAt: scope.notesOf(node)?.firstStartedAt ?? at,
      endedAt: at,
    });
    this.#runner.emitNode("node.cancelled", at, path, attempts, {});
  }

  // ── stopping ───────────────────────────────────────────────────────────────

  /** Aborts the attempt that runs; its result no longer counts. */
  abort(scope: ScopeRunner, node: number): void {
    const attempt = scope.attempts[node];
    if (attempt === undefined) return;
    const why = this.stopReason ?? { code: "node_cancelled", message: "The node was cancelled." };
    scope.noteOn(node).firstStartedAt = this.firstStart(attempt);
    this.stopAttempt(attempt, new AutomatrixError(why.code, why.message));
    this.settle(attempt);
    this.unknownOutcomes.remember(attempt);
  }

  stopAttempt(attempt: NodeAttempt, reason: AutomatrixError): void {
    attempt.isAborted = true;
    if (attempt.promise !== undefined) this.#runner.abandon(attempt.promise);
    for (const body of attempt.bodies ?? []) body.dispatch({ type: "stop" });
    attempt.abort(reason);
  }

  /** Aborts everything without recording it. */
  abortAll(scope: ScopeRunner, reason: unknown): void {
    for (const attempt of scope.attempts) {
      if (attempt === undefined) continue;
      for (const body of attempt.bodies ?? []) this.abortAll(body, reason);
      this.settle(attempt);
      attempt.abort(reason);
    }
    for (const [node] of scope.allNotes()) {
      this.clearRetry(scope, node);
      this.clearNodeTimeout(scope, node);
    }
    scope.cleanupTimer?.cancel();
  }
}

/** True for promises and whatever acts like one; a getter that throws counts as "no". */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

function toMockError(error: unknown): unknown {
  if (typeof error === "string") return new AutomatrixError("node_failed", error);
  if (error instanceof Error || typeof error !== "object" || error === null) return error;
  const { code = "node_failed", message = "mocked failure" } = error as { code?: string; message?: string };
  return new AutomatrixError(code, message);
}
