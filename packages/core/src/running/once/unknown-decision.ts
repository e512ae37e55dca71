import { AutomatrixError } from "../../errors/errors.js";
import { toErrorRecord } from "../../execution/error-record.js";
import type { PlannedNode } from "../../execution/plan.js";
import { toPlainJson } from "../../shared/plain-json.js";
import { NodeAttempt } from "../attempt/node-attempt.js";
import { type NodeOutput, toNodeOutput } from "../attempt/node-output.js";
import type { ParkedNode } from "../waiting/parked-node.js";

/** What a person decided about a node that waits for it; called once its wait has ended. */
export interface UnknownDecision {
  readonly kind: "output" | "retry" | "fail";
  readonly apply: () => void;
}

/** What an answer of `engine.resolveUnknown` amounts to; undefined when it cannot be used, and the node waits on. */
export function toUnknownDecision(parked: ParkedNode, payload: unknown): UnknownDecision | undefined {
  const { output, retry, fail } = (payload ?? {}) as { output?: unknown; retry?: unknown; fail?: unknown };
  if (retry === true) return { kind: "retry", apply: () => startAgain(parked) };
  if (typeof fail === "string") {
    const { scope, node } = parked;
    const error = new AutomatrixError("unknown_outcome", fail);
    return { kind: "fail", apply: () => scope.runner.nodes.failNode(scope, node, error) };
  }
  if (output === undefined) return refuse(parked, "it is none of { output }, { retry: true }, { fail: text }");
  try {
    return toCompletion(parked, output);
  } catch (error) {
    return refuse(parked, toErrorRecord(error).message);
  }
}

function refuse({ scope, record }: ParkedNode, why: string): undefined {
  scope.runner.services.logger.warn("A decision about an unknown outcome cannot be used; the node waits on.", {
    executionId: record.executionId,
    nodeId: record.nodePath,
    why,
  });
  return undefined;
}

function toCompletion({ scope, node, record }: ParkedNode, given: unknown): UnknownDecision {
  const { nodes, services } = scope.runner;
  const attempts = (scope.state.attempts[node] as number) + 1;
  const stand = new NodeAttempt(scope, scope.plan.nodes[node] as PlannedNode, attempts, record.createdAt);
  // Copied first: what is plain JSON holds nothing that would have to be stored as a blob.
  const output = toPlainJson(given, { maxBytes: services.limits.maxOutputBytes });
  const result = toNodeOutput(stand, output, undefined) as NodeOutput;
  const startedAt = scope.notesOf(node)?.firstStartedAt ?? record.createdAt;
  return {
    kind: "output",
    apply: () => nodes.complete(scope, node, { ...result, attempts, startedAt }),
  };
}

/** The number of the attempt stays after a crash, as after every crash; otherwise a further attempt begins. */
function startAgain({ scope, node, wait, record }: ParkedNode): void {
  const { services, writer } = scope.runner;
  const begun = (scope.state.attempts[node] as number) + (isAfterCrash(wait) ? 0 : 1);
  const notes = scope.noteOn(node);
  const startedAt = notes.firstStartedAt ?? record.createdAt;
  // The decision is durable even if the start is not: after a crash nobody is asked again.
  writer.pending.nodes.push({ path: record.nodePath, status: "pending", attempts: begun, startedAt, endedAt: null });
  // A node's time limit does not count the time that a person took.
  if (scope.plan.nodes[node]?.timeoutMs !== undefined) notes.firstStartedAt = services.clock.now();
  scope.dispatch({ type: "resumed", node, attempts: begun });
}

function isAfterCrash(wait: ParkedNode["wait"]): boolean {
  if (wait.kind !== "unknown_outcome") return false;
  return (wait.error.details as { lostBy?: unknown } | undefined)?.lostBy === "crash";
}
