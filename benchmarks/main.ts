/** `npm run bench`: speed of the engine on this machine. See README.md beside this file. */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { chain, fan, layers } from "../packages/cli/src/bench-graphs.js";
import { type CronTimes, cronText, measureCron } from "./cron-times.js";
import { type DispatchReport, measureDispatch } from "./dispatch/dispatch-report.js";
import { type DurableReport, measureDurable, measureRates } from "./durable/durable-report.js";
import { openPostgresTarget } from "./durable/postgres-target.js";
import { openSqliteTarget } from "./durable/sqlite-target.js";
import type { WorkflowRate } from "./durable/workflow-rate.js";
import { type FlatCost, measureFlatCost } from "./flat-cost.js";
import { type ForEachMemory, HEAP_LIMIT_MIB, measureForEach } from "./for-each-memory.js";
import { type ImportCost, measureImports } from "./nodes/import-cost.js";
import { measureNodeOverhead } from "./nodes/node-overhead.js";
import { type IdleEngine, measureSleepers, type Sleepers } from "./sleepers/sleepers.js";
import { ASYNC_TYPE, measureStepRate, type StepRate, SYNC_TYPE } from "./step-rate.js";
import { measureValidation, type ValidationTime } from "./validation-time.js";

const DEFAULT_POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres";
const DEFAULT_REDIS = "redis://127.0.0.1:6379";

const HELP = `npm run bench [-- PART... [--json] [--postgres URL] [--redis URL]]

  PART            steps | flat | validation | for_each | cron | durable | sleepers | nodes | postgres | dispatch; all
                  when none is named
  --json          one JSON document instead of text
  --postgres URL  server that "postgres" and "dispatch" measure on, in schemas of their own
                  (default AUTOMATRIX_TEST_POSTGRES, else ${DEFAULT_POSTGRES})
  --redis URL     server that "dispatch" measures on, under keys of its own
                  (default AUTOMATRIX_TEST_REDIS, else ${DEFAULT_REDIS})
  --help          this text

The whole of it takes about twelve minutes. Real workflow traces: node --import tsx benchmarks/traces.ts --help
`;

const PARTS = [
  "steps",
  "flat",
  "validation",
  "for_each",
  "cron",
  "durable",
  "sleepers",
  "nodes",
  "postgres",
  "dispatch",
] as const;
type Part = (typeof PARTS)[number];

const GRAPHS = {
  "chain of 100": (type: string) => chain(100, type),
  "fan 1→1000→1": (type: string) => fan(1_000, type),
  "DAG 10×100, 3 parents": (type: string) => layers({ depth: 10, width: 100, parents: 3 }, type),
  "DAG 100×100, 3 parents": (type: string) => layers({ depth: 100, width: 100, parents: 3 }, type),
} as const;

const BYTES_PER_MEGABYTE = 1_000_000;

interface PostgresReport extends DurableReport {
  /** With commits that take longer, where whoever runs the benchmark may ask for them. */
  readonly slowCommits?: readonly WorkflowRate[];
}

interface Report {
  readonly machine: { readonly node: string; readonly cpu: string; readonly cpus: number };
  readonly steps?: readonly (StepRate & { readonly graph: string; readonly node: "sync" | "async" })[];
  readonly flat?: FlatCost;
  readonly validation?: ValidationTime;
  readonly forEach?: ForEachMemory;
  readonly cron?: CronTimes;
  readonly durable?: readonly DurableReport[];
  readonly sleepers?: Sleepers;
  readonly nodes?: {
    readonly zod: ImportCost;
    readonly nodes: ImportCost;
    /** Microseconds beyond a node that does nothing. */
    readonly overhead: Readonly<Record<string, number>>;
  };
  /** Null when no server was to be reached. */
  readonly postgres?: PostgresReport | null;
  /** Null when no server was to be reached. */
  readonly dispatch?: DispatchReport | null;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      postgres: { type: "string" },
      redis: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return print(HELP);
  const wanted = new Set(positionals.length > 0 ? positionals : PARTS);
  const unknown = [...wanted].find((part) => !PARTS.includes(part as Part));
  if (unknown !== undefined) {
    process.stderr.write(`unknown part "${unknown}"; there are ${PARTS.join(", ")}\n`);
    return 2;
  }
  const say = values.json === true ? () => {} : (line: string) => print(`${line}\n`);
  const report = await measure({
    isWanted: (part) => wanted.has(part),
    say,
    postgres: values.postgres ?? process.env["AUTOMATRIX_TEST_POSTGRES"] ?? DEFAULT_POSTGRES,
    redis: values.redis ?? process.env["AUTOMATRIX_TEST_REDIS"] ?? DEFAULT_REDIS,
  });
  if (values.json === true) print(`${JSON.stringify(report)}\n`);
  return 0;
}

