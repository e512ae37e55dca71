import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue } from "bullmq";
import pg from "pg";
import { type Spread, spreadOf } from "../statistics.js";
import { addOneByOne, addToQueue, addToTable, createClaimTable, type FloorPlace } from "./dispatch-floors.js";
import { type DispatchPlace, openEngineAt, type Workload, workflowOf } from "./dispatch-place.js";
import type { WorkerOrders } from "./worker-child.js";
import { WorkerProcesses } from "./worker-processes.js";

const EXECUTIONS = 5_000;
/** Starts that are under way together, and rows or jobs that the floors add in one call. */
const AT_ONCE = 50;
/** Executions that the engine's dispatcher puts into one job, and the batched floor too. */
const JOB_SIZE = 10;
const CLAIM_SIZE = 100;
const ROUNDS = 5;
/** Times as much work as is measured: until the compilers of both processes have seen the hot paths often enough. */
const WARM_UPS = 3;
const FLEET_ROUNDS = 3;
const QUEUES = ["executions", "floor"];
const FLEETS = [1, 3] as const;
/** Places of one worker where several are compared. */
const PLACES = 4;
const MILLISECONDS_PER_SECOND = 1_000;

/** Of raw BullMQ with a job each. */
const AIMS = { oneJobEach: 0.5, batchedJobs: 1, threeWorkersThatWait: 2.5 };

/** Executions a second by the number of workers. */
export interface FleetRate {
  readonly workers: number;
  readonly perSecond: number;
}

export interface DispatchReport {
  /** Executions a second, from the first start to the last end, started in one process and run in another. */
  readonly throughBullmq: Spread;
  /** The same with the executions in a SQLite file that both processes open. */
  readonly throughBullmqOnSqlite: Spread;
  readonly rawOneByOne: Spread;
  readonly rawOneJobEach: Spread;
  readonly rawBatchedJobs: Spread;
  readonly throughClaims: Spread;
  readonly rawClaims: Spread;
  readonly fleets: Readonly<Record<"nap" | "spin", readonly FleetRate[]>>;
}

