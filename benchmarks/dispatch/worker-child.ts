/** Runs executions, or floors of them, and tells its parent how many have ended; started by worker-processes.ts. */
import { type FloorPlace, runClaimFloor, runQueueFloor } from "./dispatch-floors.js";
import { type DispatchPlace, openEngineAt } from "./dispatch-place.js";

/** What a worker is to do. */
export type WorkerOrders =
  | { readonly run: "engine"; readonly place: DispatchPlace; readonly places: number }
  | { readonly run: "queue-floor"; readonly place: FloorPlace; readonly concurrency: number }
  | { readonly run: "claim-floor"; readonly place: FloorPlace; readonly batch: number };

/** What it tells its parent: that it is ready for work, and how many have ended since it last told. */
export type WorkerNote = { readonly isReady: true } | { readonly ended: number };

let ended = 0;

/** Gathered for a turn of the event loop, so that telling costs little. */
function count(more: number): void {
  if (ended === 0) setImmediate(tell);
  ended += more;
}

function tell(): void {
  const note: WorkerNote = { ended };
  ended = 0;
  process.send?.(note);
}

async function open(orders: WorkerOrders): Promise<() => Promise<unknown>> {
  switch (orders.run) {
    case "engine": {
      const engine = await openEngineAt(orders.place, orders.places);
      engine.on("execution.completed", () => count(1));
      return () => engine.close({ deadlineMs: 1_000 });
    }
    case "queue-floor":
      return runQueueFloor(orders.place, orders.concurrency, count);
    case "claim-floor":
      return runClaimFloor(orders.place, orders.batch, count);
  }
}

const close = await open(JSON.parse(process.argv[2] as string) as WorkerOrders);
process.once("message", () => void close().then(() => process.disconnect()));
const ready: WorkerNote = { isReady: true };
process.send?.(ready);
