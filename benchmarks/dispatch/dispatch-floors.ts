/** What handing work to another process costs without an engine: BullMQ alone, and a table with `SKIP LOCKED`. */
import { Queue, Worker } from "bullmq";
import pg from "pg";

/** Where a floor keeps its work. */
export interface FloorPlace {
  readonly connectionString: string;
  readonly schema: string;
  readonly redis: { readonly connection: string; readonly prefix: string };
}

const QUEUE = "floor";
const REMOVE = { removeOnComplete: true, removeOnFail: true } as const;

/** Adds a job for each of `count` ids by a call of its own, `atOnce` calls under way together: as the engine is called. */
export async function addOneByOne(
  { redis }: FloorPlace,
  { count, atOnce }: { readonly count: number; readonly atOnce: number },
): Promise<void> {
  const queue = new Queue(QUEUE, { connection: { url: redis.connection }, prefix: redis.prefix });
  let next = 0;
  const lane = async () => {
    while (next < count) await queue.add("ready", { ids: [`execution-${next++}`] }, REMOVE);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  await queue.close();
}

/** Adds `count` ids, `atOnce` of them in one call, `batch` of them a job. */
export async function addToQueue(
  { redis }: FloorPlace,
  { count, atOnce, batch }: { readonly count: number; readonly atOnce: number; readonly batch: number },
): Promise<void> {
  const queue = new Queue(QUEUE, { connection: { url: redis.connection }, prefix: redis.prefix });
  for (let first = 0; first < count; first += atOnce) {
    const ids = Array.from({ length: Math.min(atOnce, count - first) }, (_, index) => `execution-${first + index}`);
    const jobs = [];
    for (let at = 0; at < ids.length; at += batch)
      jobs.push({ name: "ready", data: { ids: ids.slice(at, at + batch) }, opts: REMOVE });
    await queue.addBulk(jobs);
  }
  await queue.close();
}

/** Takes jobs and does nothing with them; resolves to what ends it. */
export async function runQueueFloor(
  { redis }: FloorPlace,
  concurrency: number,
  count: (ended: number) => void,
): Promise<() => Promise<unknown>> {
  const worker = new Worker(QUEUE, async ({ data }) => count((data as { ids: readonly string[] }).ids.length), {
    connection: { url: redis.connection, maxRetriesPerRequest: null },
    prefix: redis.prefix,
    concurrency,
  });
  await worker.waitUntilReady();
  return () => worker.close(true);
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return client;
}

export async function createClaimTable({ connectionString, schema }: FloorPlace): Promise<void> {
  const client = await connect(connectionString);
  await client.query({ text: `CREATE SCHEMA IF NOT EXISTS ${schema}` });
  await client.query({
    text: `CREATE TABLE ${schema}.work (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL, owner text)`,
  });
  await client.query({ text: `CREATE INDEX ON ${schema}.work (id) WHERE status = 'queued'` });
  await client.end();
}

/** Adds `count` rows, `atOnce` of them in one statement. */
export async function addToTable(
  { connectionString, schema }: FloorPlace,
  { count, atOnce }: { readonly count: number; readonly atOnce: number },
): Promise<void> {
  const client = await connect(connectionString);
  const text = `INSERT INTO ${schema}.work (status) SELECT 'queued' FROM generate_series(1, $1::integer)`;
  for (let first = 0; first < count; first += atOnce)
    await client.query({ name: "add", text, values: [Math.min(atOnce, count - first)] });
  await client.end();
}

/** Claims rows by the batch and ends them by the batch; resolves to what ends it. */
export async function runClaimFloor(
  { connectionString, schema }: FloorPlace,
  batch: number,
  count: (ended: number) => void,
): Promise<() => Promise<unknown>> {
  const client = await connect(connectionString);
  const claim = `UPDATE ${schema}.work SET status = 'running', owner = $1 WHERE id IN (
    SELECT id FROM ${schema}.work WHERE status = 'queued' ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id`;
  const end = `UPDATE ${schema}.work SET status = 'completed' WHERE id = ANY ($1::bigint[])`;
  let isClosed = false;
  const run = async () => {
    while (!isClosed) {
      const { rows } = await client.query<{ readonly id: string }>({
        name: "claim",
        text: claim,
        values: [String(process.pid), batch],
      });
      if (rows.length > 0) await client.query({ name: "end", text: end, values: [rows.map(({ id }) => id)] });
      else await new Promise((resolve) => setTimeout(resolve, 1));
      count(rows.length);
    }
  };
  const running = run();
  return async () => {
    isClosed = true;
    await running;
    await client.end();
  };
}
