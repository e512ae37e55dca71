/**
 * Runs the nodes of one execution.
 *
 * An attempt: started, and recorded as such → its effects are known, and the results that it may rely on are durable →
 * its function is called → it is settled: with a result, a wait, an error, or because it was told to stop. What comes
 * after that is dropped. A `once` node is written down before the call, and its outcome may stay unknown, see
 * {@link UnknownOutcomes}; a `transactional` one has its result written together with its code's own writes, see
 * {@link TransactionRunner}.
 */
import { isWait } from "../../definition/wait.js";
import { AutomatrixError } from "../../errors/errors.js";
import { retryAfterMsOf, retryabilityOf, toErrorRecord } from "../../execution/error-record.js";
import type { PlannedNode } from "../../execution/plan.js";
import type { ErrorRecord, NodeRecord } from "../../ports/execution-record.js";
import { ignoreRejection } from "../../shared/ignore-rejection.js";
import type { AttemptContext } from "../attempt/attempt-context.js";
import { toAttemptVariables } from "../attempt/attempt-variables.js";
import { isThenable } from "../attempt/is-thenable.js";
import { maskWait } from "../attempt/masking/mask-wait.js";
import { NodeAttempt } from "../attempt/node-attempt.js";
import { type NodeOutput, toNodeOutput } from "../attempt/node-output.js";
import { TransactionRunner } from "../commit/transaction-runner.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import { UnknownOutcomes } from "../once/unknown-outcomes.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import type { ParkedNode } from "../waiting/parked-node.js";
import { AttemptCalls } from "./attempt-calls.js";
import { withDecision } from "./join-decision.js";
import { NodeRecords } from "./node-records.js";
import { NodeRetries } from "./node-retries.js";
import { NodeTimeouts } from "./node-timeouts.js";
import { continueNode } from "./restored-node.js";

/** What a completed node came to. */
export interface NodeCompletion extends NodeOutput {
  readonly attempts: number;
  readonly startedAt: number;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** Starts nodes, watches their attempts, and goes on from what became of them. */
export class NodeRunner {
  readonly records: NodeRecords;
  readonly retries: NodeRetries;
  readonly timeouts: NodeTimeouts;
  readonly unknownOutcomes: UnknownOutcomes;
  readonly transactions: TransactionRunner;
  /** Why everything is being stopped. */
  stopReason: ErrorRecord | undefined;
  readonly #runner: ExecutionRunner;
  readonly #calls: AttemptCalls;
  /** The instant read last, while no code of a node has run since; 0 otherwise. */
  #at = 0;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
    this.#calls = new AttemptCalls(runner);
    this.records = new NodeRecords(runner);
    this.retries = new NodeRetries(runner);
    this.timeouts = new NodeTimeouts(runner);
    this.unknownOutcomes = new UnknownOutcomes(runner);
    this.transactions = new TransactionRunner(runner);
  }

  /** Code of others runs from here on: the instant read last no longer holds. */
  forgetInstant(): void {
    this.#at = 0;
  }

  // ── starting ───────────────────────────────────────────────────────────────

  /** Starts the next attempt of a node, which has its slot. */
  start(scope: ScopeRunner, node: number): void {
    const runner = this.#runner;
    const planned = scope.plan.nodes[node] as PlannedNode;
    const at = this.#at === 0 ? runner.services.clock.now() : this.#at;
    scope.dispatch({ type: "started", node });
    if (runner.seeds.size > 0 && continueNode(scope, node)) return;
    const attempt = new NodeAttempt(scope, planned, (scope.state.attempts[node] as number) + 1, at);
    if (!this.timeouts.failOverdue(attempt)) this.#calls.begin(attempt);
  }

  /** Starts the same attempt anew: it is known not to have taken place. Keeps the slot of the other. */
  restart({ scope, node, number }: NodeAttempt): void {
    const at = this.#runner.services.clock.now();
    const attempt = new NodeAttempt(scope, node, number, at);
    if (!this.timeouts.failOverdue(attempt)) this.#calls.begin(attempt);
    this.#runner.starter.pump();
  }

  // ── results ────────────────────────────────────────────────────────────────

  /** The attempt has a result; `ctx` is undefined where its function did not give it. */
  succeed(attempt: NodeAttempt, returned: unknown, ctx: AttemptContext | undefined): void {
    if (attempt.isSettled) return;
    if (attempt.timedOutWith !== undefined) return this.fail(attempt, attempt.timedOutWith);
    attempt.hasReturned = true;
    if (attempt.transaction !== undefined) return this.transactions.end(attempt, returned);
    try {
      if (isWait(returned)) return this.#park(attempt, returned);
      const output = toNodeOutput(attempt, returned, ctx?.knownInput);
      if (attempt.variables !== undefined) attempt.variables = toAttemptVariables(attempt);
      if (!isThenable(output)) return this.#complete(attempt, output as NodeOutput);
      (output as Promise<NodeOutput>).then(
        (stored) => attempt.isSettled || this.#complete(attempt, stored),
        (error: unknown) => this.fail(attempt, error),
      );
    } catch (error) {
      this.fail(attempt, error);
    }
  }

