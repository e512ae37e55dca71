import fc from "fast-check";
import {
  defineNode,
  type EdgeDefinition,
  type JoinDefinition,
  type NodeDefinition,
  type WorkflowDefinition,
} from "../../src/index.js";

/** What a node of a random graph does when it runs; the same whenever and in whatever order that happens. */
export interface Script {
  /** Ports it emits on; `fails` when it never succeeds. */
  readonly emits: readonly string[] | "fails";
  /** Transient failures before the last attempt. */
  readonly failuresFirst: number;
  /** It is parked once before it completes. */
  readonly isParked: boolean;
}

export interface RandomDag {
  readonly definition: WorkflowDefinition;
  readonly scripts: readonly Script[];
}

export const RANDOM_DAG_TYPES = [
  defineNode({ type: "step", execute: () => ({}) }),
  defineNode({ type: "fork", ports: ["a", "b", "c"], execute: () => ({}) }),
];

const FORK_PORTS = ["a", "b", "c"] as const;
const MAX_NODES = 24;

interface Draft {
  readonly isFork: boolean;
  readonly join: JoinDefinition | undefined;
  readonly isDisabled: boolean;
  readonly onError: "fail" | "continue";
  readonly failsEver: boolean;
  readonly emits: readonly (typeof FORK_PORTS)[number][];
  readonly failuresFirst: number;
  readonly isParked: boolean;
  /** Sources, as fractions of the nodes before it, with the port they leave (by a number that is taken modulo). */
  readonly parents: readonly { readonly at: number; readonly port: number }[];
}

const joins: fc.Arbitrary<JoinDefinition | undefined> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(undefined, "auto" as const) },
  { weight: 4, arbitrary: fc.constantFrom<JoinDefinition>("all", "any", "always", "quorum:1", "quorum:2", "quorum:3") },
);

const often = (percent: number): fc.Arbitrary<boolean> => fc.nat(99).map((value) => value < percent);

const drafts: fc.Arbitrary<readonly Draft[]> = fc.array(
  fc.record({
    isFork: often(35),
    join: joins,
    isDisabled: often(8),
    onError: fc.constantFrom("fail", "continue"),
    failsEver: often(15),
    emits: fc.subarray([...FORK_PORTS], { minLength: 1 }),
    failuresFirst: fc.oneof(
      { weight: 8, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
    ),
    isParked: often(10),
    parents: fc.array(fc.record({ at: fc.nat(9_999), port: fc.nat(11) }), { maxLength: 4 }),
  }) satisfies fc.Arbitrary<Draft>,
  { minLength: 1, maxLength: MAX_NODES },
);

/** Graphs with mixed joins, branches, disabled nodes, retries, waits and failures. `handled`: no failure is unhandled. */
export function randomDags({ handled }: { readonly handled: boolean }): fc.Arbitrary<RandomDag> {
  return fc.record({ nodes: drafts, onFailure: fc.constantFrom("drain", "abort") }).map(({ nodes, onFailure }) => {
    const edges = toEdges(nodes);
    const withErrorEdge = new Set(
      edges.filter(({ sourceHandle }) => sourceHandle === "error").map(({ source }) => source),
    );
    return {
      definition: {
        name: "random",
        settings: { onFailure },
        nodes: nodes.map((draft, index) => toNode(draft, index, handled && !withErrorEdge.has(`n${index}`))),
        edges,
      },
      scripts: nodes.map(toScript),
    };
  });
}

function toNode(draft: Draft, index: number, mustContinue: boolean): NodeDefinition {
  return {
    id: `n${index}`,
    type: draft.isFork ? "fork" : "step",
    retry: { delaysMs: draft.failsEver ? [] : [1, 1, 1] },
    onError: mustContinue ? "continue" : draft.onError,
    ...(draft.join === undefined ? {} : { join: draft.join }),
    ...(draft.isDisabled ? { disabled: true } : {}),
  };
}

function toScript({ isFork, failsEver, emits, failuresFirst, isParked }: Draft): Script {
  return {
    emits: failsEver ? "fails" : isFork ? emits : ["default"],
    failuresFirst: failsEver ? 0 : failuresFirst,
    isParked,
  };
}

function toEdges(nodes: readonly Draft[]): readonly EdgeDefinition[] {
  const edges = new Map<string, EdgeDefinition>();
  for (const [target, { parents }] of nodes.entries()) {
    for (const { at, port } of target === 0 ? [] : parents) {
      const source = at % target;
      const sourceHandle = portOf(nodes[source]?.isFork === true, port);
      const edge = {
        source: `n${source}`,
        target: `n${target}`,
        ...(sourceHandle === undefined ? {} : { sourceHandle }),
      };
      edges.set(JSON.stringify(edge), edge);
    }
  }
  return [...edges.values()];
}

/** Of twelve ports: one `error`, for a fork some without a name (live whatever was emitted). */
function portOf(isFork: boolean, port: number): string | undefined {
  if (port === 0) return "error";
  if (!isFork) return port < 6 ? "default" : undefined;
  return port > 9 ? undefined : FORK_PORTS[port % 3];
}
