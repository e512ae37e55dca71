import type { JoinDefinition, SkipReason, WorkflowDefinition } from "../../src/index.js";
import type { RandomDag, Script } from "./random-dag.js";

export interface Settled {
  readonly status: "completed" | "failed" | "skipped";
  readonly reason?: SkipReason;
}

interface Incoming {
  readonly source: string;
  readonly isLive: boolean;
  readonly deadReason: SkipReason;
}

/**
 * The semantics of edges and joins, written down a second time and in the plainest way: nodes in the order of the
 * definition (which is topological here), everything upstream known. Holds for graphs without unhandled failures.
 */
export function settleByHand({ definition, scripts }: RandomDag): ReadonlyMap<string, Settled> {
  const settled = new Map<string, Settled>();
  for (const [index, node] of definition.nodes.entries()) {
    const incoming = incomingOf(definition, scripts, settled, node.id);
    const reason = skipReason(node.join ?? "auto", incoming);
    if (reason !== undefined) settled.set(node.id, { status: "skipped", reason });
    else if (node.disabled === true) settled.set(node.id, { status: "skipped", reason: "disabled" });
    else settled.set(node.id, { status: scripts[index]?.emits === "fails" ? "failed" : "completed" });
  }
  return settled;
}

function incomingOf(
  definition: WorkflowDefinition,
  scripts: readonly Script[],
  settled: ReadonlyMap<string, Settled>,
  target: string,
): readonly Incoming[] {
  const edges = definition.edges ?? [];
  return edges
    .filter((edge) => edge.target === target)
    .map(({ source, sourceHandle }) => {
      const index = definition.nodes.findIndex(({ id }) => id === source);
      const { status, reason } = settled.get(source) as Settled;
      if (status === "skipped" && reason !== "disabled")
        return { source, isLive: false, deadReason: "upstream_skipped" };
      const node = definition.nodes[index];
      const port = sourceHandle ?? (node?.type === "fork" ? "whichever" : "default");
      const hasErrorEdge = edges.some((edge) => edge.source === source && edge.sourceHandle === "error");
      const emitted = emittedBy(status, reason, hasErrorEdge, scripts[index] as Script);
      const isLive = port === "whichever" ? !emitted.includes("error") : emitted.includes(port);
      return { source, isLive, deadReason: "branch_not_taken" };
    });
}

function emittedBy(
  status: Settled["status"],
  reason: SkipReason | undefined,
  hasErrorEdge: boolean,
  script: Script,
): readonly string[] {
  if (reason === "disabled") return ["default"];
  if (status === "failed") return [hasErrorEdge ? "error" : "default"];
  return script.emits as readonly string[];
}

function skipReason(join: JoinDefinition, incoming: readonly Incoming[]): SkipReason | undefined {
  if (incoming.length === 0 || join === "always") return undefined;
  const live = incoming.filter(({ isLive }) => isLive).length;
  const needed =
    join === "all"
      ? incoming.length
      : typeof join === "string" && join.startsWith("quorum:")
        ? Number(join.slice(7))
        : 1;
  if (live >= needed) return undefined;
  if (join !== "auto" && join !== "any") return "join_unsatisfied";
  return incoming.some(({ deadReason }) => deadReason === "branch_not_taken") ? "branch_not_taken" : "upstream_skipped";
}
