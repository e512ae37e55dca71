import type { Dispatcher } from "../../ports/dispatcher.js";
import type { ConformanceCase } from "../storage-conformance/storage-conformance.js";
import { DISPATCHER_CASES, type DispatcherCase } from "./dispatcher-cases.js";

/** A line of jobs of its own, and what opens dispatchers on it. */
export interface DispatcherLine {
  /** Another dispatcher on this line, not started. The kit closes it. */
  open(): Dispatcher;
  /** Ends a dispatcher as the death of its process would. Needed unless `canKill` is false. */
  readonly kill?: (dispatcher: Dispatcher) => Promise<void>;
  /** Removes the line, after its dispatchers were closed. */
  readonly remove?: () => Promise<void>;
}

export interface DispatcherConformanceOptions {
  /** Makes an empty line. Called once a case. */
  readonly createLine: () => DispatcherLine | Promise<DispatcherLine>;
  /** False when processes cannot be made to die; those cases are left out then. Default true. */
  readonly canKill?: boolean;
  /** Of a test runner: given both, every case is registered. */
  readonly describe?: (name: string, register: () => void) => unknown;
  readonly it?: (name: string, run: () => Promise<void>) => unknown;
}

/**
 * What every dispatcher has to do, as cases for any test runner.
 *
 * ```ts
 * import { describe, it } from "vitest";
 * dispatcherConformance({ createLine: () => ({ open: () => myDispatcher() }), canKill: false, describe, it });
 * ```
 */
export function dispatcherConformance(options: DispatcherConformanceOptions): readonly ConformanceCase[] {
  const cases = DISPATCHER_CASES.map((draft) => toCase(draft, options));
  const { describe, it } = options;
  if (describe !== undefined && it !== undefined) {
    for (const group of new Set(cases.map((one) => one.group))) {
      describe(group, () => {
        for (const { name, skip, run } of cases.filter((one) => one.group === group))
          it(skip === undefined ? name : `${name} (left out: ${skip})`, run);
      });
    }
  }
  return cases;
}

function toCase(
  { group, name, needsKill, check }: DispatcherCase,
  { createLine, canKill = true }: DispatcherConformanceOptions,
): ConformanceCase {
  if (needsKill && !canKill)
    return { group, name, skip: "no process of this dispatcher can be made to die", run: async () => {} };
  return {
    group,
    name,
    run: async () => {
      const line = await createLine();
      const opened: Dispatcher[] = [];
      try {
        await check({
          open: () => {
            const dispatcher = line.open();
            opened.push(dispatcher);
            return dispatcher;
          },
          kill: async (dispatcher) => line.kill?.(dispatcher),
        });
      } finally {
        await Promise.all(opened.map((dispatcher) => dispatcher.close()));
        await line.remove?.();
      }
    },
  };
}
