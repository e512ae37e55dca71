import { DEFAULT_PORT, TIMED_OUT_PORT } from "../../definition/node-type.js";
import type { WaitOutcome } from "../../definition/wait.js";
import { AutomatrixError } from "../../errors/errors.js";
import type { PlannedNode } from "../../execution/plan.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import type { ParkedNode } from "./parked-node.js";

/** Completes a node whose type does not see to it: the outcome of its wait becomes its output. */
export function completeFromWait({ scope, node, record, wait, variables }: ParkedNode, outcome: WaitOutcome): void {
  const { nodes } = scope.runner;
  if (outcome.kind === "timed_out" && !hasEdgeFrom(scope, node, TIMED_OUT_PORT)) {
    const what = wait.kind === "signal" ? `signal "${wait.name}"` : "approval";
    const message = `Node "${record.nodePath}" waited for the ${what} until its deadline.`;
    return nodes.failNode(scope, node, new AutomatrixError("wait_timed_out", message));
  }
  nodes.complete(scope, node, {
    output: toOutput(outcome),
    port: portOf(outcome, scope.plan.nodes[node] as PlannedNode),
    attempts: (scope.state.attempts[node] as number) + 1,
    startedAt: scope.notesOf(node)?.firstStartedAt ?? record.createdAt,
    variables,
  });
}

/** An approval of a type without the port of its decision comes out of `default`. */
function portOf(outcome: WaitOutcome, { ports }: PlannedNode): string {
  if (outcome.kind === "timed_out") return TIMED_OUT_PORT;
  return outcome.kind === "approval" && ports.includes(outcome.decision) ? outcome.decision : DEFAULT_PORT;
}

function hasEdgeFrom(scope: ScopeRunner, node: number, port: string): boolean {
  const { graph, edgePort } = scope.plan;
  for (let at = graph.outStart[node] as number; at < (graph.outStart[node + 1] as number); at++) {
    if (edgePort[graph.outEdges[at] as number] === port) return true;
  }
  return false;
}

function toOutput(outcome: WaitOutcome): unknown {
  switch (outcome.kind) {
    case "signal":
      return outcome.payload;
    case "execution":
      return outcome.output;
    case "approval": {
      const { decision, by, comment, decisions } = outcome;
      return Object.freeze({ decision, by, comment, decisions });
    }
    default:
      return null;
  }
}
