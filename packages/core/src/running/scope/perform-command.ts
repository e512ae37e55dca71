import type { ScopeCommand } from "../../execution/command.js";
import { beginCleanup, endCleanup } from "./cleanup.js";
import type { ScopeRunner } from "./scope-runner.js";

/** Does what `transition` decided about a scope. */
export function performCommand(scope: ScopeRunner, command: ScopeCommand): void {
  const { nodes, starter, parking } = scope.runner;
  switch (command.type) {
    case "start":
      return starter.makeReady(scope, command.node);
    case "retry":
      return nodes.retries.schedule(scope, command.node, command.delayMs);
    case "failed":
      nodes.timeouts.clearNode(scope, command.node);
      return nodes.records.addFailure(scope, command.node);
    case "skip":
      return nodes.records.addSkip(scope, command.node);
    case "cancelled":
      return nodes.records.addCancel(scope, command.node);
    case "abort":
      return nodes.abort(scope, command.node);
    case "unpark":
      nodes.retries.clear(scope, command.node);
      return parking.forget(scope, command.node, "cancelled");
    case "drain":
      return drain(scope, command.node);
    case "ended":
      endCleanup(scope);
      return scope.onEnded(scope);
  }
}

/** The scope starts nothing more: bodies of the node drain too, and what it only waits for ends. */
function drain(scope: ScopeRunner, node: number): void {
  beginCleanup(scope);
  const { parking, nodes } = scope.runner;
  const attempt = scope.attempts[node];
  for (const body of attempt?.bodies ?? []) body.dispatch({ type: "drain" });
  if (attempt !== undefined || !parking.mayBeCancelled(scope, node)) return;
  const unknown = parking.unknownOutcomeOf(scope, node);
  if (unknown === undefined) scope.dispatch({ type: "node_cancelled", node });
  else nodes.unknownOutcomes.giveUp(unknown);
}
