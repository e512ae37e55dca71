import type { ExecutionStatus } from "../../definition/status.js";
import { ExecutionError } from "../../errors/errors.js";
import type { ClaimedExecution, ExecutionRecord, InboxItem } from "../../ports/execution-record.js";
import type { Storage } from "../../ports/storage.js";
import type { ExecutionResult } from "../../running/execution/execution-result.js";
import type { ExecutionRunner, ExecutionRunnerParams } from "../../running/execution/execution-runner.js";
import type { EngineServices } from "../../running/services.js";
import { CellMap } from "../../shared/cell-map.js";
import { loadResult, type ResultWatch } from "../watching/result-watch.js";
import type { Adoption } from "./adoption.js";

/** Only signals are limited: a decision or a resolution is what its node waits for. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

export interface ActiveExecutionsParams {
  readonly services: EngineServices;
  readonly storage: Storage;
  readonly adoption: Adoption;
  readonly watch: ResultWatch;
  readonly maxExecutions: number;
  /** There may be something to claim, or news that no runner here has heard. */
  readonly onWork: () => void;
  /** Something is to be given back, after a pause: what went wrong may go wrong again. */
  readonly onStray: () => void;
  /** An execution that is not here has something in its inbox. */
  readonly onNews: (executionId: string) => void;
  /** Claims this execution soon, unless another worker has it. */
  readonly take: (executionId: string) => void;
  /** A place is free, since an execution ended or waits. */
  readonly onPlaceFree: () => void;
  /** An execution waits outside memory until this instant. */
  readonly onWaiting: (wakeAt: number, record: ExecutionRecord) => void;
}

/**
 * The executions in this process: which there are, how many places they take, what others want of them, and how they
 * leave. An execution leaves when it ends, waits outside memory, is handed over, or when its commits or its lease are
 * in doubt; then it is a stray until it has been given back.
 */
export class ActiveExecutions {
  readonly #params: ActiveExecutionsParams;
  readonly #runners = new CellMap<ExecutionRunner>();
  /** Executions that this worker owns and no longer runs, by id with their epoch: to be given back. */
  readonly #strays = new Map<string, number>();
  /** Executions here that do not wait. */
  #running = 0;
  #isClosed = false;

  constructor(params: ActiveExecutionsParams) {
    this.#params = params;
  }

  get(executionId: string): ExecutionRunner | undefined {
    return this.#runners.get(executionId);
  }

