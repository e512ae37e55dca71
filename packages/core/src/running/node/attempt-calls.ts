import type { WaitOutcome } from "../../definition/wait.js";
import type { Effects } from "../../definition/workflow-definition.js";
import type { PlannedNode } from "../../execution/plan.js";
import { AttemptContext } from "../attempt/attempt-context.js";
import { isThenable } from "../attempt/is-thenable.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import { resolveParameters } from "../attempt/resolve-parameters.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { NodeNotes } from "../scope/scope-runner.js";
import { decisionOf } from "./join-decision.js";
import { answerWithMock, findMock } from "./node-mock.js";
import { startDataOf } from "./node-records.js";
import { afterBarrier, resolveEffects } from "./start-barrier.js";

/** Calls the functions of nodes, once what they may rely on is durable. */
export class AttemptCalls {
  readonly #runner: ExecutionRunner;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  /** Starts an attempt that has its slot, up to the call of the node's function or what stands in for it. */
  begin(attempt: NodeAttempt): void {
    const { scope, node: planned } = attempt;
    scope.attempts[planned.index] = attempt;
    const outcome = this.#announce(attempt);
    const mock = findMock(attempt);
    if (mock !== undefined) return afterBarrier(attempt, "pure", () => answerWithMock(attempt, mock));
    const effects = planned.effects ?? this.#findEffects(attempt);
    if (effects === undefined) return;
    attempt.effects = effects;
    if (effects !== "pure") scope.noteOn(planned.index).hasEffects = true;
    if (effects === "once") {
      if (!this.#writeIntent(attempt)) return;
    } else if (outcome === undefined) this.#writeStart(attempt);
    afterBarrier(attempt, effects, () => this.#invoke(attempt, outcome));
  }

  /** Says that the attempt starts, unless it goes on from a wait: the outcome of that, which its type resumes with. */
  #announce(attempt: NodeAttempt): WaitOutcome | undefined {
    const { scope, node: planned, startedAt } = attempt;
    const node = planned.index;
    const notes = scope.notesOf(node);
    const outcome = notes?.outcome;
    if (outcome === undefined) {
      const data = startDataOf(scope, node);
      this.#runner.writer.emitNode("node.started", startedAt, attempt.path, attempt.number, data);
      return undefined;
    }
    attempt.variables = notes?.variables;
    (notes as NodeNotes).outcome = undefined;
    (notes as NodeNotes).variables = undefined;
    return outcome;
  }

  /** Effects that depend on the parameters; undefined when those cannot be resolved, and the attempt has failed. */
  #findEffects(attempt: NodeAttempt): Effects | undefined {
    try {
      return resolveEffects(attempt);
    } catch (error) {
      this.#runner.nodes.fail(attempt, error);
      return undefined;
    }
  }

  /** Parameters first: what cannot be resolved is no call. False when that failed the attempt. */
  #writeIntent(attempt: NodeAttempt): boolean {
    try {
      resolveParameters(attempt, new AttemptContext(attempt));
    } catch (error) {
      this.#runner.nodes.fail(attempt, error);
      return false;
    }
    const { path, number } = attempt;
    const startedAt = this.#runner.nodes.firstStart(attempt);
    const decision = decisionOf(attempt.scope, attempt.node.index);
    const intent = { path, status: "running", attempts: number, startedAt, endedAt: null, ...decision } as const;
    this.#runner.writer.pending.nodes.push(intent);
    return true;
  }

  /** What a rerun could not work out anew: how its join was decided, and since when its time limits count. */
  #writeStart(attempt: NodeAttempt): void {
    const { scope, node, path, number: attempts } = attempt;
    const { nodes, writer } = this.#runner;
    if (scope.state.decidedEdges?.has(node.index) !== true && !isLimited(node)) return;
    writer.pending.nodes.push({
      path,
      status: "running",
      attempts,
      startedAt: nodes.firstStart(attempt),
      endedAt: null,
      attemptStartedAt: attempt.begunAt,
      ...decisionOf(scope, node.index),
    });
  }

  #invoke(attempt: NodeAttempt, outcome: WaitOutcome | undefined): void {
    const { nodes } = this.#runner;
    const { type, parameters } = attempt.node;
    nodes.forgetInstant();
    try {
      nodes.timeouts.arm(attempt);
      const ctx = new AttemptContext(attempt);
      if (attempt.parameters === undefined) {
        if (parameters.isStatic) attempt.parameters = parameters.resolve(undefined as never);
        else resolveParameters(attempt, ctx);
      }
      if (attempt.effects === "once") attempt.once = { isVerifying: false };
      const returned = outcome === undefined ? type.execute(ctx) : type.resume?.(ctx, outcome);
      if (isThenable(returned)) this.#follow(attempt, returned, ctx);
      else nodes.succeed(attempt, returned, ctx);
    } catch (error) {
      this.#runner.nodes.fail(attempt, error);
    }
  }

  #follow(attempt: NodeAttempt, promise: PromiseLike<unknown>, ctx: AttemptContext): void {
    attempt.promise = promise;
    promise.then(
      (value) => {
        attempt.promise = undefined;
        this.#runner.nodes.succeed(attempt, value, ctx);
      },
      (error: unknown) => {
        attempt.promise = undefined;
        this.#runner.nodes.fail(attempt, error);
      },
    );
  }
}

/** The attempt of a container outlives its worker; that of any other node begins anew. */
function isLimited({ timeoutMs, attemptTimeoutMs, isContainer }: PlannedNode): boolean {
  return timeoutMs !== undefined || (isContainer && attemptTimeoutMs !== undefined);
}
