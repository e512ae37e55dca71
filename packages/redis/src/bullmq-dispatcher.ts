import {
  AutomatrixError,
  ConfigurationError,
  type Dispatcher,
  type DispatcherHealth,
  type DispatchJob,
  type DispatchWorker,
} from "@automatrix/core";
import { Queue } from "bullmq";
import { toExecutionJobs } from "./execution-jobs.js";
import { JobFeed } from "./job-feed.js";
import { DEFAULT_PREFIX, ImpatientClient, type RedisConnection } from "./redis-connection.js";
import { toRefusalCode } from "./refusal.js";
import { within } from "./within.js";

const DEFAULT_QUEUE_NAME = "executions";
const DEFAULT_CONCURRENCY = 4;
const DEFAULT_BATCH_SIZE = 10;
const DEFAULT_ATTEMPTS = 5;
const DEFAULT_LOCK_DURATION_MS = 10_000;
const DISPATCH_TIMEOUT_MS = 1_000;
/** While Redis refuses writes: how often it is asked whether it still does. */
const PROBE_INTERVAL_MS = 1_000;
/** Writes from within a script, as BullMQ does, and leaves nothing. KEYS[1] a key of the queue that nobody else uses. */
const PROBE = "redis.call('set', KEYS[1], 1, 'PX', 1)";
/** BullMQ notes what happens to jobs in a stream, which nobody here reads. */
const MAX_NOTED_EVENTS = 100;

/** Options of {@link bullmqDispatcher}. */
export interface BullmqDispatcherOptions {
  readonly connection: RedisConnection;
  /** First part of every key. Default `automatrix`. */
  readonly prefix?: string;
  /** Engines with the same queue share its jobs; they must share a storage too. No colon. Default `executions`. */
  readonly queueName?: string;
  /** Jobs being claimed at once in this process, 1 or more. Default 4. How much runs at once is the engine's `concurrency`. */
  readonly concurrency?: number;
  /** Executions of the same priority that one job may carry, 1 or more. Default 10. */
  readonly batchSize?: number;
  /** How often a job is told when workers could not claim, with growing pauses. Default 5. */
  readonly attempts?: number;
  /** How long a worker may take to claim before it is taken for dead and its job handed on, in milliseconds. Default 10,000. */
  readonly lockDurationMs?: number;
  /**
   * While Redis is away or takes no writes: `storage` (default) lets starts through, and the sweeps of the storage share them among the
   * workers; `refuse` rejects starts with `dispatcher_unavailable`. Reads, signals and cancels work in both.
   */
  readonly onUnavailable?: "storage" | "refuse";
}

/**
 * Hands executions to a fleet of workers through BullMQ. Needs Redis 6.2 or later with `maxmemory-policy noeviction`.
 *
 * Redis holds ids alone; should it lose them, the sweeps find the executions in the storage.
 *
 * ```ts
 * import { createEngine } from "@automatrix/core";
 * const engine = createEngine({ storage, nodes, dispatcher: bullmqDispatcher({ connection: "redis://localhost" }) });
 * ```
 * @throws ConfigurationError `invalid_configuration`
 */
export function bullmqDispatcher(options: BullmqDispatcherOptions): Dispatcher {
  return new BullmqDispatcher(options);
}

/**
 * Sound while it is connected and the last write was taken. A write that Redis answers with an error makes it refusing, which
 * ends with the next write that is taken, of a dispatch or of a probe; the connection is left alone, since it answers. A
 * write without an answer has the connection opened anew.
 */