  /** Of all executions here. */
  get ids(): readonly string[] {
    return Array.from(this.#runners.values(), ({ id }) => id);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Free places for executions. */
  get freeSlots(): number {
    return this.#isClosed ? 0 : Math.max(0, this.#params.maxExecutions - this.#running);
  }

  /** Executions here that do not wait. */
  get runningCount(): number {
    return this.#running;
  }

  // ── coming and leaving ─────────────────────────────────────────────────────

  /** Of every runner here. */
  readonly callbacks: Pick<ExecutionRunnerParams, "onGone" | "onStatus"> = {
    onGone: (runner, result) => this.#gone(runner, result),
    onStatus: (runner, status) => this.#moved(runner, status),
  };

  /** Takes a place for a runner that is about to begin. */
  hold(runner: ExecutionRunner): void {
    this.#runners.set(runner.id, runner);
    runner.holdsSlot = true;
    this.#running++;
  }

  /** Goes on with executions that this worker has claimed. */
  async adopt(claimed: readonly ClaimedExecution[]): Promise<void> {
    const inboxes = this.#params.adoption.readInboxes(claimed);
    await Promise.all(claimed.map((record) => this.#adoptOne(record, inboxes)));
  }

  async #adoptOne(record: ExecutionRecord, inboxes: ReturnType<Storage["listInboxes"]>): Promise<void> {
    const { adoption, services, storage } = this.#params;
    try {
      const runner = await adoption.adopt(record, inboxes, this.callbacks);
      if (runner === undefined) return await this.#endedUnrun(record);
      if (this.#isClosed) return await storage.release({ executionId: record.id, epoch: record.epoch });
      this.hold(runner);
      runner.resume();
    } catch (error) {
      services.logger.error("An execution could not be gone on with; it is tried again.", {
        executionId: record.id,
        error: String(error),
      });
      this.#addStray(record);
    }
  }

  /** One that was cancelled has ended without a runner: who waits for it is told. */
  async #endedUnrun({ id, cancelRequested }: ExecutionRecord): Promise<void> {
    if (cancelRequested === null) return;
    const { storage, watch, onWork } = this.#params;
    const record = await storage.getExecution(id);
    if (record === undefined || record.endedAt === null) return;
    watch.ended(await loadResult(storage, record));
    onWork();
  }

  #moved(runner: ExecutionRunner, status: ExecutionStatus): void {
    if (status === "waiting") this.#giveSlotBack(runner);
    else if (!runner.holdsSlot) {
      // A resumed execution goes on at once: it has waited long enough.
      runner.holdsSlot = true;
      this.#running++;
    }
    const { parent } = runner.record;
    if (parent !== null) this.#runners.get(parent.executionId)?.departure.childMoved();
  }

  #giveSlotBack(runner: ExecutionRunner): void {
    if (!runner.holdsSlot) return;
    runner.holdsSlot = false;
    this.#running--;
    if (runner.record.limits === null) this.#params.onPlaceFree();
    else this.#params.onWork();
  }

  #gone(runner: ExecutionRunner, result: ExecutionResult | undefined): void {
    if (this.#runners.get(runner.id) === runner) this.#runners.delete(runner.id);
    this.#giveSlotBack(runner);
    if (runner.isStray) this.#addStray(runner.record);
    if (result !== undefined) {
      this.#params.watch.ended(result);
      if (isOfSchedule(runner.record)) this.#params.onWork();
      if (runner.endOfChild !== undefined) this.tell(runner.record.parent?.executionId as string, runner.endOfChild);
    } else if (runner.hasLeft) {
      if (runner.wakeAt !== null) this.#params.onWaiting(runner.wakeAt, runner.record);
      if (runner.hasMissedNews || runner.isHandedOver) this.#params.onWork();
      if (runner.isHandedOver) this.#endInTime(runner);
    }
  }

  /** Nobody who offers its tags may come before its time is over: then it is claimed whatever they are, and ends. */
  #endInTime({ id, executionClock: { dueAt } }: ExecutionRunner): void {
    if (dueAt !== null) this.#params.services.timers.set(dueAt, () => this.#params.take(id));
  }

  // ── what others want of an execution ───────────────────────────────────────

  /** Something was put into the inbox of an execution: whoever runs it here learns of it at once. */
  tell(executionId: string, item: InboxItem): void {
    const runner = this.#runners.get(executionId);
    if (runner === undefined) this.#params.onNews(executionId);
    else runner.receive(item);
  }

  /** Looks up what others want of an execution that runs here. */
  async readNews(executionId: string): Promise<void> {
    const runner = this.#runners.get(executionId);
    if (runner === undefined) return;
    const { inbox, cancelRequested } = await this.#params.services.readNews(executionId);
    for (const item of inbox) runner.receive(item);
    if (cancelRequested !== null) runner.cancel(cancelRequested.reason);
  }

  /** Durable when it resolves. Ends it here unless another worker has it, who then learns of it. */
  async cancel(executionId: string, reason: string | null): Promise<ExecutionStatus | undefined> {
    const { storage, services } = this.#params;
    const status = await this.#orSweepLater(storage.requestCancel(executionId, reason, services.clock.now()));
    const runner = this.#runners.get(executionId);
    if (runner !== undefined) runner.cancel(reason);
    else if (status === "queued" || status === "waiting" || status === "running") {
      if (status === "waiting") await this.#unblock(executionId);
      this.#params.take(executionId);
    }
    return status;
  }

