import type { Effects } from "../../definition/workflow-definition.js";
import type { AutomatrixError } from "../../errors/errors.js";
import type { PlannedNode } from "../../execution/plan.js";
import type { NodeTransaction } from "../commit/node-transaction.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import type { Timer } from "../timers.js";

/** How the outcome of a call came to be unknown. */
export type LostCall = { readonly by: "crash" } | { readonly by: "failure"; readonly error: unknown };

/** An attempt of a `once` node from the call of its function on, or the asking of `verify` that stands in for it. */
export type OnceCall = { readonly isVerifying: false } | { readonly isVerifying: true; readonly lost: LostCall };

/** One attempt of one node, as the engine keeps it. The node's function sees it through {@link AttemptContext}. */
export class NodeAttempt {
  readonly scope: ScopeRunner;
  readonly node: PlannedNode;
  /** 1-based. */
  readonly number: number;
  readonly startedAt: number;
  /** Set when the attempt has a result, or none will count any more. */
  isSettled = false;
  /** True once its function has returned something. */
  hasReturned = false;
  /** True once it was told to stop. */
  isAborted = false;
  /** Why it takes too long, of a container that may still clean up: what it fails with once it has. */
  timedOutWith: AutomatrixError | undefined;
  /** What the node's function returned, until it settles. */
  promise: PromiseLike<unknown> | undefined;
  timeout: Timer | undefined;
  /** When it times out; known from the call of its function on. */
  timeoutAt: number | undefined;
  /** What its time limit counts from: earlier than `startedAt` when an earlier worker had begun it. */
  begunAt: number;
  /** Known once it may start. */
  effects: Effects | undefined;
  once: OnceCall | undefined;
  transaction: NodeTransaction | undefined;
  emitted: Map<string, unknown> | undefined;
  variables: Readonly<Record<string, unknown>> | undefined;
  parameters: Readonly<Record<string, unknown>> | undefined;
  /** How often each step name was used. */
  stepCounts: Map<string, number> | undefined;
  /** Steps whose function runs. */
  openSteps = 0;
  bodies: Set<ScopeRunner> | undefined;
  /** Ticket of the newest result with effects in a body of this attempt. */
  bodyMark = 0;
  logLines = 0;
  logBytes = 0;
  #controller: AbortController | undefined;

  constructor(scope: ScopeRunner, node: PlannedNode, number: number, startedAt: number) {
    this.scope = scope;
    this.node = node;
    this.number = number;
    this.startedAt = startedAt;
    this.begunAt = startedAt;
  }

  get path(): string {
    return this.scope.pathOf(this.node.index);
  }

  /** Made at first use: most nodes never ask. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.transaction?.stop(reason);
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}
