/**
 * Going on with an execution of which this process has only what the storage has: results, waits and the inbox.
 *
 * What has a result is settled again without running, in topological order; then the entries begin, and `transition`
 * reaches the nodes that were under way. Each of them goes on from where it was, see `node/restored-node.ts`.
 */
import { NODE } from "../../execution/scope-state.js";
import type { InboxItem, NodeRecord, WaitRecord } from "../../ports/execution-record.js";
import { restoreDecision } from "../node/join-decision.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import { cancelUnentered } from "../scope/unentered-bodies.js";
import type { ExecutionRunner } from "./execution-runner.js";

/** Where an execution goes on that was not in this process. */
export interface ResumedFrom {
  /** False when it was queued and nothing of it has run. */
  readonly hasBegun: boolean;
  readonly waits: readonly WaitRecord[];
  readonly inbox: readonly InboxItem[];
  /** Time parked so far, up to now. */
  readonly parkedMs: number;
}

type RestoredNode = readonly [node: number, record: NodeRecord];

/** Goes on, or begins when nothing of it has run. */
export function resumeExecution(runner: ExecutionRunner, resumed: ResumedFrom | undefined): void {
  const { record, writer, parking } = runner;
  writer.continueAfter(record.lastSeq);
  for (const item of resumed?.inbox ?? []) parking.inbox.keep(item);
  if (resumed?.hasBegun !== true) {
    if (record.cancelRequested !== null) return runner.cancel(record.cancelRequested.reason);
    return runner.begin();
  }
  for (const wait of resumed.waits) parking.expect(wait);
  parking.inbox.dropStale();
  runner.executionClock.continue(resumed.parkedMs);
  writer.pending.patch({ status: "running", parkedMs: resumed.parkedMs, blocked: null });
  writer.emit("execution.resumed", {});
  runner.beginRoot();
  const { cancelRequested } = record;
  if (cancelRequested !== null) return stopRestored(runner, () => runner.cancel(cancelRequested.reason));
  if (runner.executionClock.isOver) return stopRestored(runner, () => runner.executionClock.timeOut());
  runner.starter.pump();
  writer.requestFlush();
}

/**
 * What was cancelled, so that no join cancels it anew; results in topological order; then failures that nothing handled,
 * the first first, since they drain the scope; then what was under way, which that drain has not met.
 */
export function restoreResults(scope: ScopeRunner, { isResumed }: { readonly isResumed: boolean }): void {
  const { nodes, seeds } = scope.runner;
  // A further attempt of a container runs again what failed or was stopped in the attempt before.
  const isSameAttempt = isResumed && (scope.parent?.attempt.number ?? 1) === 1;
  const results: RestoredNode[] = [];
  const failures: RestoredNode[] = [];
  const begun: RestoredNode[] = [];
  for (const node of scope.plan.order) {
    const record = seeds.get(scope.pathOf(node));
    if (record === undefined) continue;
    restoreDecision(scope, node, record);
    if (record.status === "completed" || record.handled !== undefined) results.push([node, record]);
    else if (record.status === "failed" && isSameAttempt) failures.push([node, record]);
    else if (record.status === "cancelled" && isSameAttempt) nodes.records.restore(scope, node, record);
    else if (record.endedAt === null) begun.push([node, record]);
  }
  failures.sort(([, a], [, b]) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  for (const [node, record] of [...results, ...failures]) nodes.records.restore(scope, node, record);
  for (const [node, record] of begun) restoreBegun(scope, node, record);
}

/** Lets the scope know that the node did start, should it end before it is reached. */
function restoreBegun(scope: ScopeRunner, node: number, record: NodeRecord): void {
  const { nodes, parking } = scope.runner;
  const { path, status, attempts, error, nextAttemptAt } = record;
  if (nextAttemptAt !== undefined && error !== undefined)
    return scope.dispatch({ type: "begun", node, attempts, error });
  const wait = parking.recordOf(path);
  // Of unknown outcome: its records say more than that it was cancelled.
  if (wait?.kind === "unknown_outcome") return;
  if (wait === undefined && nodes.unknownOutcomes.wasInFlight(scope, node, record)) return;
  scope.dispatch({ type: "begun", node, attempts: status === "pending" ? attempts : Math.max(0, attempts - 1) });
}

/** Cancels what had begun, without starting anything of it again; `stop` ends the execution. */
function stopRestored(runner: ExecutionRunner, stop: () => void): void {
  const { root, seeds, starter, writer } = runner;
  const begun = new Set([...seeds.keys()].map((path) => path.split("/")[0]?.replace(/\[.*$/, "")));
  for (const { index: node, id, isContainer } of root.plan.nodes) {
    if (root.state.status[node] !== NODE.ready || !begun.has(id)) continue;
    if (isContainer) root.dispatch({ type: "started", node });
    else if (seeds.get(id)?.status === "waiting") starter.startAnyway(root, node);
  }
  cancelUnentered(runner, { reason: "The parent execution was cancelled." });
  stop();
  writer.requestFlush();
}