  /** What was set aside is left alone by claims; it must be free to be ended. */
  async #unblock(executionId: string): Promise<void> {
    const { storage } = this.#params;
    const record = await storage.getExecution(executionId);
    if (record !== undefined && record.blocked !== null && !record.isParked && record.endedAt === null)
      await storage.unblock(executionId);
  }

  /** Puts something into an inbox, durably, and tells whoever runs the execution here. */
  async send(
    executionId: string,
    item: InboxItem,
    maxUnread: number = item.kind === "signal" ? this.#params.services.limits.maxInboxSignals : NO_LIMIT,
  ): ReturnType<Storage["addToInbox"]> {
    const { storage } = this.#params;
    const answer = await this.#orSweepLater(storage.addToInbox(executionId, item, maxUnread));
    if (answer === "added") this.tell(executionId, item);
    // The first try was written and its answer lost: nobody here has heard of it.
    else if (answer === "duplicate") this.#params.onNews(executionId);
    return answer;
  }

  /** A call that was not answered may have been done: the next sweep finds what it left. */
  async #orSweepLater<Answer>(call: Promise<Answer>): Promise<Answer> {
    try {
      return await call;
    } catch (error) {
      this.#params.onStray();
      throw error;
    }
  }

  // ── giving back ────────────────────────────────────────────────────────────

  #addStray({ id, epoch }: ExecutionRecord): void {
    this.#strays.set(id, epoch);
    this.#params.onStray();
  }

  /** Marks what is neither here nor on its way as to be given back. */
  giveBackUnknown(owned: Awaited<ReturnType<Storage["listOwned"]>>): void {
    for (const { executionId, epoch } of owned)
      if (this.#runners.get(executionId) === undefined) this.#strays.set(executionId, epoch);
  }

  /** Gives back what this worker owns and does not run, because its commits failed or its lease was in doubt. */
  async releaseStrays(): Promise<void> {
    for (const [executionId, epoch] of this.#strays) {
      await this.#params.storage.release({ executionId, epoch });
      this.#strays.delete(executionId);
    }
  }

  /** Lets an execution go on as another runner, here or elsewhere, once what runs of it has ended or time is up. */
  async handOver(executionId: string, deadlineMs: number): Promise<void> {
    const runner = this.#runners.get(executionId);
    if (runner === undefined) return;
    await this.#settleDown([runner], deadlineMs);
    runner.leave();
  }

  // ── shutdown ───────────────────────────────────────────────────────────────

  /** Lets go of everything without writing: this worker is taken for dead. */
  dropAll(error: Error): void {
    for (const runner of [...this.#runners.values()]) runner.lose(error);
  }

  /** From now on nothing new starts here: neither executions nor nodes. */
  freeze(): void {
    this.#isClosed = true;
    for (const runner of this.#runners.values()) void runner.freeze();
  }

  /**
   * Starts nothing new, lets running nodes end until the deadline, then lets go of everything. A storage that has not
   * answered at `giveUpAt` is waited for no longer.
   */
  async close({ deadlineMs, giveUpAt }: { readonly deadlineMs: number; readonly giveUpAt: number }): Promise<void> {
    const { timers, commits } = this.#params.services;
    this.freeze();
    const settled = this.#settleDown([...this.#runners.values()], deadlineMs, () => commits.close());
    await timers.within(giveUpAt, settled);
    const open = [...this.#runners.values()];
    for (const runner of open) {
      runner.drop(new ExecutionError("engine_closed", `The engine was closed while execution ${runner.id} was open.`));
    }
    for (const { id, record } of open) this.#strays.set(id, record.epoch);
    const released = this.releaseStrays().catch((error: unknown) =>
      this.#params.services.logger.warn("Leases could not be handed back; they end by themselves.", {
        error: String(error),
      }),
    );
    await timers.within(giveUpAt, released);
  }

  /** Starts nothing more of them, lets running nodes end until the deadline, and writes what there is to write. */
  async #settleDown(
    runners: readonly ExecutionRunner[],
    deadlineMs: number,
    beforeLastWrite?: () => void,
  ): Promise<void> {
    const { timers, clock, commits } = this.#params.services;
    const quiet = Promise.all(runners.map((runner) => runner.freeze()));
    if (deadlineMs > 0) {
      const timeUp = new Promise<void>((resolve) => {
        const timer = timers.set(clock.now() + deadlineMs, resolve);
        void quiet.then(() => timer.cancel());
      });
      await Promise.race([quiet, timeUp]);
    }
    beforeLastWrite?.();
    for (const runner of runners) runner.writer.requestFlush();
    await commits.idle();
  }
}

/** The next slot of a schedule may wait for the end of this execution. */
function isOfSchedule({ metadata }: ExecutionRecord): boolean {
  return (metadata["trigger"] as { readonly type?: unknown } | undefined)?.type === "schedule";
}
