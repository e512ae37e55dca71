/** Runs recorded workflows in real time: every node sleeps for its task's scaled runtime. See README.md. */
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { createEngine, defineNode, type WorkflowDefinition, z } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import {
  findViolations,
  listTraces,
  readTrace,
  type TaskRun,
  type Trace,
  traceWorkflow,
} from "../packages/core/test/support/trace.js";

const HELP = `node --import tsx benchmarks/traces.ts [--max-seconds N] [--concurrency P]... [--trace NAME]... [--json]

Runs each trace of ../shared/data/wfinstances as a workflow of sleeping nodes and checks order, limit and makespan.

  --max-seconds N  longest that one run may take by its bound, in seconds (default 3)
  --concurrency P  nodes at once: 4, 8, 16, 64 or 256; may be repeated (default 4, 8 and 64)
  --trace NAME     only traces whose name contains NAME; may be repeated
  --json           one JSON document instead of text
  --help           this text

Exit 0 when every run kept to its bounds, 1 when one did not, 2 when there are no traces or the arguments are wrong.
`;

const MILLISECONDS_PER_SECOND = 1_000;
/** What the specification allows above the bound: a tenth, and 2 ms per task that runs one after another. */
const ALLOWED_RATIO = 1.1;
const ALLOWED_MS_PER_TASK = 2;

interface TraceReport {
  readonly trace: string;
  readonly tasks: number;
  readonly concurrency: number;
  readonly makespanMs: number;
  readonly boundMs: number;
  readonly ratio: number;
  readonly allowedMs: number;
  readonly violations: readonly string[];
}

async function runTrace(trace: Trace, concurrency: number, maxSeconds: number): Promise<TraceReport> {
  const { grahamS } = trace.bounds(concurrency);
  const millisecondsPerSecond = (maxSeconds * MILLISECONDS_PER_SECOND) / grahamS;
  const definition = traceWorkflow(trace, { millisecondsPerSecond, concurrency });
  const runs = await runSleeping(definition);
  const makespanMs = Math.max(...runs.map(({ endAt }) => endAt)) - Math.min(...runs.map(({ startAt }) => startAt));
  const boundMs = grahamS * millisecondsPerSecond;
  const overheadMs = (ALLOWED_MS_PER_TASK * trace.tasks.length) / Math.min(concurrency, trace.width);
  const allowedMs = ALLOWED_RATIO * boundMs + overheadMs;
  const violations = [...findViolations(definition, runs, concurrency)];
  if (makespanMs > allowedMs) violations.push(`took ${Math.round(makespanMs)} ms, ${Math.round(allowedMs)} ms allowed`);
  return {
    trace: trace.name,
    tasks: trace.tasks.length,
    concurrency,
    makespanMs,
    boundMs,
    ratio: makespanMs / boundMs,
    allowedMs,
    violations,
  };
}

async function runSleeping(definition: WorkflowDefinition): Promise<readonly TaskRun[]> {
  const runs: TaskRun[] = [];
  const task = defineNode({
    type: "task",
    parameters: z.object({ ms: z.number() }),
    execute: async ({ nodeId, parameters }) => {
      const startAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, parameters.ms));
      runs.push({ id: nodeId, startAt, endAt: performance.now() });
    },
  });
  await using engine = createEngine({ storage: memoryStorage(), nodes: [task] });
  await engine.start();
  const { status, error } = await engine.run(definition);
  if (status !== "completed") throw new Error(`${definition.name} ended ${status}: ${error?.message}`);
  return runs;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      "max-seconds": { type: "string", default: "3" },
      concurrency: { type: "string", multiple: true, default: ["4", "8", "64"] },
      trace: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const maxSeconds = Number(values["max-seconds"]);
  const isWanted = (file: string) => values.trace?.some((name) => file.includes(name)) ?? true;
  const files = listTraces().filter(isWanted);
  if (!(maxSeconds > 0)) return misuse("--max-seconds needs a positive number");
  if (files.length === 0) return misuse("no traces: they lie in ../shared/data/wfinstances, beside the repository");
  const reports: TraceReport[] = [];
  for (const file of files) {
    for (const concurrency of values.concurrency) {
      const report = await runTrace(readTrace(file), Number(concurrency), maxSeconds);
      reports.push(report);
      if (!values.json) process.stdout.write(`${reportText(report)}\n`);
    }
  }
  if (values.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
  const failed = reports.filter(({ violations }) => violations.length > 0).length;
  if (!values.json)
    process.stdout.write(`\n${reports.length - failed} of ${reports.length} runs kept to their bounds\n`);
  return failed === 0 ? 0 : 1;
}

function reportText({ trace, concurrency, tasks, makespanMs, boundMs, ratio, violations }: TraceReport): string {
  const seconds = (ms: number): string => (ms / MILLISECONDS_PER_SECOND).toFixed(3);
  const line = `${trace.padEnd(44)} P=${String(concurrency).padEnd(3)} ${String(tasks).padStart(5)} tasks  makespan ${seconds(makespanMs)} s  bound ${seconds(boundMs)} s  ratio ${ratio.toFixed(3)}`;
  return violations.length === 0 ? line : `${line}\n  VIOLATION ${violations.slice(0, 5).join("; ")}`;
}

function misuse(message: string): 2 {
  process.stderr.write(`${message}\n`);
  return 2;
}

process.exitCode = await main();
