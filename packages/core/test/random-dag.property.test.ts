import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { liveEdges, resolveInput, resolveInputs } from "../src/execution/inputs.js";
import { EDGE, NODE } from "../src/execution/scope-state.js";
import { reachableFrom } from "../src/graph/reachable.js";
import { RANDOM_DAG_TYPES, type RandomDag, randomDags, type Script } from "./support/random-dag.js";
import { planOf, ScopePlay } from "./support/scope-play.js";
import { settleByHand } from "./support/settle-by-hand.js";

const SEEDS = process.env.CI === "true" ? 1_000 : 250;
/** Settlement orders tried for each graph. */
const ORDERS = 4;
const STATUS = ["pending", "ready", "running", "retrying", "parked", "completed", "failed", "skipped", "cancelled"];

/** A small reproducible source of numbers below `limit`: mulberry32. */
function chanceFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

class RandomPlay extends ScopePlay {
  readonly #dag: RandomDag;
  readonly #chance: (limit: number) => number;
  readonly #hasParked = new Set<number>();
  /** Nodes that were started after the first unhandled failure. */
  readonly startedLate: number[] = [];
  readonly startedInputs = new Map<
    number,
    { readonly input: unknown; readonly inputs: Readonly<Record<string, unknown>> }
  >();
  steps = 0;

  constructor(dag: RandomDag, seed: number) {
    super(planOf(dag.definition, RANDOM_DAG_TYPES), { trigger: true });
    this.#dag = dag;
    this.#chance = chanceFrom(seed);
  }

  /** Settles everything, each time a node at random. */
  play(): this {
    this.begin();
    const limit = this.plan.nodes.length * 20;
    for (let open = this.#open(); open.length > 0; open = this.#open()) {
      if (++this.steps > limit) throw new Error(`does not end within ${limit} steps`);
      this.#advance(open[this.#chance(open.length)] as number);
    }
    return this;
  }

  #open(): readonly number[] {
    const open: number[] = [];
    for (const [node, status] of this.state.status.entries()) {
      if (status >= NODE.ready && status <= NODE.parked) open.push(node);
    }
    return open;
  }

  #advance(node: number): void {
    switch (this.statusOf(node)) {
      case NODE.ready:
        return this.#start(node);
      case NODE.retrying:
        return this.send({ type: "retry_due", node });
      case NODE.parked:
        return this.#complete(node);
      default:
        return this.#end(node);
    }
  }

  #start(node: number): void {
    if (this.state.firstFailure !== undefined) this.startedLate.push(node);
    const inputs = resolveInputs(this.state, node);
    this.startedInputs.set(node, { input: resolveInput(this.state, node, this.state.input, () => inputs), inputs });
    this.start(node);
  }

  #end(node: number): void {
    const { emits, failuresFirst, isParked } = this.#script(node);
    if (emits === "fails") return this.fail(node);
    if ((this.state.attempts[node] as number) < failuresFirst) return this.fail(node, { isTransient: true });
    if (isParked && !this.#hasParked.has(node)) {
      this.#hasParked.add(node);
      return this.send({ type: "parked", node });
    }
    this.#complete(node);
  }

  #complete(node: number): void {
    const { emits } = this.#script(node);
    const ports = emits === "fails" ? ["default"] : emits;
    const value = { by: node, [`from${node}`]: true };
    if (ports.length === 1) this.complete(node, value, ports[0] as string);
    else this.complete(node, Object.fromEntries(ports.map((port) => [port, value])), ports);
  }

  #script(node: number): Script {
    return this.#dag.scripts[node] as Script;
  }

  get settled(): readonly (readonly [string, string | undefined, string | undefined])[] {
    return this.plan.nodes.map(({ index }) => [
      STATUS[this.statusOf(index)] as string,
      this.reasonOf(index),
      this.state.handled[index],
    ]);
  }
}

function expectEnded(play: RandomPlay): void {
  expect(play.state.phase).toBe("ended");
  expect(play.endings).toBe(1);
  expect(play.state.open).toBe(0);
  expect(Math.max(...play.starts)).toBeLessThanOrEqual(1);
  for (const status of play.state.status) expect(status).toBeGreaterThanOrEqual(NODE.completed);
}

/** The inputs of a node are the live edges of its decision, in edge order, whoever came first. */
function expectInputsInEdgeOrder(play: RandomPlay): void {
  const { source } = play.plan.graph;
  for (const [node, { input, inputs }] of play.startedInputs) {
    const live = liveEdges(play.state, node);
    expect([...live]).toEqual([...live].sort((a, b) => a - b));
    for (const edge of live) expect(play.state.edges[edge]).toBe(EDGE.live);
    const sources = [...new Set(live.map((edge) => source[edge] as number))];
    expect(Object.keys(inputs)).toEqual(sources.map((index) => `n${index}`));
    expectInput(play, node, { live, input });
    expectDecision(play, node, live.length);
  }
}

