/**
 * Tells one worker of the jobs in a BullMQ queue.
 *
 * Fetches a job only while there is a place for it (places free less those of jobs being told), so that a full process
 * keeps no job from others; one fetch waits at a time. A job is completed when the worker has claimed it, failed (and
 * tried again after a pause) when the worker could not, and left to stall when this process dies: BullMQ hands it on
 * when its lock has ended.
 */
import { randomUUID } from "node:crypto";
import type { DispatchWorker } from "@automatrix/core";
import { type Job, Worker } from "bullmq";
import { readExecutionJob } from "./execution-jobs.js";
import { PatientClient, type RedisConnection } from "./redis-connection.js";
import { within } from "./within.js";

/** Times that a job may be handed on since its worker died. */
const MAX_STALLED_COUNT = 10;
/** How long a fetch waits for a job. */
const FETCH_WAIT_S = 5;
/** After a fetch that failed. */
const PAUSE_MS = 500;
/** For the worker to end what it is being told, and for connections to end. */
const CLOSE_STEP_MS = 800;

export interface JobFeedParams {
  readonly connection: RedisConnection;
  readonly prefix: string;
  readonly queueName: string;
  /** Jobs told at once. */
  readonly concurrency: number;
  readonly lockDurationMs: number;
  readonly worker: DispatchWorker;
  /** Puts executions on the line again. */
  readonly putBack: (executionIds: readonly string[], priority: number) => Promise<void>;
}

export class JobFeed {
  readonly #params: JobFeedParams;
  readonly #client: PatientClient;
  readonly #source: Worker;
  readonly #telling = new Set<Promise<void>>();
  /** Executions being told: they will want places. */
  #told = 0;
  #isClosed = false;
  #hearRoom: (() => void) | undefined;

  constructor(params: JobFeedParams) {
    this.#params = params;
    this.#client = new PatientClient(params.connection);
    this.#source = new Worker(params.queueName, null, {
      connection: this.#client.redis,
      prefix: params.prefix,
      autorun: false,
      lockDuration: params.lockDurationMs,
      stalledInterval: params.lockDurationMs,
      maxStalledCount: MAX_STALLED_COUNT,
      drainDelay: FETCH_WAIT_S,
    });
    // Of connections: they come back by themselves, and what was missed is found by the sweep.
    this.#source.on("error", () => {});
    this.#source.startStalledCheckTimer().catch(() => {});
    void this.#run();
  }

  /** True while no jobs arrive for want of a connection, as far as is known. */
  get isLost(): boolean {
    return this.#client.isLost;
  }

  /** The worker may have places again. */
  placesFreed(): void {
    this.#hearRoom?.();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (!this.#hasRoom()) {
        await new Promise<void>((resolve) => {
          this.#hearRoom = resolve;
        });
        continue;
      }
      const token = randomUUID();
      const job = await this.#fetch(token);
      if (job === undefined) continue;
      const telling = this.#tell(job, token).finally(() => {
        this.#telling.delete(telling);
        this.placesFreed();
      });
      this.#telling.add(telling);
    }
  }

  #hasRoom(): boolean {
    const { worker, concurrency } = this.#params;
    return this.#telling.size < concurrency && worker.freePlaces() > this.#told;
  }

  async #fetch(token: string): Promise<Job | undefined> {
    try {
      return await this.#source.getNextJob(token, { block: true });
    } catch {
      if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      return undefined;
    }
  }

  async #tell(job: Job, token: string): Promise<void> {
    const { executionIds, priority } = readExecutionJob(job.data);
    this.#told += executionIds.length;
    try {
      const left = await this.#params.worker.take(executionIds);
      if (left.length > 0) await this.#params.putBack(left, priority);
      await job.moveToCompleted(null, token, false);
    } catch (error) {
      // Should that fail too, the job stalls and is handed on.
      await job.moveToFailed(error instanceof Error ? error : new Error(String(error)), token, false).catch(() => {});
    } finally {
      this.#told -= executionIds.length;
    }
  }

  /** Tells nothing more. What is being told may end; after that it stalls, for others to be told. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.placesFreed();
    await within(CLOSE_STEP_MS, Promise.all(this.#telling));
    await within(
      CLOSE_STEP_MS,
      this.#source.close(true).catch(() => {}),
    );
    this.#client.close();
  }
}
