/**
 * What becomes of a `once` node whose function was called and gave no result.
 *
 * Called → a result: completed. Called → `RetryableNodeError`: a failed attempt, since the node vouches that nothing
 * happened. Called → anything else, or a dead worker: unknown, and `verify` is asked. It answers `done`: completed;
 * `notDone`: the same attempt starts again after a dead worker, otherwise the attempt failed in a way that may pass
 * (unless its error says that no retry mends it); `unknown`, or no answer: the node is parked until a person decides,
 * or fails when its type says so or nobody could go on with it any more, since the scope around it is ending.
 */
import type { VerifyAnswer } from "../../definition/node-type.js";
import { isWait } from "../../definition/wait.js";
import { AutomatrixError } from "../../errors/errors.js";
import { toErrorRecord } from "../../execution/error-record.js";
import type { PlannedNode } from "../../execution/plan.js";
import type { ErrorRecord, NodeRecord } from "../../ports/execution-record.js";
import { AttemptContext } from "../attempt/attempt-context.js";
import { type LostCall, NodeAttempt } from "../attempt/node-attempt.js";
import { resolveParameters } from "../attempt/resolve-parameters.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import type { ParkedNode } from "../waiting/parked-node.js";
import { toUnknownOutcomeError } from "./unknown-outcome-error.js";

/** How long `verify` may take where the node sets no `attemptTimeoutMs`. */
const VERIFY_LIMIT_MS = 30_000;
/** Errors about a result that was given: the outcome is known, and cannot be used. */
const OUTPUT_ERRORS: ReadonlySet<string> = new Set([
  "output_not_serializable",
  "output_invalid",
  "output_too_large",
  "unknown_port",
]);

/** The `once` nodes of one execution of which it is to be found out whether they took place. */
export class UnknownOutcomes {
  readonly #runner: ExecutionRunner;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  /** A body that is stopped may run again: its node must not simply start then. */
  remember({ scope, path, number, startedAt, once }: NodeAttempt): void {
    if (once === undefined || scope.parent === undefined) return;
    this.#runner.seeds.set(path, { path, status: "running", attempts: number, startedAt, endedAt: null });
  }

  // ── finding out ────────────────────────────────────────────────────────────

  /** True when the attempt of a `once` node ended without a known outcome; what follows is seen to. */
  takes(attempt: NodeAttempt, error: unknown): boolean {
    const { once } = attempt;
    if (once === undefined) return false;
    if (attempt.hasReturned && AutomatrixError.is(error) && OUTPUT_ERRORS.has(error.code)) return false;
    if (once.isVerifying) {
      this.#leaveOpen(attempt, `verify failed: ${toErrorRecord(this.#masked(error)).message}`);
      return true;
    }
    if (isVouchedFor(error)) return false;
    this.#runner.nodes.detach(attempt);
    this.#ask(attempt.scope, attempt.node, attempt.number, { by: "failure", error });
    return true;
  }

  /** A node that is reached again after its worker died: true when it was in flight then, and must not just start. */
  recover(scope: ScopeRunner, node: number, seed: NodeRecord): boolean {
    if (!this.wasInFlight(scope, node, seed)) return false;
    const runner = this.#runner;
    runner.seeds.delete(seed.path);
    const notes = scope.noteOn(node);
    notes.firstStartedAt = seed.startedAt ?? runner.services.clock.now();
    notes.hasEffects = true;
    const number = Math.max(1, seed.attempts);
    scope.dispatch({ type: "started", node, attempts: number });
    this.#ask(scope, scope.plan.nodes[node] as PlannedNode, number, { by: "crash" });
    return true;
  }

  /**
   * A record `running` is the intent of a call, unless it says that the node simply starts again. `waiting` without a
   * wait, and `cancelled` inside a body that runs again, mean that it was called too.
   */
  wasInFlight(scope: ScopeRunner, node: number, { status, attemptStartedAt }: NodeRecord): boolean {
    const planned = scope.plan.nodes[node] as PlannedNode;
    if (status === "running") return attemptStartedAt === undefined && (planned.effects ?? "once") === "once";
    if (planned.effects !== "once") return false;
    return status === "waiting" || (status === "cancelled" && scope.parent !== undefined);
  }

  /** Of a node that was in flight when its worker died, and can neither be verified nor decided about any more. */
  toLostError(path: string, number: number): ErrorRecord {
    const error = toUnknownOutcomeError({ path, number, lost: { by: "crash" }, why: "the execution was ending" });
    return toErrorRecord(error, { nodeId: path, attempt: number });
  }

