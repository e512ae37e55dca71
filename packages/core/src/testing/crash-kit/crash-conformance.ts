import type { Dispatcher } from "../../ports/dispatcher.js";
import type { Storage } from "../../ports/storage.js";
import type { ConformanceCase } from "../storage-conformance/storage-conformance.js";
import { type CrashOutcome, findViolations, readOutcome } from "./crash-checks.js";
import { CRASH_WORKFLOWS } from "./crash-corpus.js";
import { CRASH_FAULTS, type CrashFault } from "./crash-faults.js";
import { CrashScene } from "./crash-scene.js";
import type { CrashWorkflow } from "./crash-workflow.js";
import type { MachineClock } from "./machine-clock.js";

/** More failing commits of one case than these are only counted. */
const MAX_SHOWN_FAILURES = 3;

/** Calls other than commits that are tried: later ones, of workers that only wait, are the same again. */
const MAX_CALLS = 40;

export interface CrashConformanceOptions {
  /**
   * Makes an empty storage, not yet opened, whose leases end by this clock. Called once a run; the kit closes it. All
   * workers of a run share the object.
   */
  readonly createStorage: (parts: { readonly clock: MachineClock }) => Storage | Promise<Storage>;
  /** True when the storage answers from another process: the kit then waits for it in real time. Default false. */
  readonly isRemote?: boolean;
  /** Of a test runner: given both, every case is registered. */
  readonly describe?: (name: string, register: () => void) => unknown;
  readonly it?: (name: string, run: () => Promise<void>) => unknown;
  /** In place of the kit's own corpus. */
  readonly workflows?: readonly CrashWorkflow[];
  /** Makes a dispatcher for one worker, which closes it; all of a run tell each other. Default: none. */
  readonly createDispatcher?: (parts: { readonly run: number }) => Dispatcher;
  /**
   * Most commits or calls of a case at which its fault happens, spread over the run and different from case to case; for
   * storages on which trying every one takes too long. Default: every one.
   */
  readonly maxTargets?: number;
}

/**
 * Fault points × workflows, exhaustively: each workflow runs once without faults, then once for every commit of that
 * run and every kind of fault. Whatever happens, it has to come to the same end, and nothing that was recorded may run
 * again.
 *
 * ```ts
 * import { describe, it } from "vitest";
 * crashConformance({ createStorage: ({ clock }) => memoryStorage({ clock }), describe, it });
 * ```
 */
export function crashConformance(options: CrashConformanceOptions): readonly ConformanceCase[] {
  const groups = (options.workflows ?? CRASH_WORKFLOWS).map((workflow, index) => casesOf(workflow, index, options));
  const { describe, it } = options;
  if (describe !== undefined && it !== undefined) {
    for (const cases of groups)
      describe(cases[0]?.group ?? "", () => {
        for (const { name, run } of cases) it(name, run);
      });
  }
  return groups.flat();
}

function casesOf(
  workflow: CrashWorkflow,
  workflowIndex: number,
  options: CrashConformanceOptions,
): readonly ConformanceCase[] {
  const baselines = new Map<1 | 2, Promise<Baseline>>();
  const baselineOf = (executions: 1 | 2): Promise<Baseline> => {
    const found = baselines.get(executions) ?? runBaseline(workflow, options, executions);
    baselines.set(executions, found);
    return found;
  };
  return CRASH_FAULTS.map((fault, faultIndex) => ({
    group: workflow.name,
    name: `comes to the same end when ${fault.name}`,
    run: async () => {
      const baseline = await baselineOf(fault.executions);
      return runFault({ workflow, fault, options, baseline, seed: workflowIndex * CRASH_FAULTS.length + faultIndex });
    },
  }));
}

/** A run without faults. */
interface Baseline {
  readonly commitCount: number;
  readonly callCount: number;
  readonly batchSizes: readonly number[];
  readonly outcome: CrashOutcome;
  /** Of one run, children included. */
  readonly executions: number;
}

