import type { ExecutionEvent, NodeStatus } from "@automatrix/core";
import type { DrawableGraph } from "../picture/drawable-graph.js";

/** One node as the progress shows it. */
export interface BoardRow {
  readonly label: string;
  status: NodeStatus;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** A few words beside the status: why it was skipped, how it failed, when it tries again. */
  remark: string;
  /** Nodes that ended inside its body. */
  bodyNodes: number;
}

const STATUS_AFTER: Readonly<Record<string, NodeStatus>> = {
  "node.started": "running",
  "node.resumed": "running",
  "node.waiting": "waiting",
  "node.retry_scheduled": "waiting",
  "node.completed": "completed",
  "node.failed": "failed",
  "node.skipped": "skipped",
  "node.cancelled": "cancelled",
};
const ENDS: ReadonlySet<NodeStatus> = new Set(["completed", "failed", "skipped", "cancelled"]);

/** Where every node of a workflow stands, from the events seen so far. */
export class NodeBoard {
  readonly #rows = new Map<string, BoardRow>();

  constructor(graph: DrawableGraph) {
    for (const { id, label } of graph.nodes) {
      this.#rows.set(id, {
        label,
        status: "pending",
        startedAt: undefined,
        endedAt: undefined,
        remark: "",
        bodyNodes: 0,
      });
    }
  }

  get rows(): readonly BoardRow[] {
    return [...this.#rows.values()];
  }

  /** The row that an event changed; undefined when it concerns none. */
  apply(event: ExecutionEvent): BoardRow | undefined {
    if (event.nodeId === undefined) return undefined;
    const row = this.#rows.get(event.nodeId);
    if (row === undefined) return this.#applyInBody(event, event.nodeId);
    const status = STATUS_AFTER[event.type];
    if (event.type === "progress") row.remark = progressRemark(event.data);
    if (status === undefined) return row;
    row.status = status;
    row.startedAt ??= event.at;
    row.endedAt = ENDS.has(status) ? event.at : undefined;
    row.remark = remarkOf(event);
    return row;
  }

  /** Paths in a body begin with `container[3]/` or `container/`: only the container has a row. */
  #applyInBody(event: ExecutionEvent, path: string): BoardRow | undefined {
    const container = this.#rows.get(path.split(/[[/]/, 1)[0] ?? "");
    const status = STATUS_AFTER[event.type];
    if (container === undefined || status === undefined || !ENDS.has(status)) return undefined;
    container.bodyNodes += 1;
    return container;
  }
}

function remarkOf(event: ExecutionEvent): string {
  const data = record(event.data);
  switch (event.type) {
    case "node.skipped":
      return text(data["reason"]);
    case "node.failed": {
      const error = record(data["error"]);
      const handled = text(data["handled"]);
      return [text(error["code"]), text(error["message"]), handled === "" ? "" : `(handled: ${handled})`]
        .filter(Boolean)
        .join(" ");
    }
    case "node.retry_scheduled":
      return `attempt ${event.attempt ?? "?"} failed, trying again`;
    case "node.waiting":
      return ["for", text(data["kind"]), text(data["signal"])].filter(Boolean).join(" ");
    default:
      return "";
  }
}

function progressRemark(data: unknown): string {
  const { fraction, message } = record(data);
  const percent = typeof fraction === "number" ? `${Math.round(fraction * 100)} %` : "";
  return [percent, text(message)].filter(Boolean).join(" ");
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
