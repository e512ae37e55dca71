import type { ExecutionRecord, NodeRecord, WaitRecord } from "../ports/execution-record.js";

/** Says in one sentence why an execution is not moving, and what would move it. */
export function explainExecution({
  record,
  nodes,
  waits,
  rivals,
}: {
  readonly record: ExecutionRecord;
  readonly nodes: readonly NodeRecord[];
  readonly waits: readonly WaitRecord[];
  /** Running executions that count against the same limit. */
  readonly rivals: readonly string[];
}): string {
  const { id, status, blocked, error } = record;
  if (status === "completed") return `Execution ${id} completed; nothing is left to do.`;
  if (status === "failed")
    return `Execution ${id} failed${at(error?.nodeId)}: ${withoutStop(error?.message ?? "unknown")}. Retry it with engine.retry("${id}").`;
  if (status === "cancelled")
    return `Execution ${id} was cancelled${error?.message === undefined ? "" : ` (${withoutStop(error.message)})`}. Retry it with engine.retry("${id}").`;
  if (blocked?.code === "unknown_outcome") return `Execution ${id} is blocked${at(blocked.nodeId)}: ${blocked.message}`;
  if (blocked !== null)
    return `Execution ${id} is blocked${at(blocked.nodeId)}: ${withoutStop(blocked.message)}. Mend that, then call engine.resume("${id}").`;
  if (record.cancelRequested !== null)
    return `Execution ${id} is to be cancelled; it ends as soon as its worker learns of it.`;
  if (status === "queued") return `Execution ${id} is queued: ${explainQueued(record, rivals)}`;
  const retrying = nodes.filter((node) => node.nextAttemptAt !== undefined && node.status === "waiting");
  const [wait] = waits;
  if (wait !== undefined)
    return `Execution ${id} ${explainWait(wait)}${waits.length > 1 ? ` (and ${waits.length - 1} more)` : ""}.`;
  const [retry] = retrying;
  if (retry !== undefined)
    return `Execution ${id} waits until ${iso(retry.nextAttemptAt as number)} for attempt ${retry.attempts + 1} of node "${retry.path}": ${retry.error?.message ?? ""}`;
  return `Execution ${id} ${explainUnderWay(record)}`;
}

/** Nobody has it and nothing in it waits: a worker that was told to stop handed it back. */
function explainUnderWay({ owner, isParked, requires }: ExecutionRecord): string {
  if (owner !== null || isParked) return "is running.";
  const fit = requires.length === 0 ? "with a free place" : `that offers ${requires.join(", ")} and has a free place`;
  return `is under way, but no worker has it; it goes on as soon as a worker ${fit} takes it.`;
}

function explainQueued({ limits, requires, startedAt }: ExecutionRecord, rivals: readonly string[]): string {
  const { concurrency = null, rate = null } = limits ?? {};
  // Under way and queued again: it was handed over, whatever its limits are.
  if (requires.length > 0 && startedAt !== null && rivals.length < (concurrency?.limit ?? Number.POSITIVE_INFINITY))
    return `it needs a worker that offers ${requires.join(", ")} and has a place; start one with createEngine({ offers }) or automatrix worker --offers ${requires.join(",")}.`;
  if (concurrency !== null && rivals.length >= concurrency.limit)
    return `the limit of ${concurrency.limit} for its concurrency key is reached by ${rivals.join(", ")}. It starts when one of them ends or waits.`;
  if (rate !== null)
    return `its rate limit allows ${rate.count} starts in ${rate.perMs} ms. It starts when the window has room and a worker has a place.`;
  if (requires.length > 0) return `it needs a worker that offers ${requires.join(", ")} and has a place.`;
  if (concurrency !== null)
    return `at most ${concurrency.limit} execution${concurrency.limit === 1 ? "" : "s"} with its concurrency key may run at once. It starts when it is its turn and a worker has a place.`;
  return "every place for executions is taken. It starts when a worker has one free.";
}

function explainWait({ nodePath, kind, resumeAt, signalName, approval, childId }: WaitRecord): string {
  const until = resumeAt === null ? "" : `, until ${iso(resumeAt)}`;
  switch (kind) {
    case "delay":
      return `waits at node "${nodePath}" until ${iso(resumeAt as number)}`;
    case "signal":
      return `waits at node "${nodePath}" for the signal "${signalName}"${until}; send it with engine.signal`;
    case "approval":
      return `waits at node "${nodePath}" for ${approval?.quorum ?? 1} approval(s)${until}; decide with engine.decideApproval`;
    case "execution":
      return `waits at node "${nodePath}" for its child execution ${childId ?? ""}`;
    case "unknown_outcome":
      return `waits at node "${nodePath}" for somebody who knows its outcome; tell it with engine.resolveUnknown`;
  }
}

function at(nodeId: string | undefined): string {
  return nodeId === undefined ? "" : ` at node "${nodeId}"`;
}

/** A message that goes on in the sentence. */
function withoutStop(message: string): string {
  return message.replace(/\.$/, "");
}

function iso(at: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: formats an instant, reads no clock
  return new Date(at).toISOString();
}
