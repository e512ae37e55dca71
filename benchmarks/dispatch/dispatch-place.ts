import { createEngine, defineNode, type Engine, type Storage, type WorkflowDefinition } from "@automatrix/core";
import { bullmqDispatcher } from "@automatrix/redis";
import { postgresStorage } from "@automatrix/storage-postgres";
import { sqliteStorage } from "@automatrix/storage-sqlite";

/** A schema of a Postgres server, or a file that is not flushed to disk with each commit. */
export type StoragePlace =
  | { readonly connectionString: string; readonly schema: string }
  | { readonly sqliteFile: string };

/** Where the processes of one measurement meet; plain JSON, since it is handed to them. */
export interface DispatchPlace {
  readonly storage: StoragePlace;
  /** Through BullMQ; null: through claims alone. */
  readonly redis: { readonly connection: string; readonly prefix: string } | null;
}

const NAP_MS = 20;
const SPIN_MS = 5;

/** One node that does nothing, waits for something else, or computes. */
export const WORKLOADS = {
  trivial: defineNode({ type: "trivial", effects: "pure", execute: () => 1 }),
  nap: defineNode({ type: "nap", execute: () => new Promise((resolve) => setTimeout(() => resolve(1), NAP_MS)) }),
  spin: defineNode({
    type: "spin",
    execute: () => {
      const endsAt = performance.now() + SPIN_MS;
      while (performance.now() < endsAt);
      return 1;
    },
  }),
} as const;

export type Workload = keyof typeof WORKLOADS;

export function workflowOf(workload: Workload): WorkflowDefinition {
  return { name: workload, nodes: [{ id: "a", type: workload }] };
}

/** A started engine with this many places. */
export async function openEngineAt(place: DispatchPlace, places: number): Promise<Engine> {
  const { storage, redis } = place;
  const engine = createEngine({
    storage: createStorage(storage),
    nodes: Object.values(WORKLOADS),
    concurrency: { executions: places },
    ...(redis === null ? {} : { dispatcher: bullmqDispatcher(redis) }),
  });
  await engine.start();
  return engine;
}

function createStorage(place: StoragePlace): Storage {
  return "sqliteFile" in place
    ? sqliteStorage({ file: place.sqliteFile, synchronous: "normal" })
    : postgresStorage(place);
}
