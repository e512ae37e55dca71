import { describe, expect, it } from "vitest";
import { NODE } from "../src/execution/scope-state.js";
import { defineNode, type JoinDefinition, type WorkflowDefinition } from "../src/index.js";
import { describeSharedData } from "./support/describe-shared-data.js";
import { planOf, ScopePlay } from "./support/scope-play.js";
import { readSharedJson } from "./support/shared-data.js";

type ParentState = "success" | "failed" | "skipped" | "upstream_failed" | "running";
type Outcome = "run" | "wait" | "skipped" | "upstream_failed";
type Row = readonly [rule: string, parents: readonly ParentState[], outcome: Outcome];

const FILE = "join-rules/airflow-trigger-rules-truth-table.json";

/** Rules that a join of ours stands for. */
const JOIN_OF_RULE: Readonly<Record<string, JoinDefinition>> = {
  none_failed_min_one_success: "auto",
  all_success: "all",
  one_success: "any",
  all_done: "always",
};

/** Everything that has no counterpart here: how many rows, and why. Mapped and unmapped rows together are all 672. */
const UNMAPPED: readonly { readonly rule: string; readonly rows: number; readonly why: string }[] = [
  {
    rule: "one_success",
    rows: 36,
    why: "with a failed parent: an unhandled failure drains the execution, so whether `any` had already run depends on who came first",
  },
  { rule: "all_failed", rows: 56, why: "no join waits for failures; they are handled through the `error` port" },
  { rule: "one_failed", rows: 56, why: "no join waits for failures; they are handled through the `error` port" },
  { rule: "all_skipped", rows: 56, why: "no join waits for skips" },
  {
    rule: "none_skipped",
    rows: 56,
    why: "a failed parent would have to let the join run, but an unhandled failure drains",
  },
  {
    rule: "none_failed",
    rows: 56,
    why: "runs although every parent was skipped; `auto` needs one live edge, or branches never end",
  },
  { rule: "one_done", rows: 56, why: "the first parent to succeed or fail; `any` is the first to succeed" },
  {
    rule: "all_done_min_one_success",
    rows: 56,
    why: "counts failures as done; after an unhandled failure only `always` runs",
  },
  {
    rule: "always",
    rows: 56,
    why: "runs at once without waiting for its parents; our `always` is `all_done`, and a node that waits for nobody has no incoming edges",
  },
];

const isFailure = (state: ParentState): boolean => state === "failed" || state === "upstream_failed";
const isMapped = ([rule, parents]: Row): boolean =>
  rule in JOIN_OF_RULE && !(rule === "one_success" && parents.some(isFailure));

const step = defineNode({ type: "step", execute: () => ({}) });
const router = defineNode({ type: "router", ports: ["taken", "not_taken"], execute: () => ({}) });

/** The parents of a row and one join. Skipped parents lie on a branch not taken, `upstream_failed` ones behind a failure. */
function definitionOf(parents: readonly ParentState[], join: JoinDefinition): WorkflowDefinition {
  const source = (state: ParentState) => {
    if (state === "upstream_failed") return { source: "broken" };
    return { source: "router", sourceHandle: state === "skipped" ? "not_taken" : "taken" };
  };
  return {
    name: "join-rule",
    nodes: [
      { id: "router", type: "router" },
      ...(parents.includes("upstream_failed") ? [{ id: "broken", type: "step" }] : []),
      ...parents.map((_, index) => ({ id: `p${index}`, type: "step" })),
      { id: "join", type: "step", join },
    ],
    edges: parents.flatMap((state, index) => [
      { ...source(state), target: `p${index}` },
      { source: `p${index}`, target: "join" },
    ]),
  };
}

class RowPlay {
  readonly #play: ScopePlay;
  readonly #parents: readonly ParentState[];
  readonly #index: (id: string) => number;

  constructor(parents: readonly ParentState[], join: JoinDefinition) {
    this.#parents = parents;
    this.#play = new ScopePlay(planOf(definitionOf(parents, join), [step, router]));
    this.#index = (id) => this.#play.plan.indexOf.get(id) as number;
    this.#play.begin();
    this.#play.start(this.#index("router"));
    this.#play.complete(this.#index("router"), {}, "taken");
    for (const { index } of this.#play.plan.nodes) {
      if (index !== this.#index("join") && this.#play.statusOf(index) === NODE.ready) this.#play.start(index);
    }
  }

  /** Brings the parents into the states of the row, in this order. */
  settle(order: readonly number[]): void {
    if (this.#parents.includes("upstream_failed")) this.#play.fail(this.#index("broken"));
    for (const parent of order) {
      const node = this.#index(`p${parent}`);
      if (this.#parents[parent] === "success") this.#play.complete(node, {});
      else if (this.#parents[parent] === "failed") this.#play.fail(node);
    }
  }

  finishRunning(): void {
    for (const [parent, state] of this.#parents.entries()) {
      if (state === "running") this.#play.complete(this.#index(`p${parent}`), {});
    }
  }

  get outcome(): Outcome {
    const join = this.#index("join");
    const status = this.#play.statusOf(join);
    if (status === NODE.ready) return "run";
    if (status !== NODE.skipped) return "wait";
    return this.#play.reasonOf(join) === "upstream_failed" ? "upstream_failed" : "skipped";
  }
}

/** A join here skips only when all its edges are known, so that a reason never depends on who came first. */
function expectRow([, parents, outcome]: Row, join: JoinDefinition): void {
  const skipsEarly = parents.includes("running") && (outcome === "skipped" || outcome === "upstream_failed");
  const forwards = [...parents.keys()];
  for (const order of [forwards, [...forwards].reverse()]) {
    const play = new RowPlay(parents, join);
    play.settle(order);
    expect(play.outcome).toBe(skipsEarly ? "wait" : outcome);
    if (!skipsEarly) continue;
    play.finishRunning();
    expect(play.outcome).toBe(outcome);
  }
}

describeSharedData("the join rules of another scheduler", FILE, () => {
  const { rows } = readSharedJson<{ readonly rows: readonly Row[] }>(FILE);
  const mapped = rows.filter(isMapped);
  const unmapped = rows.filter((row) => !isMapped(row));

  it("are 672 rows, of which 188 map and 484 do not", () => {
    expect([rows.length, mapped.length, unmapped.length]).toEqual([672, 188, 484]);
    expect(UNMAPPED.reduce((sum, { rows: count }) => sum + count, 0)).toBe(unmapped.length);
  });

  describe("that do not map", () => {
    it.each(UNMAPPED)("$rule: $rows rows, because $why", ({ rule, rows: count }) => {
      expect(unmapped.filter((row) => row[0] === rule)).toHaveLength(count);
    });
  });

  describe.each(Object.entries(JOIN_OF_RULE))("%s is our join %s", (rule, join) => {
    it.each(mapped.filter((row) => row[0] === rule))("%s of %j: %s", (...row) => expectRow(row, join));
  });

  // A quorum has no rule of its own there, but its two extremes do.
  describe("quorum:1 is one_success", () => {
    it.each(mapped.filter(([rule, parents]) => rule === "one_success" && parents.length > 0))(
      "%s of %j: %s",
      (...row) => expectRow(row, "quorum:1"),
    );
  });

  describe("a quorum of all parents is all_success", () => {
    it.each(mapped.filter(([rule, parents]) => rule === "all_success" && parents.length > 0))(
      "%s of %j: %s",
      (...row) => expectRow(row, `quorum:${row[1].length}`),
    );
  });
});
