/**
 * An engine's side of its dispatcher: collects what is ready and dispatches it in one call, and claims what the
 * dispatcher tells of.
 *
 * `up` → (a dispatch fails) → `failing`, with one log line; the sweep finds what could not be dispatched → (a dispatch
 * arrives) → `up`, with one log line.
 */
import { ExecutionError } from "../../errors/errors.js";
import type { Dispatcher, DispatcherHealth, DispatchJob } from "../../ports/dispatcher.js";
import type { EngineServices } from "../../running/services.js";

/** Later wakes are left to the sweep, so that millions of sleepers do not fill the dispatcher. */
const MAX_DELAY_MS = 3_600_000;

export interface DispatchingParams {
  readonly dispatcher: Dispatcher;
  readonly services: Pick<EngineServices, "clock" | "defer" | "logger">;
  readonly freePlaces: () => number;
  /** Claims these, answers those for which there was no place. Rejects when that could not be done. */
  readonly take: (executionIds: readonly string[]) => Promise<readonly string[]>;
  /** Something could not be dispatched: it is to be found by a sweep. */
  readonly onFailed: () => void;
}

export class Dispatching {
  readonly #params: DispatchingParams;
  #collected: DispatchJob[] = [];
  #isSending = false;
  #isFailing = false;
  #sending: Promise<void> = Promise.resolve();

  constructor(params: DispatchingParams) {
    this.#params = params;
  }

  async start(): Promise<void> {
    const { dispatcher, freePlaces, take } = this.#params;
    await dispatcher.start({ freePlaces, take });
  }

  /** What was collected is still sent. */
  async close(): Promise<void> {
    await this.#sending;
    await this.#params.dispatcher.close();
  }

  /** Of the dispatcher. */
  get health(): DispatcherHealth {
    return this.#params.dispatcher.health();
  }

  /** @throws ExecutionError `dispatcher_unavailable` when the dispatcher wants starts refused while it is away */
  requireOpen(): void {
    const { status, message } = this.#params.dispatcher.health();
    if (status !== "down") return;
    throw new ExecutionError(
      "dispatcher_unavailable",
      `The dispatcher does not answer${message === undefined ? "" : ` (${message})`}; start again when it is back, or let it degrade to the storage.`,
    );
  }

  /** Dispatches an execution that may be claimed now. */
  ready(executionId: string, priority: number): void {
    this.#collect({ executionId, priority });
  }

  /** Dispatches an execution that may be claimed at this instant. */
  readyAt(executionId: string, { priority, at }: { readonly priority: number; readonly at: number }): void {
    const delayMs = at - this.#params.services.clock.now();
    if (delayMs <= MAX_DELAY_MS) this.#collect({ executionId, priority, delayMs: Math.max(0, delayMs) });
  }

  /** This engine has a free place. */
  placeFree(): void {
    this.#params.dispatcher.placesFreed();
  }

  #collect(job: DispatchJob): void {
    this.#collected.push(job);
    if (this.#isSending) return;
    this.#isSending = true;
    this.#sending = new Promise((resolve) => {
      this.#params.services.defer(() => void this.#sendAll().then(resolve));
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#collected.length > 0) {
      const jobs = this.#collected;
      this.#collected = [];
      await this.#send(jobs);
    }
    this.#isSending = false;
  }

  async #send(jobs: readonly DispatchJob[]): Promise<void> {
    const { dispatcher, services, onFailed } = this.#params;
    try {
      await dispatcher.dispatch(jobs);
      if (this.#isFailing) services.logger.info(`The dispatcher "${dispatcher.name}" answers again.`);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        services.logger.warn(`The dispatcher "${dispatcher.name}" does not answer; the sweep finds what is ready.`, {
          error: String(error),
        });
      this.#isFailing = true;
      onFailed();
    }
  }
}
