import { Engine } from "../../engine.js";
import type { Dispatcher } from "../../ports/dispatcher.js";
import type { CommitOutcome } from "../../ports/execution-commit.js";
import type { Storage } from "../../ports/storage.js";
import { seededRandom, sequentialIds } from "../seeded-random.js";
import { silentLogger } from "../silent-logger.js";
import type { CrashLog } from "./crash-log.js";
import type { CrashWorkflow } from "./crash-workflow.js";
import { type MachineClock, mortalClock } from "./machine-clock.js";
import { type CommitPoint, type MortalStorage, mortalStorage } from "./mortal-storage.js";

/** The lease of the kit's workers. */
export const CRASH_LEASE = { durationMs: 15_000, heartbeatMs: 5_000, sweepMs: 5_000 } as const;

/** One worker from its start to its death. */
export class CrashLife {
  readonly number: number;
  readonly engine: Engine;
  readonly #storage: MortalStorage;
  readonly #clock: ReturnType<typeof mortalClock>;
  readonly #log: CrashLog;
  readonly #dispatcher: Dispatcher | undefined;
  #isDead = false;

  constructor(params: {
    readonly number: number;
    readonly workflow: CrashWorkflow;
    readonly storage: Storage;
    readonly clock: MachineClock;
    readonly log: CrashLog;
    readonly dispatcher: Dispatcher | undefined;
    readonly onCommit: (life: CrashLife, point: Omit<CommitPoint, "number">) => Promise<readonly CommitOutcome[]>;
    readonly onCall: (life: CrashLife, method: string, call: () => Promise<unknown>) => Promise<unknown>;
  }) {
    const { number, workflow, storage, clock, log, dispatcher, onCommit, onCall } = params;
    this.number = number;
    this.#dispatcher = dispatcher;
    this.#log = log;
    this.#clock = mortalClock(clock);
    this.#storage = mortalStorage({
      storage,
      log,
      onCommit: (point) => onCommit(this, point),
      onCall: (method, call) => onCall(this, method, call),
    });
    this.engine = new Engine({
      storage: this.#storage.storage,
      nodes: workflow.nodes(log.probeOf(this)),
      clock: this.#clock.clock,
      random: seededRandom(number),
      ids: sequentialIds(`w${number}`),
      logger: silentLogger,
      lease: CRASH_LEASE,
      ...(dispatcher === undefined ? {} : { dispatcher }),
      ...workflow.engineOptions,
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get openCalls(): number {
    return this.#isDead ? 0 : this.#storage.openCalls;
  }

  /** Ends it as SIGKILL would: nothing of it runs on, nothing of it is written. */
  die(why: string): void {
    if (this.#isDead) return;
    this.#log.entries.push({ what: "fault", life: this.number, text: `dies: ${why}` });
    this.#isDead = true;
    this.#storage.die();
    this.#clock.die();
    void this.#dispatcher?.close();
  }
}
