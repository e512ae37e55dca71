import type { ExecutionRecord, NodeRecord, WaitRecord } from "../ports/storage.js";

/** Says in one sentence why an execution is not moving, and what would move it. */
export function explainExecution(
  record: ExecutionRecord,
  nodes: readonly NodeRecord[],
  waits: readonly WaitRecord[],
): string {
  const { id, status, blocked, error } = record;
  if (status === "completed") return `Execution ${id} completed; nothing is left to do.`;
  if (status === "failed")
    return `Execution ${id} failed${at(error?.nodeId)}: ${error?.message ?? "unknown"}. Retry it with engine.retry("${id}").`;
  if (status === "cancelled")
    return `Execution ${id} was cancelled${error?.message === undefined ? "" : ` (${error.message})`}. Retry it with engine.retry("${id}").`;
  if (blocked !== null)
    return `Execution ${id} is blocked${at(blocked.nodeId)}: ${blocked.message}. Mend that, then call engine.resume("${id}").`;
  if (status === "queued")
    return `Execution ${id} is queued: every execution slot is taken. It starts when one is free.`;
  const retrying = nodes.filter((node) => node.nextAttemptAt !== undefined && node.status === "waiting");
  const [wait] = waits;
  if (wait !== undefined)
    return `Execution ${id} ${explainWait(wait)}${waits.length > 1 ? ` (and ${waits.length - 1} more)` : ""}.`;
  const [retry] = retrying;
  if (retry !== undefined)
    return `Execution ${id} waits until ${iso(retry.nextAttemptAt as number)} for attempt ${retry.attempts + 1} of node "${retry.path}": ${retry.error?.message ?? ""}`;
  return `Execution ${id} is running.`;
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
  }
}

function at(nodeId: string | undefined): string {
  return nodeId === undefined ? "" : ` at node "${nodeId}"`;
}

function iso(at: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: formats an instant, reads no clock
  return new Date(at).toISOString();
}
