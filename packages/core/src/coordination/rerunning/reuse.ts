import { ConfigurationError, ExecutionError } from "../../errors/errors.js";
import type { ExecutionPlan } from "../../execution/plan.js";
import { reachableFrom } from "../../graph/reachable.js";
import type { NodeMock, NodeRecord, StepRecord } from "../../ports/execution-record.js";

export interface RetryOptions {
  /** This node and all its descendants run again, whatever became of them. */
  readonly from?: string;
  /** `failed` (default) runs what did not finish; `restart` runs everything. */
  readonly mode?: "failed" | "restart";
}

export interface ReplayOptions {
  readonly from?: string;
  /** Another input. */
  readonly input?: unknown;
  readonly mocks?: Readonly<Record<string, NodeMock>>;
  /** Another version of the workflow; the pinned one when left out. */
  readonly version?: number | "latest";
}

export interface ReuseParams {
  readonly plan: ExecutionPlan;
  readonly nodes: readonly NodeRecord[];
  readonly steps: readonly StepRecord[];
  readonly options: RetryOptions & Pick<ReplayOptions, "mocks">;
}

/**
 * Finished results that a new execution takes over by reference; a mock stands in for what its node gave before.
 * @throws ExecutionError `node_not_found`, ConfigurationError `invalid_input`
 */
export function planReuse({ plan, nodes, steps, options }: ReuseParams): {
  readonly seeds?: ReadonlyMap<string, NodeRecord>;
  readonly steps?: readonly StepRecord[];
} {
  const { mode, mocks } = options;
  if (mode !== undefined && mode !== "failed" && mode !== "restart")
    throw new ConfigurationError("invalid_input", `mode must be "failed" or "restart".`);
  if (mode === "restart" && options.from === undefined) return {};
  const again = nodesToRunAgain(plan, options.from);
  const isKept = (path: string) => {
    const node = plan.indexOf.get(rootOf(path));
    return node !== undefined && again[node] !== 1 && !Object.hasOwn(mocks ?? {}, rootOf(path));
  };
  const kept = nodes.filter(
    (record) => isKept(record.path) && (record.status === "completed" || record.handled !== undefined),
  );
  return {
    seeds: new Map(kept.map((record) => [record.path, Object.freeze({ ...record, reused: true as const })])),
    steps: steps.filter(({ nodePath }) => isKept(nodePath)),
  };
}

function nodesToRunAgain(plan: ExecutionPlan, from: string | undefined): Uint8Array {
  if (from === undefined) return new Uint8Array(plan.nodes.length);
  const node = plan.indexOf.get(from);
  if (node === undefined)
    throw new ExecutionError("node_not_found", `The workflow has no node "${from}" to start from.`);
  return reachableFrom(plan.graph, [node]);
}

/** Id of the node of the definition that a path lies in. */
function rootOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? path : path.slice(0, path.indexOf("["));
}
