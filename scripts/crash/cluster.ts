import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createEngine, type Storage } from "@automatrix/core";
import { seededRandom } from "@automatrix/core/testing";
import { checkCluster } from "./check-cluster.js";
import { checkExecutions } from "./check-executions.js";
import type { ClusterOrders } from "./cluster-worker.js";
import { SCHEDULE_ID, SCHEDULED_WORKFLOW_ID, TICK } from "./cluster-workflows.js";
import { type CrashDatabase, createCrashDatabase } from "./crash-database.js";
import { crashNodes } from "./crash-nodes.js";
import { type CrashRedis, openCrashRedis } from "./crash-redis.js";
import type { CrashReport } from "./crash-run.js";
import { openCrashStorage, type StoragePlace } from "./crash-storage.js";
import { Ledger } from "./ledger.js";
import { WorkerPool, type WorkerProcess } from "./worker-process.js";

/** Long enough for a busy machine, short enough that what dead workers leave is taken over within the run. */
const LEASE = { durationMs: 3_000, heartbeatMs: 500, sweepMs: 200 } as const;
const SCRIPT = "cluster-worker.ts";
/** Executions that one lane of a worker starts one after another in a second, roughly: work shall last as long as the kills. */
const STARTS_A_SECOND = 5;
const KILL_EVERY_MS = 1_000;
const FINISH_WITHIN_MS = 240_000;
const POLL_MS = 250;
const SECONDS_BETWEEN_LINES = 10;

