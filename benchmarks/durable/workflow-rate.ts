import { performance } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { quantile, type Spread, spreadOf } from "../statistics.js";
import { countingStorage } from "./counting-storage.js";
import { type DurableFloor, type DurableTarget, nextFloorId } from "./durable-target.js";
import { EFFECT_TYPES, type NodeKind, openDurableEngine, prepareChain, runToEnd, STEPS } from "./ten-steps.js";

const MILLISECONDS_PER_SECOND = 1_000;
/** Until the compiler has seen the hot paths often enough: a server has run for longer. */
const WARM_UP_MS = 5_000;
const TURNS_BETWEEN_PAUSES = 50;
/** A round is as many workflows as take about this long: short, so that both sides meet the same disturbances. */
const ROUND_MS = 120;
const MIN_ROUNDS = 9;
const MAX_ROUNDS = 25;
/** Middle half of the ratios ÷ their median from which on more rounds are measured. */
const NOISY_FROM = 0.15;

export interface WorkflowRate {
  readonly target: string;
  readonly node: NodeKind;
  /** Workflows at once. */
  readonly atOnce: number;
  readonly rounds: number;
  readonly workflowsPerSecond: Spread;
  readonly floorWorkflowsPerSecond: Spread;
  /** Of each round of the engine to the round of the floor before it. */
  readonly ratioToFloor: Spread;
  /** Processor time of the process, other threads included, in microseconds. */
  readonly cpuPerWorkflow: number;
  readonly floorCpuPerWorkflow: number;
  readonly transactionsPerWorkflow: number;
  /** Null where the database does not count it. */
  readonly walBytesPerWorkflow: number | null;
  readonly floorWalBytesPerWorkflow: number | null;
}

/** One side of a comparison: runs `atOnce` workflows at a time until `count` are done. */
type Run = (count: number) => Promise<void>;

interface Round {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly walBytes: number | null;
}

/**
 * The workflow of ten steps with effects against its floor, in turns. The floor of one at a time writes each step in a
 * transaction of its own; that of several at once writes the same step of all of them in one.
 */
export async function measureWorkflowRate(
  target: DurableTarget,
  { node, atOnce }: { readonly node: NodeKind; readonly atOnce: number },
): Promise<WorkflowRate> {
  const { storage, count } = countingStorage(target.createStorage());
  await using engine = await openDurableEngine(storage);
  const prepared = prepareChain(engine, STEPS, EFFECT_TYPES[node]);
  const floor = await target.openFloor();
  const runEngine: Run = async (workflows) => {
    await Promise.all(
      Array.from({ length: atOnce }, async (_, lane) => {
        for (let done = lane; done < workflows; done += atOnce) await runToEnd(engine, prepared);
      }),
    );
  };
  const runFloor: Run = (workflows) => writeFloor(floor, { workflows, atOnce });
  const engineCount = await calibrate(runEngine, atOnce);
  const floorCount = await calibrate(runFloor, atOnce);
  const engineRounds: Round[] = [];
  const floorRounds: Round[] = [];
  const ratios: number[] = [];
  const transactionsBefore = count.transactions;
  while (ratios.length < MIN_ROUNDS || (ratios.length < MAX_ROUNDS && isNoisy(ratios))) {
    const ofFloor = await measureRound(target, runFloor, floorCount);
    const ofEngine = await measureRound(target, runEngine, engineCount);
    floorRounds.push(ofFloor);
    engineRounds.push(ofEngine);
    ratios.push(ofEngine.perSecond / ofFloor.perSecond);
  }
  const transactions = count.transactions - transactionsBefore;
  await floor.close();
  return {
    target: target.name,
    node,
    atOnce,
    rounds: ratios.length,
    workflowsPerSecond: spreadOf(engineRounds.map(({ perSecond }) => perSecond)),
    floorWorkflowsPerSecond: spreadOf(floorRounds.map(({ perSecond }) => perSecond)),
    ratioToFloor: spreadOf(ratios),
    cpuPerWorkflow: medianOf(engineRounds, ({ cpuMicroseconds }) => cpuMicroseconds) as number,
    floorCpuPerWorkflow: medianOf(floorRounds, ({ cpuMicroseconds }) => cpuMicroseconds) as number,
    transactionsPerWorkflow: transactions / (engineCount * engineRounds.length),
    walBytesPerWorkflow: medianOf(engineRounds, ({ walBytes }) => walBytes),
    floorWalBytesPerWorkflow: medianOf(floorRounds, ({ walBytes }) => walBytes),
  };
}

async function writeFloor(
  floor: DurableFloor,
  { workflows, atOnce }: { readonly workflows: number; readonly atOnce: number },
): Promise<void> {
  for (let done = 0; done < workflows; done += atOnce) {
    const executions = Array.from({ length: atOnce }, () => nextFloorId());
    for (let step = 0; step < STEPS; step += 1) await floor.writeStep(executions, step);
  }
}

async function measureRound(target: DurableTarget, run: Run, count: number): Promise<Round> {
  const walBefore = await target.walBytes();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await run(count);
  const perSecond = (count * MILLISECONDS_PER_SECOND) / (performance.now() - startedAt);
  const { user, system } = process.cpuUsage(cpuBefore);
  const walAfter = await target.walBytes();
  return {
    perSecond,
    cpuMicroseconds: (user + system) / count,
    walBytes: walBefore === null || walAfter === null ? null : (walAfter - walBefore) / count,
  };
}

/** Warms up, then says how many workflows make a round: a whole number of times `atOnce`. */
async function calibrate(run: Run, atOnce: number): Promise<number> {
  const startedAt = performance.now();
  let turns = 0;
  while (performance.now() - startedAt < WARM_UP_MS) {
    await run(atOnce);
    turns += 1;
    // A floor that works synchronously would else keep the engine from its heartbeats.
    if (turns % TURNS_BETWEEN_PAUSES === 0) await nextTurn();
  }
  return atOnce * Math.max(1, Math.round((turns * ROUND_MS) / (performance.now() - startedAt)));
}

function isNoisy(ratios: readonly number[]): boolean {
  return (quantile(ratios, 0.75) - quantile(ratios, 0.25)) / quantile(ratios, 0.5) > NOISY_FROM;
}

function medianOf(rounds: readonly Round[], pick: (round: Round) => number | null): number | null {
  const values = rounds.map(pick).filter((value) => value !== null);
  return values.length === 0 ? null : quantile(values, 0.5);
}
