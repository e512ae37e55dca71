import type { Worker } from "node:worker_threads";
import { loadModule } from "../loading/load-module.js";
import type {
  GuestAnswer,
  GuestRequest,
  LogLevel,
  MessageFromThread,
  MessageToThread,
  ThreadData,
} from "./guest-protocol.js";
import { STOP_GRACE_MS, THREAD_HEAP_MB, THREAD_START_LIMIT_MS } from "./sandbox-limits.js";
import type { ThreadFile } from "./thread-file.js";

/** Python takes this number for SIGINT. */
const STOP = 2;

/** How a run ended, as seen from outside. */
export type ThreadAnswer =
  | GuestAnswer
  | { readonly outcome: "timed_out" }
  | { readonly outcome: "out_of_memory" }
  | { readonly outcome: "crashed"; readonly reason: string };

export interface ThreadRun {
  readonly request: GuestRequest;
  readonly timeoutMs: number;
  readonly onLog: (level: LogLevel, text: string) => void;
  /** Called once. */
  readonly onAnswer: (answer: ThreadAnswer) => void;
}

export interface SandboxThreadOptions {
  readonly file: ThreadFile;
  readonly name: string;
  /** The thread is free for another run. */
  readonly onIdle: (thread: SandboxThread) => void;
  /** The thread is gone. */
  readonly onEnd: (thread: SandboxThread) => void;
}

/**
 * One worker thread that runs one program at a time. Idle, it keeps no process alive. A run that passes its time, or is
 * stopped, is first told so through a shared flag; a run that does not obey goes down with its thread.
 */
export class SandboxThread {
  readonly #worker: Worker;
  readonly #options: SandboxThreadOptions;
  readonly #stopFlag = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  #run: ThreadRun | undefined;
  #hasStarted = false;
  #stopAnswer: ThreadAnswer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor(options: SandboxThreadOptions) {
    this.#options = options;
    const { Worker } = loadModule<typeof import("node:worker_threads")>("node:worker_threads");
    this.#worker = new Worker(options.file, {
      name: options.name,
      eval: typeof options.file === "string",
      execArgv: [],
      // Nothing of the host's: no environment, no arguments.
      env: {},
      argv: [],
      workerData: { stopFlag: this.#stopFlag.buffer as SharedArrayBuffer } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
    });
    this.#worker.unref();
    this.#worker.on("message", (message: MessageFromThread) => this.#receive(message));
    this.#worker.on("error", (error: unknown) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail("its thread ended"));
  }

  get isBusy(): boolean {
    return this.#run !== undefined;
  }

  start(run: ThreadRun): void {
    this.#run = run;
    this.#hasStarted = false;
    this.#stopAnswer = undefined;
    this.#setStop(0);
    this.#worker.ref();
    this.#arm(THREAD_START_LIMIT_MS, () => this.end({ outcome: "crashed", reason: "it did not get ready" }));
    this.#worker.postMessage({ type: "run", request: run.request } satisfies MessageToThread);
  }

  /** Tells the run to stop; `answer` is what became of it. */
  stop(answer: ThreadAnswer = { outcome: "stopped" }): void {
    if (this.#run === undefined || this.#stopAnswer !== undefined) return;
    this.#stopAnswer = answer;
    this.#setStop(STOP);
    // What still gets ready looks at the flag before it begins, and has a limit of its own.
    if (this.#hasStarted) this.#arm(STOP_GRACE_MS, () => this.end(answer));
  }

  /** Ends the thread at once; `answer` is what became of a run that it takes along. */
  end(answer: ThreadAnswer = { outcome: "crashed", reason: "its thread was ended" }): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    const run = this.#run;
    this.#run = undefined;
    this.#worker.unref();
    void this.#worker.terminate();
    this.#options.onEnd(this);
    run?.onAnswer(answer);
  }

  #receive(message: MessageFromThread): void {
    if (this.#isEnded || this.#run === undefined) return;
    switch (message.type) {
      case "started":
        this.#begin(this.#run);
        return;
      case "log":
        if (this.#stopAnswer?.outcome !== "stopped") this.#run.onLog(message.level, message.text);
        return;
      case "answer":
        this.#settle(message.answer, message.retire);
    }
  }

  #begin(run: ThreadRun): void {
    this.#hasStarted = true;
    const { outcome } = this.#stopAnswer ?? {};
    if (outcome === undefined) this.#arm(run.timeoutMs, () => this.stop({ outcome: "timed_out" }));
    else this.#arm(STOP_GRACE_MS, () => this.end({ outcome: "stopped" }));
  }

  #settle(answer: GuestAnswer, retire: boolean): void {
    const run = this.#run;
    clearTimeout(this.#timer);
    this.#run = undefined;
    this.#worker.unref();
    if (retire) this.end();
    run?.onAnswer(answer.outcome === "stopped" ? (this.#stopAnswer ?? answer) : answer);
    if (!retire) this.#options.onIdle(this);
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return;
    const { code, message } = (typeof error === "object" && error !== null ? error : { message: error }) as {
      readonly code?: unknown;
      readonly message?: unknown;
    };
    this.end(
      code === "ERR_WORKER_OUT_OF_MEMORY"
        ? { outcome: "out_of_memory" }
        : { outcome: "crashed", reason: String(message).slice(0, 300) },
    );
  }

  #setStop(value: number): void {
    Atomics.store(this.#stopFlag, 0, value);
    Atomics.store(this.#stopFlag, 1, value);
  }

  #arm(afterMs: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, afterMs);
  }
}
