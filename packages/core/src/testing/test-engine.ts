import type { EngineOptions } from "../coordination/engine-options.js";
import type { NodeType } from "../definition/node-type.js";
import { Engine } from "../engine.js";
import { memoryStorage } from "../memory/memory-storage.js";
import type { Storage } from "../ports/storage.js";
import { seededRandom, sequentialIds } from "./seeded-random.js";
import { silentLogger } from "./silent-logger.js";
import { type TestClock, type TestClockOptions, testClock } from "./test-clock.js";
import { watchStorage } from "./watched-storage.js";

export interface TestEngineOptions extends Partial<Omit<EngineOptions, "storage" | "nodes" | "clock">> {
  readonly nodes?: Iterable<NodeType>;
  /** Where the clock starts. Default: 1 January 2025, 00:00 UTC. */
  readonly now?: TestClockOptions["now"];
  /** Seed of the randomness. Default 1. */
  readonly seed?: number;
  /** The storage, or what makes one on the test clock. Default: a memory storage on the test clock. */
  readonly storage?: Storage | ((clock: TestClock) => Storage);
}

/** An engine on a test clock, with seeded randomness and ids that repeat. Made by {@link testEngine}. */
export class TestEngine extends Engine {
  readonly clock: TestClock;
  /** The storage as the test gave it, or the memory storage made for it. */
  readonly storage: Storage;

  constructor({ nodes = [], now, seed, storage, ...options }: TestEngineOptions) {
    const clock = testClock({ ...(now === undefined ? {} : { now }), isBusy: () => watched.openCalls > 0 });
    const given = typeof storage === "function" ? storage(clock) : (storage ?? memoryStorage({ clock }));
    const watched = watchStorage(given);
    super({
      logger: silentLogger,
      random: seededRandom(seed),
      ids: sequentialIds(),
      ...options,
      nodes,
      clock,
      storage: watched.storage,
    });
    this.clock = clock;
    this.storage = given;
  }

  /** Lets time pass; see {@link TestClock.advance}. */
  advance(duration: number | string): Promise<void> {
    return this.clock.advance(duration);
  }

  /** Lets everything happen that needs no time to pass. Work of nodes outside this thread is not seen. */
  runUntilIdle(): Promise<void> {
    return this.clock.settle();
  }

  /** As {@link Engine.close}, but by default without waiting for running nodes: time stands still. */
  override close({ deadlineMs = 0 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    return super.close({ deadlineMs });
  }
}

/**
 * A started engine for tests: memory storage, test clock, seeded randomness.
 *
 * ```ts
 * await using engine = await testEngine({ nodes: [sleepy] });
 * const running = engine.run({ nodes: [{ id: "a", type: "sleepy" }] });
 * await engine.advance("3d");
 * const { status } = await running;
 * ```
 */
export async function testEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const engine = new TestEngine(options);
  await engine.start();
  return engine;
}