  #complete(attempt: NodeAttempt, { output, port }: NodeOutput): void {
    const { scope, node, variables } = attempt;
    this.settle(attempt);
    const startedAt = this.firstStart(attempt);
    this.complete(scope, node.index, { output, port, attempts: attempt.number, startedAt, variables });
    this.#runner.starter.pump();
  }

  /** Records a completed node and goes on from it. */
  complete(scope: ScopeRunner, node: number, { output, port, attempts, startedAt, variables }: NodeCompletion): void {
    const { services, writer } = this.#runner;
    const at = services.clock.now();
    this.#at = at;
    const path = scope.pathOf(node);
    const record: NodeRecord =
      variables === undefined
        ? { path, status: "completed", attempts, output, port, startedAt, endedAt: at }
        : { path, status: "completed", attempts, output, port, startedAt, endedAt: at, variables };
    this.records.add(scope, node, withDecision(scope, node, record));
    if (variables !== undefined) writer.emitNode("variables.set", at, path, attempts, { variables });
    writer.emitNode("node.completed", at, path, attempts, record);
    this.timeouts.clearNode(scope, node);
    scope.dispatch({ type: "completed", node, output, port, variables });
  }

  #park(attempt: NodeAttempt, wait: ParkedNode["wait"]): void {
    const { scope, node } = attempt;
    const variables = toAttemptVariables(attempt);
    scope.noteOn(node.index).firstStartedAt = this.firstStart(attempt);
    this.settle(attempt);
    const { mask, parking } = this.#runner;
    parking.park({ scope, node: node.index, wait: mask === undefined ? wait : maskWait(wait, mask), variables });
    this.#runner.starter.pump();
  }

  /** The attempt ended with an error. */
  fail(attempt: NodeAttempt, thrown: unknown): void {
    ignoreRejection(thrown);
    if (attempt.isSettled) return;
    const error = attempt.timedOutWith ?? thrown;
    attempt.transaction?.stop(error);
    const { scope, node } = attempt;
    scope.noteOn(node.index).firstStartedAt = this.firstStart(attempt);
    if (attempt.once !== undefined && this.unknownOutcomes.takes(attempt, error)) return;
    this.settle(attempt);
    this.failNode(scope, node.index, error);
    this.#runner.starter.pump();
  }

  /**
   * An attempt of the node failed: a retry or the end of it, as `transition` decides. `isNothingDone`: it is known to
   * have done nothing, so that an error of unknown effect may be retried as one that may pass. `isBetweenAttempts`: the
   * last one had failed already, and the next had not begun.
   */
  failNode(
    scope: ScopeRunner,
    node: number,
    error: unknown,
    {
      isNothingDone = false,
      isBetweenAttempts = false,
    }: { readonly isNothingDone?: boolean; readonly isBetweenAttempts?: boolean } = {},
  ): void {
    const { services, writer, starter, mask } = this.#runner;
    const number = (scope.state.attempts[node] as number) + (isBetweenAttempts ? 0 : 1);
    const path = scope.pathOf(node);
    const record = toErrorRecord(mask === undefined ? error : mask.value(error), { nodeId: path, attempt: number });
    const retryability = retryabilityOf(error);
    if (!isBetweenAttempts)
      writer.emitNode("node.attempt_failed", services.clock.now(), path, number, { error: record });
    scope.dispatch({
      type: "attempt_failed",
      node,
      attempt: number,
      error: record,
      retryability: isNothingDone && retryability === "other" ? "transient" : retryability,
      retryAfterMs: retryAfterMsOf(error),
      random: services.random.next(),
    });
    starter.pump();
  }

  /** When the node was started first, with all its attempts and waits. */
  firstStart(attempt: NodeAttempt): number {
    return attempt.scope.notesOf(attempt.node.index)?.firstStartedAt ?? attempt.startedAt;
  }

  /** The attempt has its result, or none counts any more. */
  settle(attempt: NodeAttempt): void {
    this.detach(attempt);
    if (!attempt.node.isContainer) this.#runner.starter.releaseSlot(attempt.scope);
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

  /** Tells the node's function and its bodies to stop. */
  stopAttempt(attempt: NodeAttempt, reason: AutomatrixError): void {
    attempt.isAborted = true;
    if (attempt.promise !== undefined) this.#runner.outcome.abandon(attempt.promise);
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
      this.retries.clear(scope, node);
      this.timeouts.clearNode(scope, node);
    }
    scope.cleanupTimer?.cancel();
  }
}
