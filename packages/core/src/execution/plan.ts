import { type Join, parseJoin } from "../definition/join.js";
import type { Limits } from "../definition/limits.js";
import type { NodeRegistry } from "../definition/node-registry.js";
import { DEFAULT_PORT, ERROR_PORT, type NodeType } from "../definition/node-type.js";
import type {
  Effects,
  NodeDefinition,
  WorkflowDefinition,
  WorkflowSettings,
} from "../definition/workflow-definition.js";
import { ConfigurationError } from "../errors/errors.js";
import type { FunctionTable } from "../expressions/functions/function-table.js";
import { criticalPath } from "../graph/critical-path.js";
import { compileGraph, type Graph } from "../graph/graph.js";
import { topologicalOrder } from "../graph/topological-order.js";
import { findCancellable } from "./cancel-others.js";
import { strictestEffects } from "./effects.js";
import { foreseeEffects } from "./foreseen-effects.js";
import { type CompiledParameters, compileParameters } from "./parameters.js";
import { parseRetryPolicy, type RetryPolicy } from "./retry-policy.js";

/** What happens to a failure that no retry mended and no error port took. */
export type OnError = { readonly action: "fail" } | { readonly action: "continue"; readonly output: unknown };

/** A node with everything decided that does not depend on the run. */
export interface PlannedNode {
  readonly index: number;
  readonly id: string;
  readonly type: NodeType;
  readonly definition: NodeDefinition;
  readonly parameters: CompiledParameters;
  readonly join: Join;
  readonly retry: RetryPolicy;
  readonly onError: OnError;
  readonly attemptTimeoutMs: number | undefined;
  readonly timeoutMs: number | undefined;
  /** Effects when they do not depend on the parameters' values. */
  readonly effects: Effects | undefined;
  readonly isDisabled: boolean;
  readonly isContainer: boolean;
  readonly ports: readonly string[];
  /** What a worker must offer to run it. */
  readonly tags: readonly string[];
  readonly hasErrorEdge: boolean;
  /** The command that starts it, made once. */
  readonly start: { readonly type: "start"; readonly node: number };
  /** Data of its `node.started` event, made once. */
  readonly startData: { readonly type: string };
}

/** A definition compiled for running: immutable and shared by every execution of it. */
export interface ExecutionPlan {
  readonly definition: WorkflowDefinition;
  readonly settings: WorkflowSettings;
  readonly nodes: readonly PlannedNode[];
  readonly graph: Graph;
  /** Node indexes, sources before targets. */
  readonly order: Int32Array;
  /** Position when several nodes are ready: longest remaining path first, then definition order. */
  readonly rank: Int32Array;
  readonly indexOf: ReadonlyMap<string, number>;
  /** Port that each edge leaves; null: live whichever port was emitted. */
  readonly edgePort: readonly (string | null)[];
  /** Key of each edge in the target's `inputs`. */
  readonly edgeHandle: readonly string[];
  readonly triggers: readonly number[];
  readonly ends: readonly number[];
  /** Version of every node type used, bodies included. */
  readonly nodeTypes: Readonly<Record<string, number>>;
  /** True when a node of it, or of a body, writes in the storage's own transaction, as far as that is known before the run. */
  readonly needsTransactions: boolean;
  /** What a join with `cancelOthers` cancels, by join. */
  readonly cancellable: ReadonlyMap<number, readonly number[]>;
  /** Plans of the bodies in parameters, by the definition object that the parameter holds. */
  readonly bodies: ReadonlyMap<object, ExecutionPlan>;
}

export interface PlanParams {
  readonly registry: NodeRegistry;
  readonly limits: Limits;
  readonly functions?: FunctionTable | undefined;
  /** Node-type versions pinned by an execution that started earlier. */
  readonly pinned?: Readonly<Record<string, number>> | undefined;
  readonly depth?: number;
  readonly inherited?: WorkflowSettings;
}

/**
 * Compiles a valid definition. O(nodes + edges).
 * @throws ConfigurationError `node_type_missing` when a node type is not registered (any more)
 */