class BullmqDispatcher implements Dispatcher {
  readonly name = "bullmq";
  readonly #options: Required<BullmqDispatcherOptions>;
  readonly #client: ImpatientClient;
  #queue: Queue | undefined;
  #feed: JobFeed | undefined;
  /** Why Redis refuses writes, as far as is known: the code of its answer. */
  #refusal: string | undefined;
  #probes: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: BullmqDispatcherOptions) {
    this.#options = {
      prefix: DEFAULT_PREFIX,
      queueName: DEFAULT_QUEUE_NAME,
      concurrency: DEFAULT_CONCURRENCY,
      batchSize: DEFAULT_BATCH_SIZE,
      attempts: DEFAULT_ATTEMPTS,
      lockDurationMs: DEFAULT_LOCK_DURATION_MS,
      onUnavailable: "storage",
      ...options,
    };
    checkOptions(this.#options);
    this.#client = new ImpatientClient(options.connection);
  }

  async dispatch(jobs: readonly DispatchJob[]): Promise<void> {
    if (jobs.length === 0) return;
    if (this.#isClosed) throw unavailable("it is closed");
    await this.#client.connect();
    if (!this.#client.isReady) throw unavailable("Redis cannot be reached");
    try {
      const added = this.#openQueue().addBulk([...toExecutionJobs(jobs, this.#options)]);
      added.catch(() => {});
      if ((await within(DISPATCH_TIMEOUT_MS, added)) !== undefined) return this.#noteTaken();
    } catch (cause) {
      const refusal = toRefusalCode(cause);
      if (refusal === undefined) {
        this.#startAfresh();
        throw unavailable("Redis did not take the jobs", cause);
      }
      this.#leaveQueue();
      this.#noteRefused(refusal);
      throw unavailable(toRefusalText(refusal), cause);
    }
    this.#startAfresh();
    throw unavailable("Redis did not answer in time");
  }

  #noteTaken(): void {
    this.#refusal = undefined;
    clearTimeout(this.#probes);
  }

  #noteRefused(code: string): void {
    this.#refusal = code;
    clearTimeout(this.#probes);
    if (!this.#isClosed) this.#probes = setTimeout(() => void this.#probe(), PROBE_INTERVAL_MS);
  }

  /** Finds out whether Redis takes writes. Without an answer, what was known stays. */
  async #probe(): Promise<void> {
    const { prefix, queueName } = this.#options;
    try {
      await this.#client.redis.eval(PROBE, 1, `${prefix}:${queueName}:probe`);
      this.#noteTaken();
    } catch (cause) {
      const refusal = toRefusalCode(cause) ?? this.#refusal;
      if (refusal !== undefined) this.#noteRefused(refusal);
    }
  }

  #openQueue(): Queue {
    const { prefix, queueName } = this.#options;
    if (this.#queue !== undefined) return this.#queue;
    this.#queue = new Queue(queueName, {
      connection: this.#client.redis,
      prefix,
      streams: { events: { maxLen: MAX_NOTED_EVENTS } },
    });
    // Whoever dispatches is told.
    this.#queue.on("error", () => {});
    return this.#queue;
  }

  /** A connection that does not answer looks sound: another one shows how things are. */
  #startAfresh(): void {
    this.#leaveQueue();
    if (this.#client.isReady) this.#client.redis.disconnect(true);
  }

  /** Takes its listeners off the connection, which stays. */
  #leaveQueue(): void {
    this.#queue?.close().catch(() => {});
    this.#queue = undefined;
  }

  async start(worker: DispatchWorker): Promise<void> {
    if (this.#isClosed) return;
    await this.#client.connect();
    await this.#probe();
    if (this.#isClosed) return;
    this.#feed = new JobFeed({
      ...this.#options,
      worker,
      putBack: (executionIds, priority) =>
        this.dispatch(executionIds.map((executionId) => ({ executionId, priority }))),
    });
  }

  placesFreed(): void {
    this.#feed?.placesFreed();
  }

  health(): DispatcherHealth {
    const message = this.#trouble();
    if (message === undefined) return { status: "up" };
    return { status: this.#options.onUnavailable === "refuse" ? "down" : "degraded", message };
  }

  #trouble(): string | undefined {
    if (this.#isClosed) return "it is closed";
    if (!this.#client.isReady || this.#feed?.isLost) return "Redis cannot be reached";
    return this.#refusal === undefined ? undefined : toRefusalText(this.#refusal);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#probes);
    await this.#feed?.close();
    this.#leaveQueue();
    this.#client.close();
  }
}

function toRefusalText(code: string): string {
  return `Redis refuses writes (${code})`;
}

function unavailable(why: string, cause?: unknown): AutomatrixError {
  return new AutomatrixError("dispatcher_unavailable", `The dispatcher cannot be used: ${why}.`, { cause });
}

function checkOptions(options: Required<BullmqDispatcherOptions>): void {
  const { queueName, connection, onUnavailable } = options;
  if (queueName === "" || queueName.includes(":"))
    throw new ConfigurationError(
      "invalid_configuration",
      `queueName ${JSON.stringify(queueName)} must be a name without colons.`,
    );
  if (onUnavailable !== "storage" && onUnavailable !== "refuse")
    throw new ConfigurationError(
      "invalid_configuration",
      `onUnavailable must be "storage" or "refuse", not ${JSON.stringify(onUnavailable)}.`,
    );
  if (typeof connection === "object" && connection?.keyPrefix)
    throw new ConfigurationError(
      "invalid_configuration",
      "BullMQ takes no keyPrefix in connection; set prefix instead.",
    );
  for (const name of ["concurrency", "batchSize", "attempts", "lockDurationMs"] as const) {
    if (Number.isSafeInteger(options[name]) && options[name] > 0) continue;
    throw new ConfigurationError(
      "invalid_configuration",
      `${name} must be a positive integer, not ${String(options[name])}.`,
    );
  }
}
