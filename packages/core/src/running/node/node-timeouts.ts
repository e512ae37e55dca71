import { AutomatrixError } from "../../errors/errors.js";
import { NODE } from "../../execution/scope-state.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import { cancelUnentered } from "../scope/unentered-bodies.js";

/** Time limits of attempts (`attemptTimeoutMs`) and of nodes with all their attempts, delays and waits (`timeoutMs`). */
export class NodeTimeouts {
  readonly #runner: ExecutionRunner;
  /** What became due while the execution was leaving memory. */
  #missed: (() => void)[] = [];

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  /** Arms both for an attempt that begins. */
  arm(attempt: NodeAttempt): void {
    const { attemptTimeoutMs, timeoutMs, index } = attempt.node;
    if (attemptTimeoutMs !== undefined) this.#armAttempt(attempt, attemptTimeoutMs);
    if (timeoutMs !== undefined) this.armNode(attempt.scope, index, attempt.startedAt);
  }

  #armAttempt(attempt: NodeAttempt, limitMs: number): void {
    const { timers, clock } = this.#runner.services;
    const { isContainer } = attempt.node;
    attempt.timeoutAt = (isContainer ? attempt.begunAt : clock.now()) + limitMs;
    attempt.timeout = timers.set(attempt.timeoutAt, () =>
      this.#unlessLeaving(() => this.timeOut(attempt, toAttemptError(attempt))),
    );
  }

  /** Arms the limit of a node, counted from its first start, unless it runs already. */
  armNode(scope: ScopeRunner, node: number, startedAt: number): void {
    const timeoutMs = scope.plan.nodes[node]?.timeoutMs;
    if (timeoutMs === undefined) return;
    const notes = scope.noteOn(node);
    notes.firstStartedAt ??= startedAt;
    notes.timeout ??= this.#runner.services.timers.set(notes.firstStartedAt + timeoutMs, () =>
      this.#unlessLeaving(() => this.#timeOutNode(scope, node)),
    );
  }

  clearNode(scope: ScopeRunner, node: number): void {
    const notes = scope.notesOf(node);
    if (notes?.timeout === undefined) return;
    notes.timeout.cancel();
    notes.timeout = undefined;
  }

  /** When a parked node times out, or a container around it; null when none of them has a limit. */
  dueAtOf(scope: ScopeRunner, node: number): number | null {
    let dueAt = this.#nodeDueAt(scope, node);
    for (let parent = scope.parent; parent !== undefined; parent = parent.scope.parent) {
      const { attempt } = parent;
      for (const at of [attempt.timeoutAt ?? null, this.#nodeDueAt(attempt.scope, attempt.node.index)])
        if (at !== null && (dueAt === null || at < dueAt)) dueAt = at;
    }
    return dueAt;
  }

  /** When the node with all its attempts and waits times out; null when it has no limit. */
  #nodeDueAt(scope: ScopeRunner, node: number): number | null {
    const timeoutMs = scope.plan.nodes[node]?.timeoutMs;
    const startedAt = scope.notesOf(node)?.firstStartedAt;
    return timeoutMs === undefined || startedAt === undefined ? null : startedAt + timeoutMs;
  }

  /** Fails an attempt whose time was over before it could begin here; the bodies of a container are not entered. */
  failOverdue(attempt: NodeAttempt): boolean {
    const { scope, node, startedAt: now } = attempt;
    const notes = scope.notesOf(node.index);
    if (notes === undefined) return false;
    attempt.begunAt = notes.attemptStartedAt ?? now;
    notes.attemptStartedAt = undefined;
    const nodeDueAt = this.#nodeDueAt(scope, node.index);
    const isNodeOver = nodeDueAt !== null && nodeDueAt <= now;
    if (!isNodeOver && attempt.begunAt + (node.attemptTimeoutMs ?? Number.POSITIVE_INFINITY) > now) return false;
    if (node.isContainer) cancelUnentered(this.#runner, { of: attempt.path, reason: "The parent node timed out." });
    this.#runner.nodes.fail(attempt, isNodeOver ? toNodeError(scope, node.index) : toAttemptError(attempt));
    return true;
  }

  /** Aborts the attempt and fails it, unless it is too late for that. */
  timeOut(attempt: NodeAttempt, error: AutomatrixError): void {
    if (attempt.isSettled || attempt.transaction?.isCommitting === true) return;
    const isStopped = attempt.timedOutWith !== undefined;
    if (attempt.node.isContainer) attempt.timedOutWith = error;
    if (isStopped) return;
    const { nodes, departure } = this.#runner;
    departure.wake();
    nodes.stopAttempt(attempt, error);
    if (attempt.timedOutWith === undefined) nodes.fail(attempt, error);
    else this.#failOnceCleanedUp(attempt, error);
  }

  /** A body of the attempt ended. */
  bodyEnded(attempt: NodeAttempt): void {
    if (attempt.timedOutWith !== undefined) this.#failOnceCleanedUp(attempt, attempt.timedOutWith);
  }

  /** A container that was told to stop may run a cleanup, which has a limit of its own; nothing else keeps it. */
  #failOnceCleanedUp(attempt: NodeAttempt, error: AutomatrixError): void {
    const { services, nodes } = this.#runner;
    services.defer(() => {
      if (!attempt.isSettled && (attempt.bodies?.size ?? 0) === 0) nodes.fail(attempt, error);
    });
  }

  /** Does what became due while the execution was about to leave. */
  catchUp(): void {
    const missed = this.#missed;
    this.#missed = [];
    for (const timeOut of missed) timeOut();
  }

  /** Whoever goes on with an execution that has left finds what is overdue. */
  #unlessLeaving(timeOut: () => void): void {
    if (this.#runner.departure.isLeaving) this.#missed.push(timeOut);
    else timeOut();
  }

  #timeOutNode(scope: ScopeRunner, node: number): void {
    const { nodes, parking, departure } = this.#runner;
    if (scope.notesOf(node)?.timeout === undefined) return;
    const error = toNodeError(scope, node);
    const attempt = scope.attempts[node];
    if (attempt !== undefined) return this.timeOut(attempt, error);
    const isBetweenAttempts = this.#isBetweenAttempts(scope, node);
    nodes.retries.clear(scope, node);
    parking.forget(scope, node, "timed_out");
    departure.wake();
    nodes.failNode(scope, node, error, { isBetweenAttempts });
  }

  /** It waits for its next attempt, or for a slot for it; one that has waited goes on with the same attempt. */
  #isBetweenAttempts(scope: ScopeRunner, node: number): boolean {
    const status = scope.state.status[node];
    return status === NODE.retrying || (status === NODE.ready && scope.notesOf(node)?.outcome === undefined);
  }
}

function toAttemptError({ number, path, node }: NodeAttempt): AutomatrixError {
  return new AutomatrixError(
    "attempt_timed_out",
    `Attempt ${number} of node "${path}" took longer than attemptTimeoutMs (${node.attemptTimeoutMs} ms).`,
  );
}

function toNodeError(scope: ScopeRunner, node: number): AutomatrixError {
  return new AutomatrixError(
    "node_timed_out",
    `Node "${scope.pathOf(node)}" took longer than timeoutMs (${scope.plan.nodes[node]?.timeoutMs} ms) with all its attempts.`,
  );
}
