import type { SkipReason } from "../definition/status.js";
import type { ErrorRecord } from "../ports/execution-record.js";
import type { ExecutionPlan } from "./plan.js";
import type { Variables } from "./variables.js";

/** Where a node stands, as stored in {@link ScopeState.status}. */
export const NODE = {
  /** Its join is undecided. */
  pending: 0,
  /** Decided to run; waits for a slot. */
  ready: 1,
  running: 2,
  /** Between two attempts. */
  retrying: 3,
  /** A timer, a signal, an approval or a child will resume it. */
  parked: 4,
  completed: 5,
  failed: 6,
  skipped: 7,
  cancelled: 8,
} as const;

export const EDGE = { unknown: 0, live: 1, dead: 2 } as const;

/** Why edges into a node died, as bits of {@link ScopeState.deadReasons}. */
export const DEAD = { upstreamFailed: 1, cancelled: 2, branchNotTaken: 4, upstreamSkipped: 8 } as const;

/**
 * `running` until an unhandled failure; then `draining`: what runs may finish, nothing starts; then `cleanup`: nodes
 * with `join: "always"` run; then `ended`.
 */
export type ScopePhase = "running" | "draining" | "cleanup" | "ended";

/** Outgoing edges to settle: those of `port` become live, the others dead for this reason. */
export interface Settlement {
  readonly node: number;
  readonly port: string | undefined;
  readonly deadReason: number;
}

/** A failure of a node that nothing handled. */
export interface NodeFailure {
  readonly node: number;
  readonly error: ErrorRecord;
}

/**
 * One run of one plan: flat arrays by node and edge index, so that settling a node costs its out-degree. Only
 * `transition` writes to it.
 */
export interface ScopeState {
  readonly plan: ExecutionPlan;
  /** Input of the entries. */
  readonly input: unknown;
  /** Skipped nodes whose edges are still to be settled. */
  readonly settlements: Settlement[];
  isSettling: boolean;
  readonly status: Uint8Array;
  readonly edges: Uint8Array;
  /** Incoming edges that are still unknown, by node. */
  readonly unknownIn: Int32Array;
  readonly liveIn: Int32Array;
  readonly deadReasons: Uint8Array;
  readonly attempts: Uint16Array;
  /** Value of the one port emitted, or an object by port. */
  readonly outputs: unknown[];
  // The lists below are sparse: most nodes have nothing in them.
  /** Port emitted unless it was `default`, or the list of them. */
  readonly ports: (string | readonly string[] | undefined)[];
  readonly errors: (ErrorRecord | undefined)[];
  readonly handled: ("error_port" | "continue" | undefined)[];
  readonly skipReasons: (SkipReason | undefined)[];
  /** Of a node that has begun and is ready again, why: its next attempt is due, or it goes on with one. */
  readonly readyAgain: ("retry" | "resume" | undefined)[];
  /** Variables that a node passes on: its own and those of its ancestors. */
  readonly variables: (Variables | undefined)[];
  /** Edges live at the decision of an `any` or `quorum` join, by node. */
  decidedEdges: Map<number, readonly number[]> | undefined;
  phase: ScopePhase;
  /** Nodes that are ready, running, retrying or parked. */
  open: number;
  /** True once it drained, by a failure of its own or around it. */
  drained: boolean;
  /** Set when cancelled or timed out from outside: no cleanup. */
  stopped: boolean;
  firstFailure: NodeFailure | undefined;
}

export function createScopeState(plan: ExecutionPlan, input: unknown): ScopeState {
  const nodeCount = plan.nodes.length;
  const unknownIn = new Int32Array(nodeCount);
  const { inStart } = plan.graph;
  for (let node = 0; node < nodeCount; node++)
    unknownIn[node] = (inStart[node + 1] as number) - (inStart[node] as number);
  return {
    plan,
    input,
    settlements: [],
    isSettling: false,
    status: new Uint8Array(nodeCount),
    edges: new Uint8Array(plan.graph.edgeCount),
    unknownIn,
    liveIn: new Int32Array(nodeCount),
    deadReasons: new Uint8Array(nodeCount),
    attempts: new Uint16Array(nodeCount),
    outputs: new Array(nodeCount).fill(null),
    ports: [],
    errors: [],
    handled: [],
    skipReasons: [],
    readyAgain: [],
    variables: [],
    decidedEdges: undefined,
    phase: "running",
    open: 0,
    drained: false,
    stopped: false,
    firstFailure: undefined,
  };
}