export function compilePlan(definition: WorkflowDefinition, params: PlanParams): ExecutionPlan {
  const bodies = new Map<object, ExecutionPlan>();
  const settings = { ...inheritable(params.inherited), ...definition.settings };
  const edges = definition.edges ?? [];
  const indexOf = new Map(definition.nodes.map((node, index) => [node.id, index]));
  const graph = compileGraph(
    definition.nodes.length,
    edges.map((edge) => ({ source: indexOf.get(edge.source) as number, target: indexOf.get(edge.target) as number })),
  );
  const order = topologicalOrder(graph);
  if (order === undefined) throw new ConfigurationError("invalid_definition", "The definition has a cycle.");
  const errorSources = new Set(edges.filter((edge) => edge.sourceHandle === ERROR_PORT).map((edge) => edge.source));
  const nodes = definition.nodes.map((node, index) => {
    const type = findType(node, params);
    for (const body of bodyDefinitions(node, type)) {
      bodies.set(body, compilePlan(body, { ...params, inherited: settings }));
    }
    return planNode(node, index, type, errorSources.has(node.id), params);
  });
  return {
    definition,
    settings,
    nodes,
    graph,
    order,
    rank: rankNodes(graph, order),
    indexOf,
    edgePort: edges.map((edge) => portOf(edge.sourceHandle, nodes[indexOf.get(edge.source) as number] as PlannedNode)),
    edgeHandle: edges.map((edge) => edge.targetHandle ?? edge.source),
    triggers: nodes.filter((node) => node.type.category === "trigger").map((node) => node.index),
    ends: nodes.filter((node) => node.type.type === "end").map((node) => node.index),
    nodeTypes: Object.freeze(
      Object.assign(
        {},
        ...[...bodies.values()].map((body) => body.nodeTypes),
        Object.fromEntries(nodes.map(({ type }) => [type.type, type.version])),
      ),
    ),
    needsTransactions:
      nodes.some((node) => (node.effects ?? foreseeEffects(node)) === "transactional") ||
      [...bodies.values()].some((body) => body.needsTransactions),
    cancellable: new Map(
      nodes
        .filter((node) => node.join.cancelOthers)
        .map((node) => [node.index, findCancellable(graph, order, node.index)]),
    ),
    bodies,
  };
}

/** What a body takes over from the definition around it. */
function inheritable(settings: WorkflowSettings | undefined): WorkflowSettings {
  if (settings === undefined) return {};
  const { onFailure, maxConcurrency } = settings;
  return {
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
  };
}

function findType(node: NodeDefinition, { registry, pinned }: PlanParams): NodeType {
  const version = node.version ?? pinned?.[node.type];
  const type = registry.get(node.type, version);
  if (type === undefined) {
    const name = version === undefined ? node.type : `${node.type}@${version}`;
    throw new ConfigurationError("node_type_missing", `node type ${name} is not registered`, {
      details: { nodeId: node.id, type: node.type, version },
    });
  }
  return type;
}

function bodyDefinitions(node: NodeDefinition, type: NodeType): readonly WorkflowDefinition[] {
  return (type.bodies ?? []).flatMap((key) => {
    const body = node.data?.[key];
    return typeof body === "object" && body !== null ? [body as WorkflowDefinition] : [];
  });
}

const NO_TAGS: readonly string[] = Object.freeze([]);

function planNode(
  node: NodeDefinition,
  index: number,
  type: NodeType,
  hasErrorEdge: boolean,
  params: PlanParams,
): PlannedNode {
  const parameters = compileParameters(node, type, params.functions);
  return Object.freeze({
    index,
    id: node.id,
    type,
    definition: node,
    parameters,
    join: parseJoin(node.join),
    retry: parseRetryPolicy(node.retry),
    onError: parseOnError(node.onError),
    attemptTimeoutMs: node.attemptTimeoutMs ?? undefined,
    timeoutMs: node.timeoutMs ?? undefined,
    effects: plannedEffects(node, type, parameters),
    isDisabled: node.disabled === true,
    isContainer: type.container === true,
    ports: portsOf(type, node),
    tags: type.tags ?? NO_TAGS,
    hasErrorEdge,
    start: Object.freeze({ type: "start", node: index } as const),
    startData: Object.freeze({ type: type.type }),
  });
}

function plannedEffects(node: NodeDefinition, type: NodeType, parameters: CompiledParameters): Effects | undefined {
  if (typeof type.effects === "function") return undefined;
  const effects = strictestEffects(type.effects, node.effects);
  return effects === "pure" && parameters.isVolatile ? "idempotent" : effects;
}

function parseOnError(onError: NodeDefinition["onError"]): OnError {
  if (onError === "continue") return { action: "continue", output: null };
  if (typeof onError === "object" && onError !== null && onError.action === "continue") {
    return { action: "continue", output: onError.output ?? null };
  }
  return { action: "fail" };
}

function portsOf(type: NodeType, node: NodeDefinition): readonly string[] {
  if (typeof type.ports !== "function") return type.ports ?? [DEFAULT_PORT];
  const { label: _, ...parameters } = node.data ?? {};
  return type.ports(parameters);
}

function portOf(handle: string | null | undefined, source: PlannedNode): string | null {
  if (handle !== undefined && handle !== null) return handle;
  return source.ports.includes(DEFAULT_PORT) ? DEFAULT_PORT : null;
}

function rankNodes(graph: Graph, order: Int32Array): Int32Array {
  const remaining = criticalPath(graph, order);
  const byUrgency = Array.from(order.keys()).sort(
    (a, b) => (remaining[b] as number) - (remaining[a] as number) || a - b,
  );
  const rank = new Int32Array(graph.nodeCount);
  for (const [position, node] of byUrgency.entries()) rank[node] = position;
  return rank;
}
