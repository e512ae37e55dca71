import assert from "node:assert/strict";
import type { Dispatcher, DispatchJob } from "../../ports/dispatcher.js";
import { ToldWorker } from "./told-worker.js";

/** What a case works on. */
export interface DispatcherScene {
  /** Opens another dispatcher on the same line, which the kit closes. */
  open(): Dispatcher;
  /** Ends a dispatcher as the death of its process would. */
  kill(dispatcher: Dispatcher): Promise<void>;
}

export interface DispatcherCase {
  readonly group: string;
  readonly name: string;
  /** True when a worker has to die. */
  readonly needsKill?: true;
  readonly check: (scene: DispatcherScene) => Promise<void>;
}

/** Enough for a job that is told to have come before the delayed one. */
const DELAY_MS = 300;

const DELIVERY = "delivery";
const ORDER = "order";
const TROUBLE = "trouble";
const END = "end";

export const DISPATCHER_CASES: readonly DispatcherCase[] = [
  {
    group: DELIVERY,
    name: "tells a worker of every job",
    check: async ({ open }) => {
      const { dispatcher, worker } = await started(open());
      const ids = numbered("execution", 57);
      await dispatcher.dispatch(jobs(ids.slice(0, 50)));
      for (const id of ids.slice(50)) await dispatcher.dispatch(jobs([id]));
      await worker.until(({ taken }) => new Set(taken).size === ids.length);
      assert.deepEqual([...new Set(worker.taken)].sort(), [...ids].sort());
    },
  },
  {
    group: DELIVERY,
    name: "keeps what was dispatched before a worker started",
    check: async ({ open }) => {
      const dispatcher = open();
      await dispatcher.dispatch(jobs(["early"]));
      const { worker } = await started(dispatcher);
      await worker.until(({ taken }) => taken.includes("early"));
    },
  },
  {
    group: DELIVERY,
    name: "takes an empty list for nothing",
    check: async ({ open }) => {
      const { dispatcher, worker } = await started(open());
      await dispatcher.dispatch([]);
      await dispatcher.dispatch(jobs(["one"]));
      await worker.until(({ taken }) => taken.length > 0);
      assert.deepEqual(worker.taken, ["one"]);
    },
  },
  {
    group: DELIVERY,
    name: "tells workers of what others dispatched",
    check: async ({ open }) => {
      const sender = open();
      const { worker } = await started(open());
      await sender.dispatch(jobs(["from-afar"]));
      await worker.until(({ taken }) => taken.includes("from-afar"));
    },
  },
  {
    group: DELIVERY,
    name: "shares the jobs among the workers that have places",
    check: async ({ open }) => {
      const one = await started(open(), new ToldWorker(2));
      const two = await started(open(), new ToldWorker(3));
      const ids = numbered("shared", 5);
      await one.dispatcher.dispatch(jobs(ids));
      await Promise.all([
        one.worker.until(({ taken }) => taken.length === 2),
        two.worker.until(({ taken }) => taken.length === 3),
      ]);
      assert.deepEqual([...one.worker.taken, ...two.worker.taken].sort(), ids);
    },
  },
  {
    group: DELIVERY,
    name: "takes a second job for the same execution",
    check: async ({ open }) => {
      const { dispatcher, worker } = await started(open());
      await dispatcher.dispatch(jobs(["twice", "twice"]));
      await dispatcher.dispatch(jobs(["twice"]));
      await dispatcher.dispatch(jobs(["after"]));
      await worker.until(({ taken }) => taken.includes("twice") && taken.includes("after"));
    },
  },
  {
    group: DELIVERY,
    name: "tells nothing to a worker without places until some are freed",
    check: async ({ open }) => {
      const full = await started(open(), new ToldWorker(0));
      const other = await started(open(), new ToldWorker(1));
      await full.dispatcher.dispatch(jobs(["a", "b"]));
      await other.worker.until(({ taken }) => taken.length === 1);
      assert.deepEqual(full.worker.told, []);
      full.worker.places = 1;
      full.dispatcher.placesFreed();
      await full.worker.until(({ taken }) => taken.length === 1);
      assert.deepEqual([...other.worker.taken, ...full.worker.taken].sort(), ["a", "b"]);
    },
  },
  {
    group: DELIVERY,
    name: "tells again what a worker left for want of a place",
    check: async ({ open }) => {
      const { dispatcher, worker } = await started(open());
      worker.answer = async (ids) => {
        worker.places = 0;
        worker.answer = undefined;
        return ids;
      };
      await dispatcher.dispatch(jobs(["left"]));
      await worker.until(({ told }) => told.length === 1);
      worker.places = 1;
      dispatcher.placesFreed();
      await worker.until(({ taken }) => taken.includes("left"));
    },
  },
  {
    group: ORDER,
    name: "tells a worker with one place of the higher priority first",
    check: async ({ open }) => {
      const dispatcher = open();
      for (const [priority, id] of [0, 5, -3, 10, 5_000_000, -5_000_000].map((one) => [one, String(one)] as const))
        await dispatcher.dispatch([{ executionId: id, priority }]);
      const { worker } = await oneByOne(dispatcher, 6);
      assert.deepEqual(worker.taken, ["5000000", "10", "5", "0", "-3", "-5000000"]);
    },
  },
  {
    group: ORDER,
    name: "tells a worker with one place of equals as they came",
    check: async ({ open }) => {
      const dispatcher = open();
      const ids = numbered("equal", 5);
      for (const id of ids) await dispatcher.dispatch(jobs([id]));
      const { worker } = await oneByOne(dispatcher, ids.length);
      assert.deepEqual(worker.taken, ids);
    },
  },
  {
    group: ORDER,
    name: "tells of a delayed job when its delay is over",
    check: async ({ open }) => {
      const { dispatcher, worker } = await started(open());
      await dispatcher.dispatch([{ executionId: "later", priority: 10, delayMs: DELAY_MS }]);
      await dispatcher.dispatch(jobs(["now"]));
      await worker.until(({ taken }) => taken.includes("later"));
      assert.deepEqual(worker.taken, ["now", "later"]);
    },
  },
  {
    group: TROUBLE,
    name: "tells again what a worker could not take",
    check: async ({ open }) => {
      const { dispatcher, worker } = await started(open());
      worker.answer = async () => {
        worker.answer = undefined;
        throw new Error("The storage is away.");
      };
      await dispatcher.dispatch(jobs(["again"]));
      await worker.until(({ taken }) => taken.includes("again"));
      assert.deepEqual(worker.told, ["again", "again"]);
    },
  },
  {
    group: TROUBLE,
    name: "hands on what a worker that died was being told",
    needsKill: true,
    check: async ({ open, kill }) => {
      const dying = await started(open());
      dying.worker.answer = () => new Promise(() => {});
      await dying.dispatcher.dispatch(jobs(["orphan"]));
      await dying.worker.until(({ told }) => told.includes("orphan"));
      await kill(dying.dispatcher);
      const heir = await started(open());
      await heir.worker.until(({ taken }) => taken.includes("orphan"));
    },
  },
  {
    group: END,
    name: "is up once it has started",
    check: async ({ open }) => {
      const { dispatcher } = await started(open());
      assert.equal(dispatcher.health().status, "up");
    },
  },
  {
    group: END,
    name: "tells nothing after it was closed, and leaves the jobs to others",
    check: async ({ open }) => {
      const closed = await started(open());
      await closed.dispatcher.close();
      const other = await started(open());
      await other.dispatcher.dispatch(jobs(["a", "b"]));
      await other.worker.until(({ taken }) => taken.length >= 2);
      assert.deepEqual(closed.worker.told, []);
    },
  },
  {
    group: END,
    name: "refuses jobs after it was closed",
    check: async ({ open }) => {
      const { dispatcher } = await started(open());
      await dispatcher.close();
      await assert.rejects(dispatcher.dispatch(jobs(["late"])), { code: "dispatcher_unavailable" });
    },
  },
  {
    group: END,
    name: "can be closed twice, and before it has started",
    check: async ({ open }) => {
      const dispatcher = open();
      await dispatcher.close();
      await dispatcher.close();
    },
  },
];

async function started(dispatcher: Dispatcher, worker: ToldWorker = new ToldWorker()) {
  await dispatcher.start(worker);
  return { dispatcher, worker };
}

/** Starts a worker with one place, which it frees each time it has taken something, `count` times. */
async function oneByOne(dispatcher: Dispatcher, count: number) {
  const { worker } = await started(dispatcher, new ToldWorker(1));
  for (let taken = 1; taken <= count; taken++) {
    await worker.until((one) => one.taken.length === taken);
    worker.places = 1;
    dispatcher.placesFreed();
  }
  return { worker };
}

function jobs(executionIds: readonly string[]): readonly DispatchJob[] {
  return executionIds.map((executionId) => ({ executionId, priority: 0 }));
}

function numbered(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${String(index).padStart(3, "0")}`);
}