  #ask(scope: ScopeRunner, node: PlannedNode, number: number, lost: LostCall): void {
    const { clock, timers } = this.#runner.services;
    const at = clock.now();
    const attempt = new NodeAttempt(scope, node, number, at);
    attempt.effects = "once";
    attempt.once = { isVerifying: true, lost };
    scope.attempts[node.index] = attempt;
    if (node.type.verify === undefined) return this.#leaveOpen(attempt, "its type cannot verify it");
    const limitMs = node.attemptTimeoutMs ?? VERIFY_LIMIT_MS;
    attempt.timeout = timers.set(at + limitMs, () => {
      if (attempt.isSettled) return;
      const error = new AutomatrixError("attempt_timed_out", `verify took longer than ${limitMs} ms.`);
      this.#runner.nodes.stopAttempt(attempt, error);
      this.#leaveOpen(attempt, "verify took too long");
    });
    this.#verify(attempt).then(
      (answer) => attempt.isSettled || this.#take(attempt, answer),
      (error: unknown) => attempt.isSettled || this.takes(attempt, error),
    );
  }

  /** Asynchronous even where `verify` is not: the start of a scope never runs into the code of a node. */
  async #verify(attempt: NodeAttempt): Promise<VerifyAnswer> {
    await Promise.resolve();
    if (attempt.isSettled) return { unknown: true };
    const ctx = new AttemptContext(attempt);
    resolveParameters(attempt, ctx);
    const answer = attempt.node.type.verify?.(ctx);
    attempt.promise = answer as PromiseLike<unknown> | undefined;
    try {
      return (await answer) ?? { unknown: true };
    } finally {
      attempt.promise = undefined;
    }
  }

  #take(attempt: NodeAttempt, answer: VerifyAnswer): void {
    const { done, notDone, output } = readAnswer(answer);
    if (done && !isWait(output)) {
      attempt.emitted = undefined;
      return this.#runner.nodes.succeed(attempt, output, undefined);
    }
    if (notDone) return this.#goOn(attempt);
    this.#leaveOpen(attempt, "verify could not tell");
  }

  /** Nothing happened: it may start again. */
  #goOn(attempt: NodeAttempt): void {
    const { nodes } = this.#runner;
    const lost = lossOf(attempt);
    if (lost.by === "crash") {
      nodes.detach(attempt);
      return nodes.restart(attempt);
    }
    nodes.settle(attempt);
    nodes.failNode(attempt.scope, attempt.node.index, lost.error, { isNothingDone: true });
    this.#runner.starter.pump();
  }

  /** Nobody knows. */
  #leaveOpen(attempt: NodeAttempt, why: string): void {
    const { nodes, parking } = this.#runner;
    const { scope, node } = attempt;
    const loss = lossOf(attempt);
    const lost: LostCall = loss.by === "crash" ? loss : { by: "failure", error: this.#masked(loss.error) };
    const error = toUnknownOutcomeError({ path: attempt.path, number: attempt.number, lost, why });
    nodes.settle(attempt);
    nodes.timeouts.clearNode(scope, node.index);
    const isEnding = scope.state.phase === "draining";
    if (node.type.onUnknown === "fail" || isEnding) nodes.failNode(scope, node.index, error);
    else
      parking.park({
        scope,
        node: node.index,
        wait: { kind: "unknown_outcome", error: toErrorRecord(error) },
      });
    this.#runner.starter.pump();
  }

  /** Before any of it is cut: the beginning of a secret is none that could be found. */
  #masked(error: unknown): unknown {
    const { mask } = this.#runner;
    return mask === undefined ? error : mask.value(error);
  }

  /** The scope around a parked node drains: nobody could go on from a decision, so it fails as what it is. */
  giveUp({ scope, node, wait }: ParkedNode): void {
    if (wait.kind !== "unknown_outcome") return;
    this.#runner.parking.forget(scope, node, "cancelled");
    const { message, details } = wait.error;
    this.#runner.nodes.failNode(scope, node, new AutomatrixError("unknown_outcome", message, { details }));
  }
}

function lossOf({ once }: NodeAttempt): LostCall {
  return once?.isVerifying === true ? once.lost : { by: "crash" };
}

/** True for a `RetryableNodeError`: the node vouches that nothing happened. */
function isVouchedFor(error: unknown): boolean {
  return AutomatrixError.is(error) && error.name === "RetryableNodeError";
}

/** Whatever `verify` answered; what cannot be read counts as unknown. */
function readAnswer(answer: unknown): { readonly done: boolean; readonly notDone: boolean; readonly output: unknown } {
  if (typeof answer !== "object" || answer === null) return { done: false, notDone: false, output: undefined };
  const { done, notDone, output = null } = answer as { done?: unknown; notDone?: unknown; output?: unknown };
  return { done: done === true, notDone: notDone === true && done !== true, output };
}
