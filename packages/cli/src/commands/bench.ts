import { performance } from "node:perf_hooks";
import { createEngine, defineNode, type WorkflowDefinition } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { chain, fan, layers } from "../bench-graphs.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.js";
import type { Streams } from "../streams.js";

export interface BenchOptions {
  readonly seconds: number;
  readonly json?: boolean;
}

interface Measurement {
  readonly name: string;
  readonly steps: number;
  readonly runs: number;
  /** Steps per second. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

const SECOND_MS = 1_000;
const WARM_UP_SHARE = 0.2;

const SCENARIOS: Readonly<Record<string, () => WorkflowDefinition>> = {
  "chain 100": () => chain(100),
  "fan 1→1000→1": () => fan(1_000),
  "DAG 10×100": () => layers({ depth: 10, width: 100, parents: 3 }),
};

/** `automatrix bench`: steps per second of this machine, on memory storage with a node that does nothing. */
export async function benchCommand(options: BenchOptions, streams: Streams): Promise<number> {
  const measurements: Measurement[] = [];
  for (const [name, definition] of Object.entries(SCENARIOS)) {
    const measurement = await measure(name, definition(), options.seconds * SECOND_MS);
    if (measurement === undefined) {
      streams.errors.write(`${name}: an execution did not complete\n`);
      return EXIT_FAILED;
    }
    measurements.push(measurement);
    if (options.json !== true) streams.output.write(`${measurementText(measurement)}\n`);
  }
  if (options.json === true) streams.output.write(`${JSON.stringify({ node: process.versions.node, measurements })}\n`);
  return EXIT_OK;
}

/** Runs the workflow again and again for `durationMs`; undefined when a run failed. */
async function measure(
  name: string,
  definition: WorkflowDefinition,
  durationMs: number,
): Promise<Measurement | undefined> {
  await using engine = createEngine({ storage: memoryStorage(), nodes: [noOperation] });
  await engine.start();
  const prepared = engine.prepare(definition);
  const steps = definition.nodes.length;
  const rates: number[] = [];
  const begin = performance.now();
  const measuredFrom = begin + durationMs * WARM_UP_SHARE;
  const end = measuredFrom + durationMs;
  while (rates.length === 0 || performance.now() < end) {
    const startedAt = performance.now();
    const { status } = await engine.run(prepared, { input: {} });
    const endedAt = performance.now();
    if (status !== "completed") return undefined;
    if (startedAt >= measuredFrom) rates.push((steps / (endedAt - startedAt)) * SECOND_MS);
  }
  rates.sort((a, b) => a - b);
  const at = (fraction: number): number => Math.round(rates[Math.floor((rates.length - 1) * fraction)] ?? 0);
  return { name, steps, runs: rates.length, median: at(0.5), min: at(0), max: at(1) };
}

const noOperation = defineNode({ type: "no_operation", effects: "pure", execute: () => null });

function measurementText({ name, runs, median, min, max }: Measurement): string {
  const number = (value: number): string => value.toLocaleString("en-US").padStart(10);
  return `${name.padEnd(13)} ${number(median)} steps/s  (min ${number(min)}, max ${number(max)}, ${runs} runs)`;
}