async function measure({
  isWanted,
  say,
  postgres: connectionString,
  redis,
}: {
  readonly isWanted: (part: Part) => boolean;
  readonly say: (line: string) => void;
  readonly postgres: string;
  readonly redis: string;
}): Promise<Report> {
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
  const cron = isWanted("cron") ? { cron: measureCron() } : {};
  if (cron.cron !== undefined) say(cronText(cron.cron));
  const durable = isWanted("durable") ? { durable: await measureSqlite(say) } : {};
  const sleepers = isWanted("sleepers") ? { sleepers: await measureSleepers() } : {};
  if (sleepers.sleepers !== undefined) say(sleepersText(sleepers.sleepers));
  const postgres = isWanted("postgres") ? { postgres: await measurePostgres(connectionString, say) } : {};
  const nodes = isWanted("nodes") ? { nodes: await measureNodes(say) } : {};
  const dispatch = isWanted("dispatch") ? { dispatch: await measureDispatching(connectionString, redis, say) } : {};
  return {
    machine,
    ...dispatch,
    ...nodes,
    ...validation,
    ...steps,
    ...flat,
    ...forEach,
    ...cron,
    ...durable,
    ...sleepers,
    ...postgres,
  };
}

async function measureSqlite(say: (line: string) => void): Promise<readonly DurableReport[]> {
  const reports: DurableReport[] = [];
  for (const synchronous of ["full", "normal"] as const) {
    await using target = await openSqliteTarget(synchronous);
    reports.push(await measureDurable(target, { hasAims: synchronous === "full", say }));
  }
  return reports;
}

async function measurePostgres(connectionString: string, say: (line: string) => void): Promise<PostgresReport | null> {
  await using target = await openPostgresTarget(connectionString).catch((error: unknown) => {
    // Without the address, which may hold a password.
    say(`\nPostgres: left out, there is no server to measure on (${String(error)}); name one with --postgres URL`);
    return null;
  });
  if (target === null) return null;
  const report = await measureDurable(target, { hasAims: true, say });
  await using slowTarget = await openPostgresTarget(connectionString, { isSlow: true }).catch((error: unknown) => {
    say(`\nPostgres with slower commits: left out, only a superuser may ask for them (${String(error)})`);
    return null;
  });
  if (slowTarget === null) return report;
  return { ...report, slowCommits: await measureRates(slowTarget, { nodes: ["async"], hasAims: true, say }) };
}

async function measureNodes(say: (line: string) => void): Promise<NonNullable<Report["nodes"]>> {
  const [zod, nodes] = measureImports([
    { name: "zod", from: new URL("../packages/core", import.meta.url) },
    { name: "@automatrix/nodes", from: new URL("../", import.meta.url) },
  ]);
  const more = (of: (cost: ImportCost) => number) => of(nodes) - of(zod);
  const ms = more((cost) => cost.ms.median);
  const megabytes = more((cost) => cost.rssBytes.median) / BYTES_PER_MEGABYTE;
  say(
    `\nimport "@automatrix/nodes": ${ms.toFixed(1)} ms and ${megabytes.toFixed(1)} MB beyond import "zod" (${zod.ms.median.toFixed(1)} ms); aim < 40 ms, < 10 MB; other packages loaded: ${nodes.others.join(", ") || "none"}`,
  );
  const overhead = await measureNodeOverhead();
  const texts = Object.entries(overhead).map(([type, microseconds]) => `${type} ${microseconds.toFixed(2)}`);
  say(`µs of a pure node beyond one that does nothing: ${texts.join(", ")}; aim < 3`);
  return { zod, nodes, overhead };
}

async function measureDispatching(
  connectionString: string,
  redis: string,
  say: (line: string) => void,
): Promise<DispatchReport | null> {
  try {
    return await measureDispatch({ connectionString, redis, say });
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    say(`\nDispatch: left out, it needs a Postgres and a Redis server (${String(error)}); see --help`);
    return null;
  }
}

function isUnreachable(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === "ECONNREFUSED";
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

function sleepersText({ sleepers, fillMs, withSleepers, withNone }: Sleepers): string {
  const memory = (of: (idle: IdleEngine) => number) => {
    const [many, none] = [of(withSleepers), of(withNone)].map((bytes) => bytes / BYTES_PER_MEGABYTE) as [
      number,
      number,
    ];
    return `${many.toFixed(1)} MB (none: ${none.toFixed(1)}; ${(many - none).toFixed(1)} more)`;
  };
  return [
    `\n${sleepers.toLocaleString("en-US")} sleepers in a SQLite file, created in ${(fillMs / 1_000).toFixed(1)} s`,
    `engine.start(): ${withSleepers.startMs.toFixed(0)} ms (none: ${withNone.startMs.toFixed(0)}; aim < 2000)`,
    `RSS ${memory(({ rssBytes }) => rssBytes)}, heap ${memory(({ heapBytes }) => heapBytes)}; aim < 20 MB more`,
    `pending timers: ${withSleepers.timers} (none: ${withNone.timers}; aim 1)`,
    `CPU over 10 s idle: ${(withSleepers.cpuShare * 100).toFixed(2)} % (none: ${(withNone.cpuShare * 100).toFixed(2)}; aim < 1)`,
  ].join("\n");
}

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

process.exitCode = await main();