async function runBaseline(
  workflow: CrashWorkflow,
  options: CrashConformanceOptions,
  executions: 1 | 2,
): Promise<Baseline> {
  const scene = new CrashScene({ ...options, workflow, executions });
  try {
    await scene.run().catch((error: unknown) => {
      throw failure(`Without faults, ${workflow.name}`, [String(error)], scene);
    });
    const outcome = await readOutcome(scene.storage, scene.executionIds[0] as string);
    const { ends = "completed", name } = workflow;
    if (outcome.record.status !== ends)
      throw new Error(
        `Without faults, ${name} ends as ${outcome.record.status} (${outcome.record.error?.message}), not ${ends}.`,
      );
    const { items } = await scene.storage.listExecutions({ limit: 1_000 });
    const baseline = {
      commitCount: scene.commitCount,
      callCount: scene.callCount,
      batchSizes: scene.batchSizes,
      outcome,
      executions: items.length / executions,
    };
    const violations = await findViolations({
      scene,
      expected: outcome,
      executions: baseline.executions,
      reruns: 0,
      keepsPromises: true,
    });
    if (violations.length > 0) throw failure(`Without faults, ${name}`, violations, scene);
    return baseline;
  } finally {
    await scene.end();
  }
}

async function runFault(params: {
  readonly workflow: CrashWorkflow;
  readonly fault: CrashFault;
  readonly options: CrashConformanceOptions;
  readonly baseline: Baseline;
  /** Says which targets are taken where not all are. */
  readonly seed: number;
}): Promise<void> {
  const failures: Error[] = [];
  const targets = targetsOf(params);
  for (const target of targets) {
    const error = await runFaultAt(params, target);
    if (error !== undefined) failures.push(error);
  }
  if (failures.length === 0) return;
  const shown = failures.slice(0, MAX_SHOWN_FAILURES).map(({ message }) => message);
  throw new Error([`${failures.length} of ${targets.length} ${params.fault.at}s:`, ...shown].join("\n\n"));
}

/** Numbers of the commits or calls at which the fault happens, one run each. */
function targetsOf({ fault, baseline, options, seed }: Parameters<typeof runFault>[0]): readonly number[] {
  const { commitCount, callCount, batchSizes } = baseline;
  const count = fault.at === "commit" ? commitCount : Math.min(callCount, MAX_CALLS);
  const all = Array.from({ length: count }, (_, index) => index + 1).filter(
    (target) => fault.executions === 1 || (batchSizes[target] ?? 0) >= 2,
  );
  const { maxTargets = all.length } = options;
  if (all.length <= maxTargets) return all;
  const step = all.length / maxTargets;
  return Array.from(
    { length: maxTargets },
    (_, index) => all[(seed + Math.floor(index * step)) % all.length] as number,
  );
}

async function runFaultAt(
  { workflow, fault, options, baseline }: Parameters<typeof runFault>[0],
  target: number,
): Promise<Error | undefined> {
  const { executions } = fault;
  const scene = new CrashScene({ ...options, workflow, fault, target, executions });
  const title = `${workflow.name}, ${fault.at} ${target}: ${fault.name}`;
  try {
    await scene.run();
    const violations = await findViolations({
      scene,
      expected: baseline.outcome,
      executions: baseline.executions,
      reruns: scene.storage.capabilities.shared ? (fault.rerunsWhereShared ?? fault.reruns) : fault.reruns,
      keepsPromises: fault.keepsPromises,
    });
    return violations.length === 0 ? undefined : failure(title, violations, scene);
  } catch (error) {
    return failure(title, [error instanceof Error ? error.message : String(error)], scene);
  } finally {
    await scene.end();
  }
}

function failure(title: string, violations: readonly string[], scene: CrashScene): Error {
  return new Error([title, ...violations.map((line) => `- ${line}`), scene.log.describe()].join("\n"));
}
