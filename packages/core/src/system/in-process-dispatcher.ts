import { AutomatrixError } from "../errors/errors.js";
import type { Clock } from "../ports/clock.js";
import type { Dispatcher, DispatcherHealth, DispatchJob, DispatchWorker } from "../ports/dispatcher.js";
import { Heap } from "../shared/heap.js";
import { systemClock } from "./system-clock.js";

/** Before a job whose worker could not take it is told again. */
const RETRY_DELAY_MS = 200;
/** Jobs told at once. */
const MAX_TOLD = 100;

interface Entry {
  readonly job: DispatchJob;
  readonly ordinal: number;
}

/** A line of jobs in memory, which the dispatchers of several engines in one process may share. */
export class JobLine {
  readonly #clock: Clock;
  readonly #ready = new Heap<Entry>((a, b) => b.job.priority - a.job.priority || a.ordinal - b.ordinal);
  readonly #takers = new Set<() => void>();
  readonly #delays = new Set<() => void>();
  #users = 0;
  #ordinal = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Adds a job; once its delay is over, everybody who waits for one is called. */
  add(job: DispatchJob): void {
    const { delayMs = 0 } = job;
    if (delayMs <= 0) return this.#addReady(job);
    const cancel = this.#clock.setTimer(this.#clock.now() + delayMs, () => {
      this.#delays.delete(cancel);
      this.#addReady(job);
    });
    this.#delays.add(cancel);
  }

  #addReady(job: DispatchJob): void {
    this.#ready.push({ job, ordinal: this.#ordinal++ });
    for (const taker of [...this.#takers]) taker();
  }

  /** Up to `limit` jobs, in order. */
  take(limit: number): readonly DispatchJob[] {
    const jobs: DispatchJob[] = [];
    while (jobs.length < limit) {
      const entry = this.#ready.pop();
      if (entry === undefined) break;
      jobs.push(entry.job);
    }
    return jobs;
  }

  /** A dispatcher uses the line. Returns the way to say that it does no more; with the last, delayed jobs are dropped. */
  join(): () => void {
    this.#users++;
    return () => {
      this.#users--;
      if (this.#users > 0) return;
      for (const cancel of this.#delays) cancel();
      this.#delays.clear();
    };
  }

  /** Calls `taker` whenever there is a job. Returns the way to stop. */
  onJob(taker: () => void): () => void {
    this.#takers.add(taker);
    return () => this.#takers.delete(taker);
  }
}

/**
 * A dispatcher in memory: for tests, and for several engines of one process on one storage. Its jobs end with the
 * process; the sweep finds the executions again.
 *
 * ```ts
 * const line = new JobLine();
 * const one = createEngine({ storage, nodes, dispatcher: inProcessDispatcher(line) });
 * const two = createEngine({ storage, nodes, dispatcher: inProcessDispatcher(line) });
 * ```
 */
export function inProcessDispatcher(line: JobLine = new JobLine()): Dispatcher {
  return new InProcessDispatcher(line);
}

class InProcessDispatcher implements Dispatcher {
  readonly name = "in-process";
  readonly #line: JobLine;
  readonly #leave: () => void;
  #worker: DispatchWorker | undefined;
  #stop: (() => void) | undefined;
  #isClosed = false;
  /** Being told: they will want places. */
  readonly #told = new Set<DispatchJob>();

  constructor(line: JobLine) {
    this.#line = line;
    this.#leave = line.join();
  }

  async dispatch(jobs: readonly DispatchJob[]): Promise<void> {
    if (this.#isClosed) throw new AutomatrixError("dispatcher_unavailable", "The dispatcher is closed.");
    for (const job of jobs) this.#line.add(job);
  }

  async start(worker: DispatchWorker): Promise<void> {
    if (this.#isClosed) return;
    this.#worker = worker;
    this.#stop = this.#line.onJob(() => this.placesFreed());
    this.placesFreed();
  }

  placesFreed(): void {
    const worker = this.#worker;
    if (worker === undefined || this.#isClosed) return;
    const jobs = this.#line.take(Math.min(worker.freePlaces() - this.#told.size, MAX_TOLD));
    if (jobs.length > 0) void this.#tell(worker, jobs);
  }

  async #tell(worker: DispatchWorker, jobs: readonly DispatchJob[]): Promise<void> {
    for (const job of jobs) this.#told.add(job);
    let left: ReadonlySet<string> | undefined;
    try {
      left = new Set(await worker.take(jobs.map(({ executionId }) => executionId)));
    } catch {
      // Told again after a pause.
    }
    for (const job of jobs) {
      // At the close it was put back already.
      if (!this.#told.delete(job)) continue;
      if (left === undefined) this.#putBack(job, RETRY_DELAY_MS);
      else if (left.has(job.executionId)) this.#putBack(job);
    }
    this.placesFreed();
  }

  #putBack({ executionId, priority }: DispatchJob, delayMs = 0): void {
    this.#line.add({ executionId, priority, delayMs });
  }

  health(): DispatcherHealth {
    return this.#isClosed ? { status: "down", message: "The dispatcher is closed." } : { status: "up" };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop?.();
    for (const job of this.#told) this.#putBack(job);
    this.#told.clear();
    this.#leave();
  }
}