/** Work started in this process and run in others, against what that costs without an engine. */
export async function measureDispatch({
  connectionString,
  redis,
  say,
}: {
  readonly connectionString: string;
  readonly redis: string;
  readonly say: (line: string) => void;
}): Promise<DispatchReport> {
  const name = `automatrix_bench_dispatch_${process.pid}`;
  const floor: FloorPlace = { connectionString, schema: name, redis: { connection: redis, prefix: name } };
  const claims: DispatchPlace = { storage: { connectionString, schema: name }, redis: null };
  const bullmq: DispatchPlace = { storage: claims.storage, redis: floor.redis };
  const folder = await mkdtemp(join(tmpdir(), "automatrix-bench-"));
  const bullmqOnSqlite: DispatchPlace = {
    storage: { sqliteFile: join(folder, "executions.db") },
    redis: { connection: redis, prefix: `${name}_sqlite` },
  };
  await createClaimTable(floor);
  try {
    say("");
    // First: what the rounds leave behind is vacuumed after them, on the same cores.
    const nap = await measureFleets(claims, "nap", 600);
    say(fleetText("nodes that wait 20 ms", nap, ` (aim ${AIMS.threeWorkersThatWait})`));
    const spin = await measureFleets(claims, "spin", 400);
    say(fleetText("nodes that compute for 5 ms", spin, ""));
    say(`\n${EXECUTIONS.toLocaleString("en-US")} executions of one pure node, started here, run in another process`);
    const rounds = await measureInTurns(
      {
        rawOneByOne: () => timeQueueFloor(floor, (count) => addOneByOne(floor, { count, atOnce: AT_ONCE })),
        rawOneJobEach: () => timeQueueFloor(floor, (count) => addToQueue(floor, { count, atOnce: AT_ONCE, batch: 1 })),
        rawBatchedJobs: () =>
          timeQueueFloor(floor, (count) => addToQueue(floor, { count, atOnce: AT_ONCE, batch: JOB_SIZE })),
        throughBullmq: () => timeEngine(bullmq),
        throughBullmqOnSqlite: () => timeEngine(bullmqOnSqlite),
        rawClaims: () => timeClaimFloor(floor),
        throughClaims: () => timeEngine(claims),
      },
      ROUNDS,
    );
    say(rateText("raw BullMQ, a job each", rounds.rawOneByOne));
    say(rateText(`the same, ${AT_ONCE} added in a call`, rounds.rawOneJobEach));
    say(rateText(`the same, ${JOB_SIZE} executions a job`, rounds.rawBatchedJobs));
    const ofRaw = (side: Spread) =>
      `${ratioText(side, rounds.rawOneByOne)} of a job each, ${ratioText(side, rounds.rawOneJobEach)} of ${AT_ONCE} in a call, ${ratioText(side, rounds.rawBatchedJobs)} of ${JOB_SIZE} a job`;
    const aims = `aims ${AIMS.oneJobEach} of a job each, and ${AIMS.batchedJobs} with ${JOB_SIZE} a job as here`;
    say(
      `${rateText("engine through BullMQ, Postgres", rounds.throughBullmq)}   ${ofRaw(rounds.throughBullmq)} (${aims})`,
    );
    say(
      `${rateText("engine through BullMQ, SQLite", rounds.throughBullmqOnSqlite)}   ${ofRaw(rounds.throughBullmqOnSqlite)}`,
    );
    say(rateText(`raw SKIP LOCKED, ${CLAIM_SIZE} a claim`, rounds.rawClaims));
    say(
      `${rateText("engine through claims", rounds.throughClaims)}   ${ratioText(rounds.throughClaims, rounds.rawClaims)} of SKIP LOCKED`,
    );
    return { ...rounds, fleets: { nap, spin } };
  } finally {
    await removeAll(floor, [floor.redis.prefix, `${name}_sqlite`]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The sides take turns, so that all of them meet the same disturbances. */
async function measureInTurns<Name extends string>(
  sides: Readonly<Record<Name, () => Promise<number>>>,
  roundCount: number,
): Promise<Readonly<Record<Name, Spread>>> {
  const names = Object.keys(sides) as Name[];
  const measured = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < roundCount; round++)
    for (const name of names) measured.get(name)?.push(await sides[name]());
  return Object.fromEntries(names.map((name) => [name, spreadOf(measured.get(name) as number[])])) as Record<
    Name,
    Spread
  >;
}

async function timeQueueFloor(place: FloorPlace, add: (count: number) => Promise<void>): Promise<number> {
  return timeWorkers(1, { run: "queue-floor", place, concurrency: AT_ONCE }, EXECUTIONS, add);
}

async function timeClaimFloor(place: FloorPlace): Promise<number> {
  const orders: WorkerOrders = { run: "claim-floor", place, batch: CLAIM_SIZE };
  return timeWorkers(1, orders, EXECUTIONS, (count) => addToTable(place, { count, atOnce: AT_ONCE }));
}

async function timeEngine(place: DispatchPlace): Promise<number> {
  return timeFleet(place, { workers: 1, workload: "trivial", executions: EXECUTIONS, places: 100 });
}

/** The fleets take turns; the median of each. */
async function measureFleets(
  place: DispatchPlace,
  workload: Workload,
  executionsPerWorker: number,
): Promise<readonly FleetRate[]> {
  const time = (workers: number) =>
    timeFleet(place, { workers, workload, executions: executionsPerWorker * workers, places: PLACES });
  const rates = await measureInTurns(
    Object.fromEntries(FLEETS.map((workers) => [workers, () => time(workers)])),
    FLEET_ROUNDS,
  );
  return FLEETS.map((workers) => ({ workers, perSecond: (rates[workers] as Spread).median }));
}

async function timeFleet(
  place: DispatchPlace,
  params: {
    readonly workers: number;
    readonly workload: Workload;
    readonly executions: number;
    readonly places: number;
  },
): Promise<number> {
  const { workers, workload, executions, places } = params;
  await using engine = await openEngineAt(place, 0);
  const prepared = engine.prepare(workflowOf(workload));
  return await timeWorkers(workers, { run: "engine", place, places }, executions, async (count) => {
    let left = count;
    const lane = async () => {
      while (left-- > 0) await engine.execute(prepared);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  });
}

/** Executions a second, once both sides are warm. */
async function timeWorkers(
  workers: number,
  orders: WorkerOrders,
  executions: number,
  start: (count: number) => Promise<unknown>,
): Promise<number> {
  await using processes = await WorkerProcesses.start(workers, orders);
  for (let round = 0; round < WARM_UPS; round++) await processes.timeUntilEnded(executions, () => start(executions));
  const ms = await processes.timeUntilEnded(executions, () => start(executions));
  return (executions * MILLISECONDS_PER_SECOND) / ms;
}

async function removeAll({ connectionString, schema, redis }: FloorPlace, prefixes: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query({ text: `DROP SCHEMA IF EXISTS ${schema} CASCADE` });
  await client.end();
  for (const prefix of prefixes) {
    for (const name of QUEUES) {
      const queue = new Queue(name, { connection: { url: redis.connection }, prefix });
      await queue.obliterate({ force: true });
      await queue.close();
    }
  }
}

function rateText(title: string, { median, min, max }: Spread): string {
  const whole = (value: number) => Math.round(value).toLocaleString("en-US").padStart(9);
  return `${title.padEnd(31)}${whole(median)}/s  (${whole(min).trim()}–${whole(max).trim()})`;
}

function ratioText(side: Spread, floor: Spread): string {
  return (side.median / floor.median).toFixed(2);
}

function fleetText(title: string, fleets: readonly FleetRate[], aim: string): string {
  const [one, three] = fleets.map(({ perSecond }) => perSecond) as [number, number];
  return `${title.padEnd(31)}${Math.round(one).toLocaleString("en-US").padStart(9)}/s with one worker, ${Math.round(three).toLocaleString("en-US")}/s with three: ${(three / one).toFixed(2)} times${aim}`;
}
