import { availableParallelism } from "node:os";
import { MAX_SCRIPT_THREADS, MIN_SCRIPT_THREADS, PYTHON_THREADS } from "./sandbox-limits.js";
import { ThreadPool } from "./thread-pool.js";

// Processors belong to the process, not to an engine: all engines of a process share these pools. Neither holds a
// thread before its first run.
let scripts: ThreadPool | undefined;
let python: ThreadPool | undefined;

/** The threads for JavaScript and JSONata. */
export function scriptPool(): ThreadPool {
  scripts ??= new ThreadPool({
    name: "automatrix-script",
    threads: Math.min(MAX_SCRIPT_THREADS, Math.max(MIN_SCRIPT_THREADS, availableParallelism() - 1)),
  });
  return scripts;
}

/** The threads for Python. */
export function pythonPool(): ThreadPool {
  python ??= new ThreadPool({ name: "automatrix-python", threads: PYTHON_THREADS });
  return python;
}
