/** Word that an execution may be ready to be claimed. */
export interface DispatchJob {
  readonly executionId: string;
  /** Integer; higher is told first. */
  readonly priority: number;
  /** Not told before this much time has passed, in milliseconds. Default 0. */
  readonly delayMs?: number;
}

/** Who is told of jobs: one engine. */
export interface DispatchWorker {
  /** Executions that it could take now. A hint that may have changed when the job arrives. */
  freePlaces(): number;
  /**
   * Told of executions; resolves when it has claimed what there was to claim, to those for which it had no place, which
   * are told again, to it or to another. When it rejects, all of them are told again, after a pause.
   */
  take(executionIds: readonly string[]): Promise<readonly string[]>;
}

export interface DispatcherHealth {
  /**
   * `up`: jobs arrive. `degraded`: they do not, and executions are found by the sweep of the storage alone. `down`: they
   * do not, and the engine refuses starts.
   */
  readonly status: "up" | "degraded" | "down";
  /** Why it is not up. */
  readonly message?: string;
}

/**
 * Says which executions may be ready, so that the workers of a fleet need not find that out by sweeping.
 *
 * The storage stays the truth: a worker claims there what it is told of, and sweeps anyway. So a dispatcher may lose a
 * job (the execution starts later), tell it twice or tell it late (nothing is left to claim), and need not know
 * whether an execution exists.
 *
 * *Atomicity*: a job is told or not; the jobs of one call may arrive apart. *Ordering*: higher priority first, among
 * equals about first come; jobs that are put back lose their turn among equals. *Delivery*: at least once while the
 * dispatcher lives, to one worker at a time; what a worker that died was being told goes to another. *Idempotency*: a
 * second job for the same execution is a job of its own. All dispatchers opened on the same line share its jobs.
 *
 * One object serves one engine, which closes it. `dispatcherConformance` is the test of an implementation.
 */
export interface Dispatcher {
  readonly name: string;
  /**
   * Puts jobs on the line. Resolves when the line has them, and keeps them though no worker has started. Rejects within
   * about a second when the line cannot be reached: none or some of them are on it then.
   * @throws AutomatrixError `dispatcher_unavailable`
   */
  dispatch(jobs: readonly DispatchJob[]): Promise<void>;
  /**
   * Begins to tell this worker of jobs while it has free places. Called once. Resolves soon, though the line cannot be
   * reached: then it goes on trying.
   */
  start(worker: DispatchWorker): Promise<void>;
  /** The worker has free places again. Cheap. */
  placesFreed(): void;
  /** What the last contact with the line showed. Cheap. */
  health(): DispatcherHealth;
  /**
   * Tells nothing more; what was being told and did not end soon goes to other workers. Resolves within two seconds,
   * whether the line can be reached or not. Idempotent.
   */
  close(): Promise<void>;
}
