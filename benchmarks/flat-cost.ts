import { chain } from "../packages/cli/src/bench-graphs.js";
import { medianRunMicroseconds, openBenchEngine, SYNC_TYPE } from "./step-rate.js";

const MEASURE_MS = 1_500;
const SHORT = 100;
const LONG = 10_000;

export interface FlatCost {
  /** Microseconds that one more node costs in a chain of 100, and in one of 10,000. */
  readonly perNodeShort: number;
  readonly perNodeLong: number;
  /** Long ÷ short: 1 when cost does not grow with size. */
  readonly ratio: number;
}

/** What a node costs in a short chain and in a long one, the fixed cost of a run taken off. */
export async function measureFlatCost(): Promise<FlatCost> {
  await using engine = await openBenchEngine();
  const runOf = (length: number) => medianRunMicroseconds(engine, chain(length, SYNC_TYPE), MEASURE_MS);
  // The first pass only warms up what all three share.
  await runOf(LONG);
  const one = await runOf(1);
  const perNodeShort = ((await runOf(SHORT)) - one) / (SHORT - 1);
  const perNodeLong = ((await runOf(LONG)) - one) / (LONG - 1);
  return { perNodeShort, perNodeLong, ratio: perNodeLong / perNodeShort };
}
