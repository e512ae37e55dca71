import { createEngine, type Engine, type EngineOptions, type Storage } from "../../src/index.js";
import { memoryStorage } from "../../src/memory/index.js";
import { seededRandom, sequentialIds, silentLogger, type TestClock } from "../../src/testing/index.js";
import { BASIC_NODES } from "./workflow.js";

/** A memory storage that several engines of one test may open at once, as processes open a database. */
export function sharedStorage(clock: TestClock): Storage {
  const storage = memoryStorage({ clock });
  const capabilities = Object.freeze({ ...storage.capabilities, shared: true });
  return new Proxy(storage, {
    get(target, name) {
      if (name === "capabilities") return capabilities;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** A started engine on a storage and clock that others use too; ids begin with `name`. */
export async function startWorker(
  name: string,
  { nodes = [], ...options }: Omit<EngineOptions, "nodes"> & { readonly nodes?: EngineOptions["nodes"] },
): Promise<Engine> {
  const ids = sequentialIds();
  const engine = createEngine({
    logger: silentLogger,
    random: seededRandom(1),
    ids: { next: () => `${name}-${ids.next()}` },
    lease: { durationMs: 2_000, heartbeatMs: 500, sweepMs: 200 },
    ...options,
    nodes: [...BASIC_NODES, ...nodes],
  });
  await engine.start();
  return engine;
}
