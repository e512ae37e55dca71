import { AutomatrixError } from "../../errors/errors.js";
import type { Dispatcher } from "../../ports/dispatcher.js";
import type { CommitOutcome } from "../../ports/execution-commit.js";
import type { Storage } from "../../ports/storage.js";
import type { ExecutionResult } from "../../running/execution/execution-result.js";
import { type TestClock, testClock } from "../test-clock.js";
import type { CrashFault, FaultPoint } from "./crash-faults.js";
import { CRASH_LEASE, CrashLife } from "./crash-life.js";
import { CrashLog } from "./crash-log.js";
import type { CrashWorkflow } from "./crash-workflow.js";
import { type MachineClock, machineClock } from "./machine-clock.js";
import type { CommitPoint } from "./mortal-storage.js";

/** What has not ended by then never will. */
const MAX_VIRTUAL_MS = 15 * 60_000;
/** Longest step of time between two looks at what has happened. */
const MAX_STEP_MS = 5_000;
const MAX_REFUSALS = 5;
const THIEF = "thief";

/** Codes that tell the world outside to try again later, or that there is nothing left to do. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "storage_unavailable",
  "storage_full",
  "engine_closed",
  "lease_lost",
  "wait_not_found",
  "execution_not_found",
  "execution_ended",
]);

export interface CrashSceneParams {
  readonly workflow: CrashWorkflow;
  readonly createStorage: (parts: { readonly clock: MachineClock }) => Storage | Promise<Storage>;
  /** Without: nothing goes wrong. */
  readonly fault?: CrashFault;
  /** Number of the commit or call that the fault is at, from 1. */
  readonly target?: number;
  readonly executions: 1 | 2;
  readonly isRemote?: boolean;
  /** Makes the dispatcher of one worker. `run` is the same for all workers of this scene, and for no other scene. */
  readonly createDispatcher?: (parts: { readonly run: number }) => Dispatcher;
}

let runs = 0;

/** One execution from the caller's side. */
interface Client {
  readonly key: string;
  readonly result: { settled?: { readonly value: ExecutionResult } | { readonly error: unknown } };
  state: "idle" | "starting" | "accepted";
  /** Failed attempts to start it. */
  refusals: number;
  id: string | undefined;
  /** Whom it asked last. */
  askedLife: CrashLife | undefined;
  /** The worker through which it acts now. */
  actingLife: CrashLife | undefined;
}

/** Runs executions of a workflow to their end on one storage, whatever happens to the workers. */
export class CrashScene {
  readonly log = new CrashLog();
  readonly workflow: CrashWorkflow;
  /** Calls of `commit` so far, of all workers. */
  commitCount = 0;
  /** Other calls that may fail in passing. */
  callCount = 0;
  /** Sizes of the batches, by number of the commit from 1. */
  readonly batchSizes: number[] = [0];
  readonly #params: CrashSceneParams;
  readonly #base: TestClock;
  readonly #clock: MachineClock;
  readonly #lives: CrashLife[] = [];
  readonly #run = ++runs;
  readonly #clients: Client[];
  #storage: Storage | undefined;
  #violation: unknown;
  #isFaultDone = false;

