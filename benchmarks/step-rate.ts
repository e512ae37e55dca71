import { performance } from "node:perf_hooks";
import {
  createEngine,
  defineNode,
  type Engine,
  type PreparedWorkflow,
  type WorkflowDefinition,
} from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { countGraph, runCounted } from "./in-degree-counter.js";
import { type Spread, spreadOf } from "./statistics.js";

const MICROSECONDS_PER_SECOND = 1_000_000;
const MILLISECONDS_PER_SECOND = 1_000;
const SAMPLES = 21;
/** A sample is as many whole runs as take about this long. */
const SAMPLE_MS = 50;
const WARM_UP_MS = 600;
/** Ended executions that the storage keeps, so that the heap does not grow with the number of runs. */
const KEPT_EXECUTIONS = 5;

export const SYNC_TYPE = "no_operation";
export const ASYNC_TYPE = "no_operation_async";

const noOperation = defineNode({ type: SYNC_TYPE, effects: "pure", execute: () => null });
const noOperationAsync = defineNode({ type: ASYNC_TYPE, effects: "pure", execute: async () => null });

/** An engine as the specification measures it: memory storage, a node that does nothing, one listener. */
export async function openBenchEngine(): Promise<Engine> {
  const storage = memoryStorage({ maxEndedExecutions: KEPT_EXECUTIONS });
  const engine = createEngine({ storage, nodes: [noOperation, noOperationAsync] });
  await engine.start();
  const heard = { events: 0 };
  engine.on("node.completed", () => {
    heard.events += 1;
  });
  return engine;
}

export async function runPrepared(engine: Engine, prepared: PreparedWorkflow): Promise<void> {
  const { status, error } = await engine.run(prepared, { input: {} });
  if (status !== "completed") throw new Error(`a benchmark run ended ${status}: ${error?.message}`);
}

export interface StepRate {
  readonly steps: number;
  /** Steps per second, the whole of `engine.run` counted. */
  readonly stepsPerSecond: Spread;
  /** The same of a bare in-degree counter on the same graph. */
  readonly floorStepsPerSecond: Spread;
  /** Median of the engine ÷ median of the floor. */
  readonly ratioToFloor: number;
  readonly cpuMicrosecondsPerStep: number;
}

/** Measures one graph; samples of the engine and of the floor alternate. */
export async function measureStepRate(definition: WorkflowDefinition): Promise<StepRate> {
  await using engine = await openBenchEngine();
  const prepared = engine.prepare(definition);
  const steps = definition.nodes.length;
  const graph = countGraph(definition);
  const functions = definition.nodes.map(() => () => ({}));
  const runFloor = (): void => {
    if (runCounted(graph, functions) !== steps) throw new Error("the floor did not run every node");
  };
  const runsPerSample = await calibrate(() => runPrepared(engine, prepared));
  const floorRunsPerSample = await calibrate(async () => runFloor());
  const rates: number[] = [];
  const floorRates: number[] = [];
  const cpu: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    for (let run = 0; run < runsPerSample; run += 1) await runPrepared(engine, prepared);
    const milliseconds = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    rates.push((steps * runsPerSample * MILLISECONDS_PER_SECOND) / milliseconds);
    cpu.push((user + system) / (steps * runsPerSample));
    const floorStartedAt = performance.now();
    for (let run = 0; run < floorRunsPerSample; run += 1) runFloor();
    floorRates.push((steps * floorRunsPerSample * MILLISECONDS_PER_SECOND) / (performance.now() - floorStartedAt));
  }
  const stepsPerSecond = spreadOf(rates);
  const floorStepsPerSecond = spreadOf(floorRates);
  return {
    steps,
    stepsPerSecond,
    floorStepsPerSecond,
    ratioToFloor: stepsPerSecond.median / floorStepsPerSecond.median,
    cpuMicrosecondsPerStep: spreadOf(cpu).median,
  };
}

/** Warms up, then says how many runs make a sample. */
async function calibrate(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  let runs = 0;
  while (performance.now() - startedAt < WARM_UP_MS) {
    await run();
    runs += 1;
  }
  return Math.max(1, Math.round((runs * SAMPLE_MS) / WARM_UP_MS));
}

/** Microseconds that a run of the workflow takes: the median of as many runs as fit in `forMs`, after a warm-up. */
export async function medianRunMicroseconds(
  engine: Engine,
  definition: WorkflowDefinition,
  forMs: number,
): Promise<number> {
  const prepared = engine.prepare(definition);
  const durations: number[] = [];
  const warmUpUntil = performance.now() + forMs / 2;
  const end = warmUpUntil + forMs;
  while (durations.length < 5 || performance.now() < end) {
    const startedAt = performance.now();
    await runPrepared(engine, prepared);
    const endedAt = performance.now();
    if (startedAt >= warmUpUntil)
      durations.push((endedAt - startedAt) * (MICROSECONDS_PER_SECOND / MILLISECONDS_PER_SECOND));
  }
  return spreadOf(durations).median;
}
