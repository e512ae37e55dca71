import { performance } from "node:perf_hooks";
import { quantile } from "../statistics.js";
import { type DurableTarget, nextFloorId } from "./durable-target.js";
import { EFFECT_TYPES, openDurableEngine, prepareChain } from "./ten-steps.js";

const WARM_UP_STARTS = 200;
const MIN_STARTS = 200;
const MAX_STARTS = 1_000;
/** No more than the fewest after this, so that a slow disk takes no minutes. */
const BUDGET_MS = 10_000;

export interface Latency {
  readonly p50: number;
  readonly p95: number;
}

/** Milliseconds from the call of `execute()` with an idle engine. */
export interface StartLatency {
  readonly target: string;
  /** Until it resolves: the start is durable. */
  readonly resolvedMs: Latency;
  /** Until the first node's function is called. */
  readonly firstNodeMs: Latency;
  /** What one row in one transaction takes on the same database. */
  readonly floorMs: Latency;
}

/** Starts executions one after the other, each in turn with a commit of the floor. */
export async function measureStartLatency(target: DurableTarget): Promise<StartLatency> {
  let calledAt = 0;
  await using engine = await openDurableEngine(target.createStorage(), (at) => {
    calledAt = at;
  });
  const prepared = prepareChain(engine, 1, EFFECT_TYPES.async);
  const floor = await target.openFloor();
  const resolved: number[] = [];
  const firstNode: number[] = [];
  const floors: number[] = [];
  const end = performance.now() + BUDGET_MS;
  const wantsMore = () => resolved.length < MIN_STARTS || (resolved.length < MAX_STARTS && performance.now() < end);
  for (let start = 0; wantsMore(); start += 1) {
    const executions = [nextFloorId()];
    const floorStartedAt = performance.now();
    await floor.writeStep(executions, 0);
    const floorMs = performance.now() - floorStartedAt;
    const startedAt = performance.now();
    const handle = await engine.execute(prepared, { input: { order: 123 } });
    const resolvedMs = performance.now() - startedAt;
    await handle.result();
    if (start < WARM_UP_STARTS) continue;
    resolved.push(resolvedMs);
    firstNode.push(calledAt - startedAt);
    floors.push(floorMs);
  }
  await floor.close();
  return {
    target: target.name,
    resolvedMs: latencyOf(resolved),
    firstNodeMs: latencyOf(firstNode),
    floorMs: latencyOf(floors),
  };
}

function latencyOf(milliseconds: readonly number[]): Latency {
  return { p50: quantile(milliseconds, 0.5), p95: quantile(milliseconds, 0.95) };
}