function expectInput(
  play: RandomPlay,
  node: number,
  { live, input }: { readonly live: readonly number[]; readonly input: unknown },
): void {
  const { inStart } = play.plan.graph;
  if (inStart[node + 1] === inStart[node]) return expect(input).toBe(play.state.input);
  const values = live.map((edge) => valueOn(play, edge));
  if (values.length === 1) return expect(input).toBe(values[0]);
  // A failed node may hand on null; then there is nothing to merge and the inputs stay apart.
  if (values.includes(null)) return expect(input).toEqual(play.startedInputs.get(node)?.inputs);
  expect(input).toEqual(Object.assign({}, ...values));
}

function valueOn(play: RandomPlay, edge: number): unknown {
  const source = play.plan.graph.source[edge] as number;
  const output = play.state.outputs[source];
  const port = play.plan.edgePort[edge];
  const isByPort = Array.isArray(play.state.ports[source]) && typeof port === "string";
  return isByPort ? (output as Readonly<Record<string, unknown>>)[port] : output;
}

function expectDecision(play: RandomPlay, node: number, live: number): void {
  const { join } = play.plan.nodes[node] as (typeof play.plan.nodes)[number];
  const { inStart, inEdges } = play.plan.graph;
  const incoming = [...inEdges.subarray(inStart[node] as number, inStart[node + 1] as number)];
  if (incoming.length === 0) return;
  if (join.mode === "any" || join.mode === "quorum") return expect(live).toBeGreaterThanOrEqual(join.count);
  expect(live).toBe(incoming.filter((edge) => play.state.edges[edge] === EDGE.live).length);
}

function forEachOrder(dag: RandomDag, seed: number, check: (play: RandomPlay) => void): void {
  for (let order = 0; order < ORDERS; order += 1) check(new RandomPlay(dag, seed + order).play());
}

const seeds = fc.integer();

describe("a random graph without unhandled failures", () => {
  const dags = randomDags({ handled: true });

  it("ends with the same settled set in whatever order its nodes settle, the one the rules name", () => {
    fc.assert(
      fc.property(dags, seeds, (dag, seed) => {
        const expected = [...settleByHand(dag).values()].map(({ status, reason }) => [status, reason]);
        forEachOrder(dag, seed, (play) => {
          expectEnded(play);
          expect(play.settled.map(([status, reason]) => [status, reason])).toEqual(expected);
          expect(play.state.firstFailure).toBeUndefined();
        });
      }),
      { numRuns: SEEDS },
    );
  });

  it("gives every node its inputs in edge order", () => {
    fc.assert(
      fc.property(dags, seeds, (dag, seed) => forEachOrder(dag, seed, expectInputsInEdgeOrder)),
      { numRuns: SEEDS },
    );
  });

  it("starts every completed node once and a skipped one never", () => {
    fc.assert(
      fc.property(dags, seeds, (dag, seed) =>
        forEachOrder(dag, seed, (play) => {
          const expected = play.plan.nodes.map(({ index }) => (play.statusOf(index) === NODE.skipped ? 0 : 1));
          expect(play.starts).toEqual(expected);
        }),
      ),
      { numRuns: SEEDS },
    );
  });
});

describe("a random graph with unhandled failures", () => {
  const dags = randomDags({ handled: false });

  it("ends, and starts no node twice", () => {
    fc.assert(
      fc.property(dags, seeds, (dag, seed) => forEachOrder(dag, seed, expectEnded)),
      { numRuns: SEEDS },
    );
  });

  it("runs every enabled always node, and after the failure nothing else", () => {
    fc.assert(
      fc.property(dags, seeds, (dag, seed) =>
        forEachOrder(dag, seed, (play) => {
          for (const { index, join, isDisabled } of play.plan.nodes) {
            if (join.mode !== "always" || isDisabled) continue;
            // Cancelled: it ran when the failure came, and the execution aborts.
            const allowed =
              play.state.firstFailure === undefined
                ? [NODE.completed, NODE.failed]
                : [NODE.completed, NODE.failed, NODE.cancelled];
            expect(allowed).toContain(play.statusOf(index));
            expect(play.starts[index]).toBe(1);
          }
          for (const node of play.startedLate) expect(play.plan.nodes[node]?.join.mode).toBe("always");
        }),
      ),
      { numRuns: SEEDS },
    );
  });

  it("calls what never started upstream_failed exactly when it lies behind a failure, else cancelled", () => {
    fc.assert(
      fc.property(dags, seeds, (dag, seed) => forEachOrder(dag, seed, expectReasons)),
      { numRuns: SEEDS },
    );
  });
});

function expectReasons(play: RandomPlay): void {
  const failed = play.failedBeforeCleanup ?? [];
  expect(failed.length > 0).toBe(play.state.firstFailure !== undefined);
  const behind = reachableFrom(play.plan.graph, failed);
  for (const node of play.skippedBefore) {
    expect(["branch_not_taken", "upstream_skipped", "join_unsatisfied", "disabled"]).toContain(play.reasonOf(node));
  }
  for (const node of play.skippedAfter) {
    const reason = play.reasonOf(node);
    if (reason !== "disabled") expect(reason).toBe(behind[node] === 1 ? "upstream_failed" : "cancelled");
  }
}
