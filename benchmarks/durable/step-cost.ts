import { performance } from "node:perf_hooks";
import type { PreparedWorkflow } from "@automatrix/core";
import { quantile } from "../statistics.js";
import type { DurableTarget } from "./durable-target.js";
import { EFFECT_TYPES, openDurableEngine, prepareChain, runToEnd } from "./ten-steps.js";

const MICROSECONDS_PER_MILLISECOND = 1_000;
const SHORT = 10;
const LONG = 1_000;
/** So many short runs have as many nodes as a long one: both meet the database's own work equally often. */
const SHORT_RUNS = LONG / SHORT;
const WARM_UP_TURNS = 2;
const MIN_TURNS = 3;
const MAX_TURNS = 11;
/** No further turn begins after this, so that a slow disk takes no minutes. */
const BUDGET_MS = 12_000;

export interface StepCost {
  readonly target: string;
  /** Microseconds that one more node with effects costs in a chain of 10, and in one of 1,000. */
  readonly perNodeShort: number;
  readonly perNodeLong: number;
  /** Long ÷ short, the median over the turns: 1 when cost does not grow with size. */
  readonly ratio: number;
}

/** What a durable step costs in a small workflow and in a large one, the fixed cost of a run taken off. */
export async function measureStepCost(target: DurableTarget): Promise<StepCost> {
  await using engine = await openDurableEngine(target.createStorage());
  const chainOf = (length: number) => prepareChain(engine, length, EFFECT_TYPES.async);
  const [one, short, long] = [chainOf(1), chainOf(SHORT), chainOf(LONG)];
  const meanMicroseconds = async (prepared: PreparedWorkflow, runs: number) => {
    const startedAt = performance.now();
    for (let run = 0; run < runs; run += 1) await runToEnd(engine, prepared);
    return ((performance.now() - startedAt) * MICROSECONDS_PER_MILLISECOND) / runs;
  };
  const shorts: number[] = [];
  const longs: number[] = [];
  const ratios: number[] = [];
  const end = performance.now() + BUDGET_MS;
  const wantsMore = () => ratios.length < MIN_TURNS || (ratios.length < MAX_TURNS && performance.now() < end);
  for (let turn = 0; wantsMore(); turn += 1) {
    const ofOne = await meanMicroseconds(one, SHORT_RUNS);
    const perNodeShort = ((await meanMicroseconds(short, SHORT_RUNS)) - ofOne) / (SHORT - 1);
    const perNodeLong = ((await meanMicroseconds(long, 1)) - ofOne) / (LONG - 1);
    if (turn < WARM_UP_TURNS) continue;
    shorts.push(perNodeShort);
    longs.push(perNodeLong);
    ratios.push(perNodeLong / perNodeShort);
  }
  return {
    target: target.name,
    perNodeShort: quantile(shorts, 0.5),
    perNodeLong: quantile(longs, 0.5),
    ratio: quantile(ratios, 0.5),
  };
}
