import { readdirSync } from "node:fs";
import type { NodeDefinition, WorkflowDefinition } from "../../src/index.js";
import { findSharedData, readSharedJson } from "./shared-data.js";

/** Folder of recorded runs of real workflows, below `../shared/data`. */
export const TRACES = "wfinstances";

interface TraceTask {
  readonly id: string;
  /** Seconds. */
  readonly runtime: number;
  readonly deps: readonly string[];
}

interface TraceFile {
  readonly name: string;
  readonly tasks: readonly TraceTask[];
  readonly bounds: {
    readonly maxWidth: number;
    readonly byConcurrency: Readonly<Record<string, { readonly lb: number; readonly graham_ub: number }>>;
  };
}

/** A recorded run: tasks, how long each took, and what any list schedule must keep to. */
export interface Trace {
  readonly name: string;
  readonly tasks: readonly TraceTask[];
  readonly width: number;
  /** Bounds of the makespan in seconds with so many tasks at once: no schedule below, no greedy one above. */
  readonly bounds: (concurrency: number) => { readonly lowerS: number; readonly grahamS: number };
}

export function listTraces(): readonly string[] {
  const folder = findSharedData(TRACES);
  return folder === undefined
    ? []
    : readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .sort();
}

export function readTrace(file: string): Trace {
  const { tasks, bounds } = readSharedJson<TraceFile>(`${TRACES}/${file}`);
  return {
    name: file.replace(/\.json$/, ""),
    tasks,
    width: bounds.maxWidth,
    bounds: (concurrency) => {
      const found = bounds.byConcurrency[concurrency];
      if (found === undefined) throw new Error(`${file} has no bounds for ${concurrency} tasks at once`);
      return { lowerS: found.lb, grahamS: found.graham_ub };
    },
  };
}

/** Node ids must be short and plain; a task is `t0`, `t1`, … by its place in the trace. */
export function traceWorkflow(
  trace: Trace,
  { millisecondsPerSecond, concurrency }: { readonly millisecondsPerSecond: number; readonly concurrency: number },
): WorkflowDefinition {
  const idOf = new Map(trace.tasks.map(({ id }, index) => [id, `t${index}`]));
  return {
    name: trace.name,
    settings: { maxConcurrency: concurrency },
    nodes: trace.tasks.map(
      ({ runtime }, index): NodeDefinition => ({
        id: `t${index}`,
        type: "task",
        data: { ms: runtime * millisecondsPerSecond },
      }),
    ),
    edges: trace.tasks.flatMap(({ deps }, index) =>
      deps.map((dep) => ({ source: idOf.get(dep) as string, target: `t${index}` })),
    ),
  };
}

/** When a task ran, in milliseconds. */
export interface TaskRun {
  readonly id: string;
  readonly startAt: number;
  readonly endAt: number;
}

/** Everything about these runs that breaks the rules of a schedule: order, once each, at most so many at once. */
export function findViolations(
  definition: WorkflowDefinition,
  runs: readonly TaskRun[],
  concurrency: number,
): readonly string[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const violations: string[] = [];
  if (runs.length !== definition.nodes.length)
    violations.push(`${runs.length} runs of ${definition.nodes.length} tasks`);
  if (byId.size !== definition.nodes.length) violations.push(`${byId.size} of ${definition.nodes.length} tasks ran`);
  for (const { source, target } of definition.edges ?? []) {
    const end = byId.get(source)?.endAt ?? Number.POSITIVE_INFINITY;
    const start = byId.get(target)?.startAt ?? Number.NEGATIVE_INFINITY;
    if (end > start) violations.push(`${target} started ${end - start} ms before ${source} ended`);
  }
  const peak = mostAtOnce(runs);
  if (peak > concurrency) violations.push(`${peak} tasks at once, ${concurrency} allowed`);
  return violations;
}

/** Most tasks that ran at the same instant; one that ends when another starts does not count with it. */
function mostAtOnce(runs: readonly TaskRun[]): number {
  const changes = runs
    .filter(({ startAt, endAt }) => endAt > startAt)
    .flatMap(({ startAt, endAt }) => [
      { at: startAt, by: 1 },
      { at: endAt, by: -1 },
    ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let running = 0;
  let most = 0;
  for (const { by } of changes) {
    running += by;
    most = Math.max(most, running);
  }
  return most;
}
