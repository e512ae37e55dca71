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

/** Results in topological order; then failures that nothing handled, the first first, since they drain the scope. */
export function restoreResults(scope: ScopeRunner, { withFailures }: { readonly withFailures: boolean }): void {
  const { nodes, seeds } = scope.runner;
  const failures: [node: number, record: NodeRecord][] = [];
  for (const node of scope.plan.order) {
    const record = seeds.get(scope.pathOf(node));
    if (record === undefined) continue;
    restoreDecision(scope, node, record);
    if (record.status === "completed" || record.handled !== undefined) nodes.records.restore(scope, node, record);
    else if (record.status === "failed" && withFailures) failures.push([node, record]);
  }
  failures.sort(([, a], [, b]) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  for (const [node, record] of failures) nodes.records.restore(scope, node, record);
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
