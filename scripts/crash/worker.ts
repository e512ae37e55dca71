/**
 * A worker in a process of its own. It waits for its orders, one line of JSON on standard input, so that it can be
 * ready long before its turn; answers with lines of JSON on standard output; and ends when standard input does.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createEngine, type Engine, type EngineOptions, type Storage } from "@automatrix/core";
import { crashNodes, WORKFLOWS } from "./crash-nodes.js";
import { createCrashStorage, type StoragePlace } from "./crash-storage.js";
import { Ledger } from "./ledger.js";

const IDLE_POLL_MS = 50;
/** A worker of these tests dies often; none of its executions is at fault. */
const QUARANTINE_AFTER = 1_000_000;

/** What a worker has to do. */
export interface WorkerOrders {
  readonly storage: StoragePlace;
  readonly ledger: string;
  readonly lease: NonNullable<EngineOptions["lease"]>;
  readonly workflow: keyof typeof WORKFLOWS;
  /** Executions that it starts, named by this prefix and their number. */
  readonly starts: number;
  readonly keyPrefix: string;
  /** Executions of its own that it keeps open at once. */
  readonly open: number;
  /** True: reports `idle` once no execution is open, whoever started it. */
  readonly reportIdle: boolean;
}

/** What a worker says. */
export type WorkerReport =
  | { readonly is: "ready" }
  | { readonly is: "started" }
  | { readonly is: "accepted"; readonly id: string; readonly key: string }
  | { readonly is: "idle" };

function report(line: WorkerReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function work(orders: WorkerOrders): Promise<Engine> {
  const ledger = new Ledger(orders.ledger);
  const storage = await createCrashStorage(orders.storage);
  const engine = createEngine({
    storage,
    nodes: crashNodes(ledger),
    lease: orders.lease,
    quarantineAfter: QUARANTINE_AFTER,
  });
  await engine.start();
  report({ is: "started" });
  void startAll(engine, orders).then(() => (orders.reportIdle ? reportIdle(storage) : undefined));
  return engine;
}

async function startAll(engine: Engine, { starts, open, keyPrefix, workflow }: WorkerOrders): Promise<void> {
  const prepared = engine.prepare(WORKFLOWS[workflow]);
  let next = 1;
  const lane = async () => {
    while (next <= starts) {
      const key = `${keyPrefix}${next++}`;
      const handle = await engine.execute(prepared, { idempotencyKey: key, input: { key } });
      report({ is: "accepted", id: handle.id, key });
      // A worker that lost its lease hears so here; its executions go on elsewhere.
      await handle.result().catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: Math.min(open, starts) }, lane));
}

async function reportIdle(storage: Storage): Promise<void> {
  for (;;) {
    const { items } = await storage.listExecutions({ status: ["queued", "running", "waiting"], limit: 1 });
    if (items.length === 0) break;
    await sleep(IDLE_POLL_MS);
  }
  report({ is: "idle" });
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  report({ is: "ready" });
  const first = await lines.next();
  if (first.done === true) return;
  const engine = await work(JSON.parse(first.value) as WorkerOrders);
  await lines.next();
  await engine.close({ deadlineMs: 1_000 });
  process.exit(0);
}

await main();
