import type { ErrorRecord } from "../../ports/execution-record.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import { decisionOf } from "./join-decision.js";

/** The nodes of one execution that wait for their next attempt. They hold no slot. */
export class NodeRetries {
  readonly #runner: ExecutionRunner;
  #count = 0;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  /** How many wait now. */
  get count(): number {
    return this.#count;
  }

  /** Writes when the next attempt is due, so that a crash neither forgets nor shortens the delay. */
  schedule(scope: ScopeRunner, node: number, delayMs: number): void {
    const { services, writer } = this.#runner;
    const at = services.clock.now();
    const path = scope.pathOf(node);
    const attempts = scope.state.attempts[node] as number;
    const error = scope.state.errors[node] as ErrorRecord;
    writer.pending.nodes.push({
      path,
      status: "waiting",
      attempts,
      error,
      startedAt: scope.notesOf(node)?.firstStartedAt ?? at,
      endedAt: null,
      nextAttemptAt: at + delayMs,
      ...decisionOf(scope, node),
    });
    writer.emitNode("node.retry_scheduled", at, path, attempts, { delayMs, nextAttemptAt: at + delayMs, error });
    scope.noteOn(node).retryMark = writer.ticket;
    this.await(scope, node, at + delayMs);
    writer.requestFlush();
  }

  /** Waits for a next attempt that is written already. */
  await(scope: ScopeRunner, node: number, nextAttemptAt: number): void {
    const { services, starter } = this.#runner;
    this.#count++;
    const notes = scope.noteOn(node);
    notes.retry = services.timers.set(nextAttemptAt, () => {
      if (notes.retry === undefined) return;
      notes.retry = undefined;
      this.#count--;
      scope.dispatch({ type: "retry_due", node });
      starter.pump();
    });
  }

  clear(scope: ScopeRunner, node: number): void {
    const notes = scope.notesOf(node);
    if (notes?.retry === undefined) return;
    notes.retry.cancel();
    notes.retry = undefined;
    this.#count--;
  }
}
