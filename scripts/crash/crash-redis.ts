import { createRequire } from "node:module";
import type { EngineOptions } from "@automatrix/core";

/** Where the processes of a run hear of executions; plain JSON, since it is handed to them. */
export interface RedisPlace {
  readonly connection: string;
  /** Of every key of the run. */
  readonly prefix: string;
}

const PACKAGE = new URL("../../packages/redis/", import.meta.url);
const SCAN_COUNT = "1000";

interface RedisPackage {
  readonly bullmqDispatcher: (place: RedisPlace) => NonNullable<EngineOptions["dispatcher"]>;
  readonly redisEventBus: (place: RedisPlace) => NonNullable<EngineOptions["eventBus"]>;
}

interface RedisClient {
  scan(cursor: string, ...options: readonly string[]): Promise<[string, string[]]>;
  del(...keys: readonly string[]): Promise<number>;
  disconnect(): void;
}

/** Dispatcher and event bus of one engine. */
export async function openCrashRedis(place: RedisPlace): Promise<Pick<EngineOptions, "dispatcher" | "eventBus">> {
  const { bullmqDispatcher, redisEventBus } = (await import(new URL("src/index.ts", PACKAGE).href)) as RedisPackage;
  return { dispatcher: bullmqDispatcher(place), eventBus: redisEventBus(place) };
}

/** Deletes the keys of the run, and nothing else; how many there were. */
export async function deleteCrashKeys({ connection, prefix }: RedisPlace): Promise<number> {
  const { Redis } = createRequire(new URL("package.json", PACKAGE))("ioredis") as {
    readonly Redis: new (connection: string) => RedisClient;
  };
  const client = new Redis(connection);
  try {
    let cursor = "0";
    let deleted = 0;
    do {
      const [next, keys] = await client.scan(cursor, "MATCH", `${prefix}*`, "COUNT", SCAN_COUNT);
      if (keys.length > 0) deleted += await client.del(...keys);
      cursor = next;
    } while (cursor !== "0");
    return deleted;
  } finally {
    client.disconnect();
  }
}
