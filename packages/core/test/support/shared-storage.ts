import { createEngine, type Engine, type EngineOptions, type ExecutionRecord, type Storage } from "../../src/index.js";
import { memoryStorage } from "../../src/memory/index.js";
import { seededRandom, sequentialIds, silentLogger, type TestClock } from "../../src/testing/index.js";
import { BASIC_NODES } from "./workflow.js";

/** What was claimed, in order: a takeover from a dead worker counts a crash, which later progress forgets. */
export type Claimed = Pick<ExecutionRecord, "id" | "owner" | "crashes">;

/** A memory storage that several engines of one test may open at once, as processes open a database. */
export function sharedStorage(clock: TestClock): Storage & { readonly claimed: readonly Claimed[] } {
  const storage = memoryStorage({ clock });
  const claimed: Claimed[] = [];
  const parts: Readonly<Record<string | symbol, unknown>> = {
    capabilities: Object.freeze({ ...storage.capabilities, shared: true }),
    claimed,
    async claim(params: Parameters<Storage["claim"]>[0]) {
      const records = await storage.claim(params);
      claimed.push(...records.map(({ id, owner, crashes }) => ({ id, owner, crashes })));
      return records;
    },
  };
  return new Proxy(storage, {
    get(target, name) {
      if (Object.hasOwn(parts, name)) return parts[name];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  }) as Storage & { readonly claimed: readonly Claimed[] };
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
