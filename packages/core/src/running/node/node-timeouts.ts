import { AutomatrixError } from "../../errors/errors.js";
import type { PlannedNode } from "../../execution/plan.js";
import { NODE } from "../../execution/scope-state.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { ScopeRunner } from "../scope/scope-runner.js";

/** Time limits of attempts (`attemptTimeoutMs`) and of nodes with all their attempts, delays and waits (`timeoutMs`). */
export class NodeTimeouts {
  readonly #runner: ExecutionRunner;

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
    const error = new AutomatrixError(
      "attempt_timed_out",
      `Attempt ${attempt.number} of node "${attempt.path}" took longer than attemptTimeoutMs (${limitMs} ms).`,
    );
    attempt.timeout = timers.set(clock.now() + limitMs, () => this.timeOut(attempt, error));
  }

  /** Arms the limit of a node, counted from its first start, unless it runs already. */
  armNode(scope: ScopeRunner, node: number, startedAt: number): void {
    const timeoutMs = scope.plan.nodes[node]?.timeoutMs;
    if (timeoutMs === undefined) return;
    const notes = scope.noteOn(node);
    notes.firstStartedAt ??= startedAt;
    notes.timeout ??= this.#runner.services.timers.set(notes.firstStartedAt + timeoutMs, () =>
      this.#timeOutNode(scope, node),
    );
  }

  clearNode(scope: ScopeRunner, node: number): void {
    const notes = scope.notesOf(node);
    if (notes?.timeout === undefined) return;
    notes.timeout.cancel();
    notes.timeout = undefined;
  }

  /** When the node with all its attempts and waits times out; null when it has no limit. */
  dueAtOf(scope: ScopeRunner, node: number): number | null {
    const timeoutMs = scope.plan.nodes[node]?.timeoutMs;
    const startedAt = scope.notesOf(node)?.firstStartedAt;
    return timeoutMs === undefined || startedAt === undefined ? null : startedAt + timeoutMs;
  }

  /** Aborts the attempt and fails it, unless it is too late for that. */
  timeOut(attempt: NodeAttempt, error: AutomatrixError): void {
    if (attempt.isSettled || attempt.transaction?.isCommitting === true) return;
    const isStopped = attempt.timedOutWith !== undefined;
    if (attempt.node.isContainer) attempt.timedOutWith = error;
    if (isStopped) return;
    const { nodes } = this.#runner;
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

  #timeOutNode(scope: ScopeRunner, node: number): void {
    const { nodes, parking, departure } = this.#runner;
    if (departure.isLeaving) return;
    const { timeoutMs } = scope.plan.nodes[node] as PlannedNode;
    const error = new AutomatrixError(
      "node_timed_out",
      `Node "${scope.pathOf(node)}" took longer than timeoutMs (${timeoutMs} ms) with all its attempts.`,
    );
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