export interface ClusterOptions {
  /** A Postgres server on which the run makes its own database. */
  readonly server: string;
  /** For a run through BullMQ: the address of a Redis, or `own` for one that is restarted in the middle. */
  readonly redis?: string | undefined;
  readonly workers: number;
  readonly executions: number;
  /** How long workers are killed, one a second. */
  readonly seconds: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** Kills workers that share one Postgres database, cuts their connections, and looks at what is left in the end. */
export async function runCluster(options: ClusterOptions): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), "automatrix-cluster-"));
  try {
    await using redis = options.redis === undefined ? null : await openCrashRedis(options.redis);
    await using database = await createCrashDatabase(options.server);
    const place: StoragePlace = {
      kind: "postgres",
      connectionString: database.connectionString,
      schema: "automatrix",
    };
    return await new ClusterRun(options, { place, redis, database, ledger: join(folder, "ledger.jsonl") }).run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface ClusterPlaces {
  readonly place: StoragePlace;
  readonly redis: CrashRedis | null;
  readonly database: CrashDatabase;
  readonly ledger: string;
}

class ClusterRun {
  readonly #options: ClusterOptions;
  readonly #places: ClusterPlaces;
  readonly #pool = new WorkerPool(SCRIPT);
  /** Who works in each seat; a killed one is replaced. */
  readonly #seats: WorkerProcess[] = [];
  readonly #dead: WorkerProcess[] = [];
  readonly #deathOf = new Map<number, number>();
  readonly #violations: string[] = [];

  constructor(options: ClusterOptions, places: ClusterPlaces) {
    this.#options = options;
    this.#places = places;
  }

  async run(): Promise<CrashReport> {
    const { workers, say } = this.#options;
    await this.#schedule();
    const startedAt = Date.now();
    try {
      for (let seat = 0; seat < workers; seat++) await this.#fill(seat);
      await this.#killForAWhile();
      say(`cluster: ${this.#deathOf.size} workers killed; the others finish`);
      await this.#untilAllHasEnded();
      const durationMs = Date.now() - startedAt;
      await Promise.all(this.#seats.map((worker) => worker.end()));
      return await this.#report(durationMs);
    } finally {
      await Promise.all([this.#pool.close(), ...this.#seats.map((worker) => worker.kill())]);
    }
  }

  /** A slot every second, from now on. */
  async #schedule(): Promise<void> {
    const { place, ledger } = this.#places;
    const storage = await openCrashStorage(place);
    await using engine = createEngine({ storage, nodes: crashNodes(new Ledger(ledger)) });
    await engine.start();
    await engine.saveWorkflow(TICK);
    await engine.schedules.create({
      id: SCHEDULE_ID,
      workflowId: SCHEDULED_WORKFLOW_ID,
      cron: "* * * * * *",
      overlap: "allow",
      missed: "all",
      maxMissed: 1_000,
    });
  }

  async #fill(seat: number): Promise<void> {
    const { executions, workers, seconds } = this.#options;
    const { place, redis, ledger } = this.#places;
    const known = new Set(
      [...this.#dead, ...this.#seats].flatMap(({ acceptedByKey }) => acceptedByKey.map(([key]) => key)),
    );
    const starts = Array.from({ length: executions }, (_, number) => number).filter(
      (number) => number % workers === seat && !known.has(String(number)),
    );
    const worker = await this.#pool.take();
    const open = Math.ceil(executions / (seconds * workers * STARTS_A_SECOND));
    const orders: ClusterOrders = { storage: place, redis: redis?.place ?? null, ledger, lease: LEASE, starts, open };
    worker.order(orders);
    this.#seats[seat] = worker;
  }

  async #killForAWhile(): Promise<void> {
    const { seconds, seed, workers, say } = this.#options;
    const random = seededRandom(seed);
    const endsAt = Date.now() + seconds * 1_000;
    const middleAt = endsAt - seconds * 500;
    let isCut = false;
    let killAt = Date.now();
    for (let round = 1; Date.now() < endsAt; round++) {
      killAt += KILL_EVERY_MS * (0.5 + random.next());
      await sleep(Math.max(0, killAt - Date.now()));
      await this.#kill(Math.floor(random.next() * workers));
      if (!isCut && Date.now() >= middleAt) {
        isCut = true;
        await this.#cut();
        // Whoever survived the cut shall show that it does.
        killAt = Date.now();
      }
      if (round % SECONDS_BETWEEN_LINES === 0)
        say(`cluster: ${this.#deathOf.size} workers killed, ${this.#accepted().size} executions accepted`);
    }
  }

  async #kill(seat: number): Promise<void> {
    const worker = this.#seats[seat] as WorkerProcess;
    if (worker.hasEnded) this.#violations.push(`worker ${worker.pid} ended by itself: ${worker.stderr}`);
    await worker.kill();
    this.#deathOf.set(worker.pid, Date.now());
    this.#dead.push(worker);
    await this.#fill(seat);
  }

  /** Cuts every connection to the database, and loses every job. */
  async #cut(): Promise<void> {
    const { database, redis } = this.#places;
    this.#options.say(`cluster: ${await database.terminateConnections()} connections to the database cut`);
    if (redis !== null) this.#options.say(`cluster: ${await redis.loseEverything()}`);
  }

  #accepted(): ReadonlyMap<string, string> {
    return new Map([...this.#dead, ...this.#seats].flatMap((worker) => worker.acceptedByKey));
  }

  async #untilAllHasEnded(): Promise<void> {
    const storage = await openCrashStorage(this.#places.place);
    const endsAt = Date.now() + FINISH_WITHIN_MS;
    try {
      while (this.#accepted().size < this.#options.executions && Date.now() < endsAt) await sleep(POLL_MS);
      await pause(storage);
      while (Date.now() < endsAt) {
        const open = await storage.listExecutions({ status: ["queued", "running", "waiting"], limit: 1 });
        const pending = await storage.listFires({ scheduleId: SCHEDULE_ID, status: "pending", limit: 1 });
        if (open.items.length === 0 && pending.length === 0) return;
        await sleep(POLL_MS);
      }
      this.#violations.push(`not everything had ended after ${FINISH_WITHIN_MS} ms`);
    } finally {
      await storage.close();
    }
  }

  async #report(durationMs: number): Promise<CrashReport> {
    const { place, ledger, redis } = this.#places;
    const accepted = this.#accepted();
    const found = await checkExecutions({ place, ledger, accepted: [...new Set(accepted.values())] });
    const shared = await checkCluster({ place, ledger, deathOf: this.#deathOf, accepted: accepted.size });
    return {
      name: redis === null ? "cluster" : "cluster with Redis",
      summary:
        `${this.#options.workers} workers, ${this.#deathOf.size} killed; ${found.executions} executions in ${durationMs} ms, ` +
        `${shared.takenOver} taken over; ${found.calls} calls, ${found.repeats} repeated; at most ${shared.mostAtOnce} ` +
        `of a customer at once; ${shared.fires} slots fired`,
      violations: [...this.#violations, ...found.violations, ...shared.violations],
    };
  }
}

/** Ends the slots. Workers write the row too: whoever read it before tries again. */
async function pause(storage: Storage): Promise<void> {
  for (;;) {
    const schedule = await storage.getSchedule(SCHEDULE_ID);
    if (schedule === undefined) throw new Error("The schedule is gone.");
    const paused = { ...schedule, isPaused: true, revision: schedule.revision + 1 };
    if (await storage.putSchedule(paused, schedule.revision)) return;
  }
}
