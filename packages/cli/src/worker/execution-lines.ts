import type { Engine, ErrorRecord, ExecutionEvent } from "@automatrix/core";
import type { WorkerLog } from "./worker-log.js";

/** A line for each thing that happens to an execution here: what it is, never what is in it. */
export function logExecutions(engine: Engine, { line }: WorkerLog): void {
  engine.on("*", (event) => {
    const text = executionText(event);
    if (text !== undefined) line(`${event.executionId} ${text}`);
  });
}

function executionText({ type, data }: ExecutionEvent): string | undefined {
  switch (type) {
    case "execution.started":
      return "started";
    case "execution.resumed":
      return "goes on";
    case "execution.waiting":
      return waitingText(data);
    case "execution.blocked":
      return `is blocked: ${data.message}`;
    case "execution.completed":
      return "completed";
    case "execution.failed":
      return `failed${errorText(data.error)}`;
    case "execution.cancelled":
      return "was cancelled";
    default:
      return undefined;
  }
}

function waitingText({ requires }: { readonly requires?: readonly string[] }): string {
  return requires === undefined ? "waits" : `waits for a worker that offers ${requires.join(", ")}`;
}

function errorText({ code, nodeId }: ErrorRecord): string {
  return `${nodeId === undefined ? "" : ` at node "${nodeId}"`}: ${code}`;
}
