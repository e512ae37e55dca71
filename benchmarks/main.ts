/** `npm run bench`: speed of the engine on this machine. See README.md beside this file. */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type FlatCost, measureFlatCost } from "./flat-cost.js";
import { type ForEachMemory, HEAP_LIMIT_MIB, measureForEach } from "./for-each-memory.js";
import { chain, fan, layers } from "./graphs.js";
import { ASYNC_TYPE, measureStepRate, type StepRate, SYNC_TYPE } from "./step-rate.js";
import { measureValidation, type ValidationTime } from "./validation-time.js";

const HELP = `npm run bench [-- --json] [-- --only NAME]

  --json       one JSON document instead of text
  --only NAME  steps | flat | validation | for_each; may be repeated
  --help       this text

The whole of it takes about a minute. Real workflow traces: node --import tsx benchmarks/traces.ts --help
`;

const PARTS = ["steps", "flat", "validation", "for_each"] as const;
type Part = (typeof PARTS)[number];

const GRAPHS = {
  "chain of 100": (type: string) => chain(100, type),
  "fan 1→1000→1": (type: string) => fan(1_000, type),
  "DAG 10×100, 3 parents": (type: string) => layers({ depth: 10, width: 100, parents: 3 }, type),
  "DAG 100×100, 3 parents": (type: string) => layers({ depth: 100, width: 100, parents: 3 }, type),
} as const;

interface Report {
  readonly machine: { readonly node: string; readonly cpu: string; readonly cpus: number };
  readonly steps?: readonly (StepRate & { readonly graph: string; readonly node: "sync" | "async" })[];
  readonly flat?: FlatCost;
  readonly validation?: ValidationTime;
  readonly forEach?: ForEachMemory;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: "boolean" }, only: { type: "string", multiple: true }, help: { type: "boolean" } },
  });
  if (values.help === true) return print(HELP);
  const wanted = new Set(values.only ?? PARTS);
  const unknown = [...wanted].find((part) => !PARTS.includes(part as Part));
  if (unknown !== undefined) {
    process.stderr.write(`unknown part "${unknown}"; there are ${PARTS.join(", ")}\n`);
    return 2;
  }
  const say = values.json === true ? () => {} : (line: string) => print(`${line}\n`);
  const report = await measure((part) => wanted.has(part), say);
  if (values.json === true) print(`${JSON.stringify(report)}\n`);
  return 0;
}

async function measure(isWanted: (part: Part) => boolean, say: (line: string) => void): Promise<Report> {
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", cpus: cpus().length };
  say(`Node ${machine.node}, ${machine.cpus} × ${machine.cpu}\n`);
  // First, while nothing is warm: what a command line pays.
  const validation = isWanted("validation") ? { validation: measureValidation() } : {};
  if (validation.validation !== undefined) say(validationText(validation.validation));
  const steps = isWanted("steps") ? { steps: await measureSteps(say) } : {};
  const flat = isWanted("flat") ? { flat: await measureFlatCost() } : {};
  if (flat.flat !== undefined) say(flatText(flat.flat));
  const forEach = isWanted("for_each") ? { forEach: await measureForEach() } : {};
  if (forEach.forEach !== undefined) say(forEachText(forEach.forEach));
  return { machine, ...validation, ...steps, ...flat, ...forEach };
}

async function measureSteps(say: (line: string) => void): Promise<NonNullable<Report["steps"]>> {
  say(
    `\n${"engine.run".padEnd(31)}${"steps/s".padStart(11)}${"min".padStart(11)}${"max".padStart(11)}${"floor".padStart(12)}${"ratio".padStart(8)}${"CPU µs/step".padStart(13)}`,
  );
  const all: (StepRate & { readonly graph: string; readonly node: "sync" | "async" })[] = [];
  for (const [graph, definitionOf] of Object.entries(GRAPHS)) {
    for (const [node, type] of [
      ["sync", SYNC_TYPE],
      ["async", ASYNC_TYPE],
    ] as const) {
      const rate = await measureStepRate(definitionOf(type));
      all.push({ graph, node, ...rate });
      say(`${`${graph}, ${node}`.padEnd(31)}${rateText(rate)}`);
    }
  }
  return all;
}

function rateText({ stepsPerSecond, floorStepsPerSecond, ratioToFloor, cpuMicrosecondsPerStep }: StepRate): string {
  const { median, min, max } = stepsPerSecond;
  const whole = (value: number, width: number): string => Math.round(value).toLocaleString("en-US").padStart(width);
  return `${whole(median, 11)}${whole(min, 11)}${whole(max, 11)}${whole(floorStepsPerSecond.median, 12)}${ratioToFloor.toFixed(3).padStart(8)}${cpuMicrosecondsPerStep.toFixed(2).padStart(13)}`;
}

function validationText({ firstMs, ms }: ValidationTime): string {
  return `validation of 10,000 nodes: ${ms.median.toFixed(0)} ms (min ${ms.min.toFixed(0)}, max ${ms.max.toFixed(0)}; the first ${firstMs.toFixed(0)})`;
}

function flatText({ perNodeShort, perNodeLong, ratio }: FlatCost): string {
  return `\ncost per node in a chain: ${perNodeShort.toFixed(3)} µs of 100, ${perNodeLong.toFixed(3)} µs of 10,000; ratio ${ratio.toFixed(2)}`;
}

function forEachText(result: ForEachMemory): string {
  const title = `for_each of 100,000 items under --max-old-space-size=${HEAP_LIMIT_MIB}`;
  if (!result.isWithinLimit) return `${title}: failed, ${result.reason}`;
  const { seconds, itemsPerSecond, peakHeapMib } = result;
  return `${title}: ${seconds.toFixed(2)} s, ${Math.round(itemsPerSecond).toLocaleString("en-US")} items/s, heap up to ${peakHeapMib.toFixed(0)} MiB`;
}

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

process.exitCode = await main();
