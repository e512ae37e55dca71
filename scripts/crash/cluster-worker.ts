/**
 * A worker of the cluster run, in a process of its own; as `worker.ts`, with other orders. It starts the executions it
 * is told to, and runs whatever it can claim.
 */
import { createInterface } from "node:readline";
import { createEngine, type Engine, type EngineOptions } from "@automatrix/core";
import { CLUSTER_WORKFLOWS, clusterStart } from "./cluster-workflows.js";
import { crashNodes } from "./crash-nodes.js";
import { openDispatching, type RedisPlace } from "./crash-redis.js";
import { createCrashStorage, type StoragePlace } from "./crash-storage.js";
import { Ledger } from "./ledger.js";
import type { WorkerReport } from "./worker.js";

/** A worker of these tests dies often; none of its executions is at fault. */
const QUARANTINE_AFTER = 1_000_000;

export interface ClusterOrders {
  readonly storage: StoragePlace;
  readonly redis: RedisPlace | null;
  readonly ledger: string;
  readonly lease: NonNullable<EngineOptions["lease"]>;
  /** Numbers of the executions that it starts; each has its idempotency key. */
  readonly starts: readonly number[];
  /** Starts at once. */
  readonly open: number;
}

function report(line: WorkerReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function work(orders: ClusterOrders): Promise<Engine> {
  const engine = createEngine({
    storage: await createCrashStorage(orders.storage),
    nodes: crashNodes(new Ledger(orders.ledger)),
    lease: orders.lease,
    quarantineAfter: QUARANTINE_AFTER,
    ...(orders.redis === null ? {} : await openDispatching(orders.redis)),
  });
  await engine.start();
  report({ is: "started" });
  void startAll(engine, orders);
  return engine;
}

async function startAll(engine: Engine, { starts, open }: ClusterOrders): Promise<void> {
  const prepared = {
    chain: engine.prepare(CLUSTER_WORKFLOWS.chain),
    diamond: engine.prepare(CLUSTER_WORKFLOWS.diamond),
    limited: engine.prepare(CLUSTER_WORKFLOWS.limited),
  };
  const left = [...starts];
  const lane = async () => {
    for (let number = left.shift(); number !== undefined; number = left.shift()) {
      const { workflow, input } = clusterStart(number);
      const key = String(number);
      try {
        const handle = await engine.execute(prepared[workflow], { idempotencyKey: key, input });
        report({ is: "accepted", id: handle.id, key });
        if (workflow !== "limited") await handle.result();
      } catch {
        // The connection was cut, or the lease lost: started again, the key answers what became of it.
        left.push(number);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(open, starts.length) }, lane));
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  report({ is: "ready" });
  const first = await lines.next();
  if (first.done === true) return;
  const engine = await work(JSON.parse(first.value) as ClusterOrders);
  await lines.next();
  await engine.close({ deadlineMs: 1_000 });
  process.exit(0);
}

await main();
