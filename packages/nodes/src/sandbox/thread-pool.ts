import { RetryableNodeError } from "@automatrix/core";
import type { GuestRequest, LogLevel } from "./guest-protocol.js";
import { MAX_QUEUED_RUNS, THREAD_IDLE_MS } from "./sandbox-limits.js";
import { SandboxThread, type ThreadAnswer } from "./sandbox-thread.js";
import { findThreadFile, type ThreadFile } from "./thread-file.js";

export interface ThreadPoolOptions {
  /** Names the threads in debuggers and the pool in messages. */
  readonly name: string;
  /** Threads that run at one time. */
  readonly threads: number;
  /** Runs that may wait for a thread. Default {@link MAX_QUEUED_RUNS}. */
  readonly maxQueued?: number;
  /** Default {@link THREAD_IDLE_MS}. */
  readonly idleMs?: number;
  /** Default: the guests of this package. */
  readonly file?: ThreadFile;
}

export interface PoolRun {
  /** Called when a thread is free, so that a run that waits holds no copy of its values. */
  readonly request: () => GuestRequest;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onLog: (level: LogLevel, text: string) => void;
}

interface QueuedRun extends PoolRun {
  readonly resolve: (answer: ThreadAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Threads for code that is not to be trusted. They start with the runs that need them, at most `threads` at a time; what
 * comes meanwhile waits in order, and its time does not count yet. A thread without work ends after `idleMs`.
 */
export class ThreadPool {
  readonly #options: Required<ThreadPoolOptions>;
  readonly #threads = new Set<SandboxThread>();
  /** Threads without work, the one used last at the end, and the timers that end them. */
  readonly #idle = new Map<SandboxThread, NodeJS.Timeout>();
  readonly #queue = new Set<QueuedRun>();

  constructor(options: ThreadPoolOptions) {
    this.#options = { maxQueued: MAX_QUEUED_RUNS, idleMs: THREAD_IDLE_MS, file: findThreadFile(), ...options };
  }

  /** Threads that there are now. */
  get size(): number {
    return this.#threads.size;
  }

  /**
   * Runs a program and resolves to what became of it.
   * @throws RetryableNodeError `sandbox_busy` when the queue is full
   * @throws the signal's reason once it aborts
   */
  async run(run: PoolRun): Promise<ThreadAnswer> {
    run.signal.throwIfAborted();
    if (this.#queue.size >= this.#options.maxQueued) throw this.#busy();
    let stop = () => {};
    try {
      return await new Promise<ThreadAnswer>((resolve, reject) => {
        const queued = { ...run, resolve, reject };
        stop = () => {
          this.#queue.delete(queued);
          reject(run.signal.reason);
        };
        run.signal.addEventListener("abort", stop);
        this.#queue.add(queued);
        this.#dispatch();
      });
    } finally {
      run.signal.removeEventListener("abort", stop);
    }
  }

  /** Ends all threads, and what runs in them. */
  close(): void {
    for (const thread of [...this.#threads]) thread.end();
  }

  #dispatch(): void {
    for (const run of this.#queue) {
      const thread = this.#takeThread();
      if (thread === undefined) return;
      this.#queue.delete(run);
      this.#start(thread, run);
    }
  }

  #takeThread(): SandboxThread | undefined {
    const thread = [...this.#idle.keys()].at(-1);
    if (thread !== undefined) {
      clearTimeout(this.#idle.get(thread));
      this.#idle.delete(thread);
      return thread;
    }
    return this.#threads.size < this.#options.threads ? this.#createThread() : undefined;
  }

  #createThread(): SandboxThread {
    const thread = new SandboxThread({
      file: this.#options.file,
      name: this.#options.name,
      onIdle: (idle) => {
        this.#rest(idle);
        this.#dispatch();
      },
      onEnd: (ended) => {
        this.#forget(ended);
        this.#dispatch();
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  #start(thread: SandboxThread, { request, timeoutMs, signal, onLog, resolve, reject }: QueuedRun): void {
    const stop = () => thread.stop();
    const onAnswer = (answer: ThreadAnswer) => {
      signal.removeEventListener("abort", stop);
      resolve(answer);
    };
    try {
      thread.start({ request: request(), timeoutMs, onLog, onAnswer });
      signal.addEventListener("abort", stop);
    } catch (error) {
      this.#rest(thread);
      reject(error);
    }
  }

  #rest(thread: SandboxThread): void {
    const timer = setTimeout(() => thread.end(), this.#options.idleMs);
    timer.unref();
    this.#idle.set(thread, timer);
  }

  #forget(thread: SandboxThread): void {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
    this.#threads.delete(thread);
  }

  #busy(): RetryableNodeError {
    return new RetryableNodeError(
      `${this.#options.maxQueued} runs wait for the ${this.#options.name} sandbox already; try again later.`,
      { code: "sandbox_busy" },
    );
  }
}
