import type { ExecutionEvent } from "../../events/event.js";
import type { ExecutionPlan, PlannedNode } from "../../execution/plan.js";
import type { NodeRecord } from "../../ports/execution-record.js";

/** Why an execution cannot move to another version of its workflow. */
export interface MigrationIssue {
  readonly code: "unknown_node" | "node_type_changed";
  readonly severity: "error";
  /** Scope path of a node that has started. */
  readonly nodeId: string;
  readonly message: string;
}

export interface MigrationReport {
  readonly compatible: boolean;
  readonly issues: readonly MigrationIssue[];
}

/**
 * Whether an unfinished execution may go on with another version: every node that has started exists there with the
 * same type. What a node gave to `ctx.runBody` itself is in no definition and is not looked at.
 */
export function judgeMigration(params: {
  readonly from: ExecutionPlan;
  readonly to: ExecutionPlan;
  readonly nodes: readonly NodeRecord[];
  readonly events: readonly ExecutionEvent[];
}): MigrationReport {
  const started = new Set<string>();
  for (const { path, status } of params.nodes) if (status !== "skipped") started.add(withoutKeys(path));
  for (const { type, nodeId } of params.events)
    if (type === "node.started" && nodeId !== undefined) started.add(withoutKeys(nodeId));
  const issues = [...started].flatMap((path) => judgeNode(path, params.from, params.to));
  return { compatible: issues.length === 0, issues };
}

function judgeNode(path: string, from: ExecutionPlan, to: ExecutionPlan): readonly MigrationIssue[] {
  const before = findNode(from, path);
  if (before === undefined) return [];
  const after = findNode(to, path);
  if (after === undefined) {
    const message = `Node "${path}" has started, and the version has no such node.`;
    return [{ code: "unknown_node", severity: "error", nodeId: path, message }];
  }
  if (before.type.type === after.type.type) return [];
  const message = `Node "${path}" has started as ${before.type.type}, and is ${after.type.type} in the version.`;
  return [{ code: "node_type_changed", severity: "error", nodeId: path, message }];
}

/** `loop[3]/fetch` → `loop/fetch`: which turn it was does not matter. */
function withoutKeys(path: string): string {
  return path.replace(/\[[^\]]*\]/g, "");
}

function findNode(plan: ExecutionPlan, path: string): PlannedNode | undefined {
  const [id = "", ...rest] = path.split("/");
  const node = plan.nodes[plan.indexOf.get(id) ?? -1];
  if (node === undefined || rest.length === 0) return node;
  for (const key of node.type.bodies ?? []) {
    const body = plan.bodies.get(node.definition.data?.[key] as object);
    const found = body === undefined ? undefined : findNode(body, rest.join("/"));
    if (found !== undefined) return found;
  }
  return undefined;
}