  constructor(params: CrashSceneParams) {
    this.#params = params;
    this.workflow = params.workflow;
    this.#base = testClock({
      isBusy: () => this.#lives.some((life) => life.openCalls > 0),
      isRemote: params.isRemote ?? false,
    });
    this.#clock = machineClock(this.#base);
    this.#clients = Array.from({ length: params.executions }, (_, index) => ({
      key: `crash-${index + 1}`,
      result: {},
      state: "idle",
      refusals: 0,
      id: undefined,
      askedLife: undefined,
      actingLife: undefined,
    }));
  }

  /** The storage without a worker in between. */
  get storage(): Storage {
    if (this.#storage === undefined) throw new Error("The scene has not begun.");
    return this.#storage;
  }

  get executionIds(): readonly string[] {
    return this.#clients.map(({ id }) => id ?? "");
  }

  /** What the callers were told, in the order of the executions. */
  get results(): readonly Client["result"][] {
    return this.#clients.map(({ result }) => result);
  }

  /** Runs everything to its end. Rejects when it does not come. */
  async run(): Promise<void> {
    this.#storage = await this.#params.createStorage({ clock: this.#clock });
    await this.#storage.open();
    const startedAt = this.#base.now();
    await this.#startLife();
    for (;;) {
      await this.#settle();
      if (this.#violation !== undefined) throw this.#violation;
      if (await this.#isOver()) break;
      await this.#mindWorkers();
      this.#startExecutions();
      this.#letOutsideAct();
      if (this.#base.now() - startedAt > MAX_VIRTUAL_MS)
        throw new Error(`It did not end within ${MAX_VIRTUAL_MS / 60_000} minutes.`);
      await this.#letTimePass();
    }
    await this.#base.advance(10_000);
  }

  async end(): Promise<void> {
    for (const life of this.#lives) {
      if (life.isDead) continue;
      await Promise.race([life.engine.close({ deadlineMs: 0 }), this.#settle()]);
    }
    await this.#storage?.close();
  }

  /** The latest worker that lives. */
  get living(): CrashLife | undefined {
    return this.#lives.findLast((life) => !life.isDead);
  }

  // ── workers ────────────────────────────────────────────────────────────────

  async #mindWorkers(): Promise<void> {
    if (this.living === undefined) {
      await this.#base.advance(CRASH_LEASE.durationMs + 1);
      await this.#startLife();
      return;
    }
    if (!this.#isFaultDone || !this.#bringsSecondWorker || this.#lives.length > 1) return;
    if (this.storage.capabilities.shared) await this.#startLife();
    else this.#lives[0]?.die("replaced");
  }

  get #bringsSecondWorker(): boolean {
    const { fault } = this.#params;
    return fault?.at === "commit" && fault.bringsSecondWorker === true;
  }

  async #startLife(): Promise<void> {
    const life = new CrashLife({
      number: this.#lives.length + 1,
      workflow: this.workflow,
      storage: this.storage,
      clock: this.#clock,
      log: this.log,
      dispatcher: this.#params.createDispatcher?.({ run: this.#run }),
      onCommit: (by, point) => this.#commit(by, point),
      onCall: (by, method, call) => this.#call(by, method, call),
    });
    this.#lives.push(life);
    this.log.entries.push({ what: "life", life: life.number, text: "starts" });
    // A worker may die while it starts; the next one is started then.
    const started = life.engine.start().catch((error: unknown) => {
      if (!life.isDead) this.#violation ??= error;
    });
    await Promise.race([started, this.#settle()]);
  }

  #commit(life: CrashLife, point: Omit<CommitPoint, "number">): Promise<readonly CommitOutcome[]> {
    this.commitCount++;
    this.batchSizes.push(point.batch.length);
    const { fault, target } = this.#params;
    if (fault?.at !== "commit" || target === undefined || this.commitCount < target) return point.write();
    const number = this.commitCount;
    const faultPoint: FaultPoint = {
      number,
      batch: point.batch,
      write: () => point.write(),
      isTarget: number === target,
      sinceTarget: number - target,
      die: () => life.die(`at commit ${number}`),
      jump: (byMs) => {
        this.log.entries.push({ what: "fault", life: life.number, text: `clock jumps by ${byMs} ms` });
        this.#clock.jump(byMs);
      },
      takeAway: (id) => this.#takeAway(id, life),
    };
    const answer = fault.meddle(faultPoint);
    if (answer === undefined) return point.write();
    this.log.entries.push({ what: "fault", life: life.number, text: `commit ${number}: ${fault.name}` });
    this.#isFaultDone = true;
    return answer;
  }

  async #call(life: CrashLife, method: string, call: () => Promise<unknown>): Promise<unknown> {
    this.callCount++;
    const { fault, target } = this.#params;
    if (fault?.at !== "call" || this.callCount !== target) return call();
    this.log.entries.push({ what: "fault", life: life.number, text: `${method}: ${fault.name}` });
    return fault.meddle(call);
  }

  async #takeAway(executionId: string, life: CrashLife): Promise<void> {
    const record = await this.storage.getExecution(executionId);
    if (record === undefined || record.endedAt !== null || record.owner === null) return;
    this.log.entries.push({ what: "fault", life: life.number, text: `loses ${executionId}` });
    await this.storage.release({ executionId, epoch: record.epoch });
    const claimed = await this.storage.claim({
      workerId: THIEF,
      limit: 10,
      leaseDurationMs: CRASH_LEASE.durationMs,
      dueAt: this.#clock.now(),
    });
    for (const { id, epoch } of claimed) await this.storage.release({ executionId: id, epoch });
  }

  // ── callers ────────────────────────────────────────────────────────────────

  /** Whoever's worker died asks the next one, with the same idempotency key. */
  #startExecutions(): void {
    const life = this.living;
    if (life === undefined) return;
    for (const client of this.#clients) {
      if (client.askedLife?.isDead === true && client.result.settled === undefined) client.state = "idle";
      if (client.state !== "idle") continue;
      client.state = "starting";
      client.askedLife = life;
      void this.#startOne(client, life);
    }
  }

  async #startOne(client: Client, life: CrashLife): Promise<void> {
    try {
      const { definition, input } = this.workflow;
      const handle = await life.engine.execute(definition, {
        ...(input === undefined ? {} : { input }),
        idempotencyKey: client.key,
      });
      if (life.isDead) return;
      if (client.id !== undefined && client.id !== handle.id)
        this.#violation ??= new Error(`The second start of ${client.id} with its key started ${handle.id}.`);
      client.id = handle.id;
      client.state = "accepted";
      await handle.result().then(
        (value) => {
          client.result.settled ??= { value };
        },
        (error: unknown) => {
          if (!life.isDead) client.result.settled ??= { error };
        },
      );
    } catch (error) {
      if (life.isDead) return;
      client.refusals++;
      if (!isPassing(error) || client.refusals >= MAX_REFUSALS) this.#violation ??= error;
      else client.state = "idle";
    }
  }

  #letOutsideAct(): void {
    const life = this.living;
    const { act } = this.workflow;
    if (life === undefined || act === undefined) return;
    for (const client of this.#clients) {
      const { id } = client;
      if (id === undefined || client.actingLife?.isDead === false) continue;
      client.actingLife = life;
      const entries = this.log.entries.filter((entry) => !("executionId" in entry) || entry.executionId === id);
      act({ engine: life.engine, executionId: id, entries, waits: () => this.storage.listWaits(id) })
        .catch((error: unknown) => {
          if (!life.isDead && !isPassing(error)) this.#violation ??= error;
        })
        .finally(() => {
          if (client.actingLife === life) client.actingLife = undefined;
        });
    }
  }

  // ── time ───────────────────────────────────────────────────────────────────

  #settle(): Promise<void> {
    return this.#base.settle();
  }

  async #letTimePass(): Promise<void> {
    await this.#settle();
    const now = this.#base.now();
    const next = this.#base.nextTimerAt ?? now + MAX_STEP_MS;
    await this.#base.advance(Math.min(Math.max(next - now, 1), MAX_STEP_MS));
  }

  async #isOver(): Promise<boolean> {
    for (const { id, state, askedLife, result } of this.#clients) {
      if (id === undefined || state !== "accepted") return false;
      if (askedLife?.isDead === true && result.settled === undefined) return false;
      const record = await this.storage.getExecution(id);
      if (record !== undefined && record.endedAt === null) return false;
    }
    const { items } = await this.storage.listExecutions({ limit: 1_000 });
    return items.every(({ endedAt }) => endedAt !== null);
  }
}

function isPassing(error: unknown): boolean {
  return AutomatrixError.is(error) && PASSING_CODES.has(error.code);
}
