/**
 * How an execution ends.
 *
 * Open → told to stop, by a cancel or its timeout: stopping, until the nodes that run have been aborted → every node
 * of the root scope is settled: ending, and the outcome is written → it is durable: ended. `result` resolves when the
 * promises of aborted nodes have settled too, or after a grace. A cancel that became durable before the outcome was
 * written takes its place.
 */
import { scopeOutput } from "../../execution/scope-output.js";
import type { ExecutionCommit } from "../../ports/execution-commit.js";
import type { ErrorRecord, InboxItem, NodeRecord } from "../../ports/execution-record.js";
import { createDeferred } from "../../shared/deferred.js";
import type { ChildEnded } from "../waiting/child-ended.js";
import { createExecutionResult, type ExecutionResult } from "./execution-result.js";
import type { ExecutionRunner } from "./execution-runner.js";

/** How long `result()` waits for nodes that were told to stop. */
const STOP_GRACE_MS = 5_000;

interface Ending {
  readonly status: "completed" | "failed" | "cancelled";
  readonly output: unknown;
  readonly error: ErrorRecord | null;
}

/** Stops an execution, writes what came of it, and tells whoever waits for that. */
export class Outcome {
  readonly #runner: ExecutionRunner;
  readonly #result = createDeferred<ExecutionResult | undefined>();
  readonly #bodyRecords: NodeRecord[] = [];
  #stopping: { readonly status: "failed" | "cancelled"; readonly error: ErrorRecord } | undefined;
  #ending: Ending | undefined;
  #endOfChild: InboxItem | undefined;
  /** Promises of aborted attempts that have not settled. */
  #abandoned = 0;
  #onAllStopped: (() => void) | undefined;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
    this.#result.promise.catch(() => {});
  }

  /** Resolves when the outcome is durable and running nodes have stopped; to nothing when it has left memory. */
  get result(): Promise<ExecutionResult | undefined> {
    return this.#result.promise;
  }

  /** True once it is told to stop. */
  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** True once the outcome is known. */
  get isKnown(): boolean {
    return this.#ending !== undefined;
  }

  /** What its parent is told, once it has ended. */
  get endOfChild(): InboxItem | undefined {
    return this.#endOfChild;
  }

  /** Stops everything that runs; the outcome is known once it has been recorded. */
  stop(status: "failed" | "cancelled", error: ErrorRecord): void {
    const { isEnded, root, nodes, starter } = this.#runner;
    if (isEnded || root.isEnded) return;
    this.#stopping = { status, error };
    nodes.stopReason = error;
    root.dispatch({ type: "stop" });
    starter.pump();
  }

  /** Every node of the root scope is settled. */
  finish(): void {
    if (this.#ending !== undefined) return;
    this.#ending = this.#stopping === undefined ? this.#endingOfRoot() : { ...this.#stopping, output: null };
    this.#runner.executionClock.close();
    this.#write(this.#ending);
  }

  #endingOfRoot(): Ending {
    const { state } = this.#runner.root;
    if (state.firstFailure !== undefined) return { status: "failed", output: null, error: state.firstFailure.error };
    return { status: "completed", output: scopeOutput(state), error: null };
  }

  /** The cancel was durable before the success: what happened stays, the outcome is "cancelled". */
  yieldToCancel({ nodes, events }: ExecutionCommit): void {
    const error: ErrorRecord = { code: "execution_cancelled", message: "The execution was cancelled." };
    this.#ending = { status: "cancelled", output: null, error };
    const { pending } = this.#runner.writer;
    pending.nodes.unshift(...(nodes ?? []));
    pending.events.unshift(
      ...(events ?? []).filter((event) => event.type !== "execution.completed" && event.type !== "execution.failed"),
    );
    this.#write(this.#ending);
  }

  #write({ status, output, error }: Ending): void {
    const runner = this.#runner;
    const { writer } = runner;
    const endedAt = runner.services.clock.now();
    runner.status = status;
    writer.pending.patch({ status, output, error, endedAt, blocked: null, parkedMs: runner.executionClock.parkedMs });
    this.#tellParent(status, error, endedAt);
    writer.emit(`execution.${status}`, error === null ? { output } : { error });
    writer.afterDurable(writer.ticket, () => this.#ended(endedAt));
  }

  /** A parent learns of the end in the same commit. */
  #tellParent(status: Ending["status"], error: ErrorRecord | null, at: number): void {
    const { id, record, writer } = this.#runner;
    const { parent } = record;
    if (parent === null) return;
    const payload: ChildEnded = { executionId: id, status, error };
    this.#endOfChild = { id: `ended:${id}`, kind: "child_ended", name: parent.nodePath, payload, key: id, at };
    writer.pending.deliver(parent.executionId, this.#endOfChild);
  }

  #ended(endedAt: number): void {
    const runner = this.#runner;
    runner.writer.stopFlushTimer();
    const result = this.#toResult(endedAt);
    const resolve = () => this.#result.resolve(result);
    runner.gone(result);
    if (this.#abandoned === 0) return resolve();
    const { timers, clock } = runner.services;
    const timer = timers.set(clock.now() + STOP_GRACE_MS, () => {
      this.#onAllStopped = undefined;
      resolve();
    });
    this.#onAllStopped = () => {
      timer.cancel();
      resolve();
    };
  }

  #toResult(endedAt: number): ExecutionResult {
    const { id, executionClock, root } = this.#runner;
    const { status, output, error } = this.#ending as Ending;
    const durationMs = endedAt - executionClock.startedAt;
    const records = () => [
      ...root.records.filter((record) => record !== undefined),
      ...this.#recordsOfBodiesLeftAlone(),
      ...this.#bodyRecords,
    ];
    return createExecutionResult({ id, status, output, error, durationMs, records });
  }

  /** Records of bodies that an earlier worker ran and that were not entered again. */
  *#recordsOfBodiesLeftAlone(): Generator<NodeRecord> {
    const { seeds, services } = this.#runner;
    const known = new Set(this.#bodyRecords.map(({ path }) => path));
    let room = services.limits.maxResultBodyNodes - known.size;
    for (const record of seeds.values()) {
      if (room <= 0) return;
      // Only the path of a node in a body has a slash.
      if (record.endedAt === null || !record.path.includes("/") || known.has(record.path)) continue;
      room--;
      yield record;
    }
  }

  /** It has left memory: the outcome comes from another runner. */
  leaveOpen(): void {
    this.#result.resolve(undefined);
  }

  /** It was dropped: nobody here learns the outcome. */
  fail(error: Error): void {
    this.#result.reject(error);
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
    const room = this.#runner.services.limits.maxResultBodyNodes - this.#bodyRecords.length;
    for (let index = 0; index < records.length && index < room; index++) {
      const record = records[index];
      if (record !== undefined) this.#bodyRecords.push(record);
    }
  }
}
