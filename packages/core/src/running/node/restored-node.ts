/**
 * A node that was under way when its execution was last in memory, and is reached again.
 *
 * It waited for its next attempt: the rest of the delay is waited. It was parked: it waits on, with the same deadline,
 * decisions and child. A person decided to start it again: it does, as the attempt that was written. A `once` node was
 * called: its outcome is unknown. Anything else simply starts, within the time limits that it had.
 */
import type { NodeRecord } from "../../ports/execution-record.js";
import type { ScopeRunner } from "../scope/scope-runner.js";

/** Goes on from where an earlier worker left the node; false when it simply starts. */
export function continueNode(scope: ScopeRunner, node: number): boolean {
  const { seeds, nodes } = scope.runner;
  const seed = seeds.get(scope.pathOf(node));
  if (seed === undefined) return false;
  if (seed.status === "waiting" && continueWaiting(scope, node, seed)) return true;
  if (seed.status === "pending") {
    seeds.delete(seed.path);
    scope.dispatch({ type: "started", node, attempts: seed.attempts + 1 });
    return false;
  }
  if (nodes.unknownOutcomes.recover(scope, node, seed)) return true;
  if (seed.status === "running") restoreStart(scope, node, seed);
  return false;
}

/** It starts as the attempt that it was, and its time limits go on. */
function restoreStart(scope: ScopeRunner, node: number, { path, attempts, startedAt, attemptStartedAt }: NodeRecord) {
  const { seeds, parking } = scope.runner;
  seeds.delete(path);
  scope.dispatch({ type: "started", node, attempts });
  // No limit counts the time that a person took to tell what happened in its body.
  if (startedAt === null || parking.isOutcomeUnknownIn(path)) return;
  const notes = scope.noteOn(node);
  notes.firstStartedAt = startedAt;
  if (scope.plan.nodes[node]?.isContainer === true) notes.attemptStartedAt = attemptStartedAt;
}

/** A node that waited when its worker died waits on; false when there is nothing to go on with. */
function continueWaiting(scope: ScopeRunner, node: number, seed: NodeRecord): boolean {
  const { runner } = scope;
  const { nodes, parking } = runner;
  runner.seeds.delete(seed.path);
  const startedAt = seed.startedAt ?? runner.services.clock.now();
  scope.noteOn(node).firstStartedAt = startedAt;
  nodes.timeouts.armNode(scope, node, startedAt);
  if (seed.nextAttemptAt !== undefined && seed.error !== undefined) {
    releaseSlot(scope, node);
    scope.dispatch({ type: "retry_restored", node, attempts: seed.attempts, error: seed.error });
    nodes.retries.await(scope, node, seed.nextAttemptAt);
    return true;
  }
  const wait = parking.takeExpected(seed.path);
  if (wait === undefined) return false;
  releaseSlot(scope, node);
  if (wait.kind === "unknown_outcome") nodes.timeouts.clearNode(scope, node);
  const { attempts, variables, error } = seed;
  parking.restore({ scope, node, record: wait, attempts, variables, error });
  return true;
}

/** It was started, and took a slot; waiting it holds none. */
function releaseSlot(scope: ScopeRunner, node: number): void {
  if (scope.plan.nodes[node]?.isContainer !== true) scope.runner.starter.releaseSlot(scope);
}
