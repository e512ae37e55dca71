import { countingStorage } from "./counting-storage.js";
import type { DurableTarget } from "./durable-target.js";
import { EFFECT_TYPES, openDurableEngine, PURE_TYPE, prepareChain, runToEnd, STEPS } from "./ten-steps.js";

/** Commits of one execution alone in the process. */
export interface CommitCounts {
  readonly target: string;
  /** Ten nodes with effects, one after the other. */
  readonly withEffects: number;
  /** Ten pure nodes, one after the other. */
  readonly pure: number;
}

export async function countCommits(target: DurableTarget): Promise<CommitCounts> {
  const { storage, count } = countingStorage(target.createStorage());
  await using engine = await openDurableEngine(storage);
  const countOne = async (type: string) => {
    const before = count.commits;
    await runToEnd(engine, prepareChain(engine, STEPS, type));
    return count.commits - before;
  };
  return { target: target.name, withEffects: await countOne(EFFECT_TYPES.async), pure: await countOne(PURE_TYPE) };
}
