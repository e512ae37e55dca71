import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineOptions } from "@automatrix/core";

/** Where the processes of a run hear of executions; plain JSON, since it is handed to them. */
export interface RedisPlace {
  readonly connection: string;
  /** Of every key of the run. */
  readonly prefix: string;
}

/** The Redis of one run. */
export interface CrashRedis extends AsyncDisposable {
  readonly place: RedisPlace;
  /** Loses everything that the run has put there; says how. */
  loseEverything(): Promise<string>;
}

/** In place of an address: a server of the run's own, which can be restarted. */
export const OWN_REDIS = "own";

const PACKAGE = new URL("../../packages/redis/", import.meta.url);
const SCAN_COUNT = "1000";
const START_WITHIN_MS = 5_000;
const START_POLL_MS = 20;

interface RedisPackage {
  readonly bullmqDispatcher: (place: RedisPlace) => NonNullable<EngineOptions["dispatcher"]>;
  readonly redisEventBus: (place: RedisPlace) => NonNullable<EngineOptions["eventBus"]>;
}

interface RedisClient {
  connect(): Promise<void>;
  scan(cursor: string, ...options: readonly string[]): Promise<[string, string[]]>;
  del(...keys: readonly string[]): Promise<number>;
  disconnect(): void;
  on(event: "error", listener: () => void): void;
}

interface RedisModule {
  readonly Redis: new (connection: string, options: object) => RedisClient;
}

/** Dispatcher and event bus of one engine. */
export async function openDispatching(place: RedisPlace): Promise<Pick<EngineOptions, "dispatcher" | "eventBus">> {
  const { bullmqDispatcher, redisEventBus } = (await import(new URL("src/index.ts", PACKAGE).href)) as RedisPackage;
  return { dispatcher: bullmqDispatcher(place), eventBus: redisEventBus(place) };
}

/**
 * A server that is there already, of which the run loses its keys alone, or one of the run's own, which loses everything
 * as it is restarted.
 * @param where a URL, or {@link OWN_REDIS}
 */
export function openCrashRedis(where: string): Promise<CrashRedis> {
  const prefix = `automatrix-crash-${process.pid}-${Date.now()}`;
  return where === OWN_REDIS ? startOwnRedis(prefix) : Promise.resolve(useRedis({ connection: where, prefix }));
}

function useRedis(place: RedisPlace): CrashRedis {
  return {
    place,
    loseEverything: async () => `${await deleteKeys(place)} keys of Redis deleted`,
    async [Symbol.asyncDispose]() {
      await deleteKeys(place);
    },
  };
}

/** @throws Error when `redis-server` is not on the PATH or does not start */
async function startOwnRedis(prefix: string): Promise<CrashRedis> {
  const port = await findFreePort();
  const connection = `redis://127.0.0.1:${port}`;
  let server = await startServer(port, connection);
  return {
    place: { connection, prefix },
    async loseEverything() {
      await stop(server);
      server = await startServer(port, connection);
      return "Redis restarted, its data lost";
    },
    [Symbol.asyncDispose]: () => stop(server),
  };
}

async function startServer(port: number, connection: string): Promise<ChildProcess> {
  // Nothing is kept on disk: what it holds ends with it.
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmpdir()];
  const server = spawn("redis-server", args, { stdio: "ignore" });
  await once(server, "spawn");
  const endsAt = Date.now() + START_WITHIN_MS;
  while (!(await answers(connection))) {
    if (Date.now() > endsAt) throw new Error(`redis-server did not answer on port ${port}.`);
    await sleep(START_POLL_MS);
  }
  return server;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGKILL");
  await ended;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}

function openClient(connection: string): RedisClient {
  const { Redis } = createRequire(new URL("package.json", PACKAGE))("ioredis") as RedisModule;
  const client = new Redis(connection, { lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => {});
  return client;
}

async function answers(connection: string): Promise<boolean> {
  const client = openClient(connection);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** Deletes the keys of the run, and nothing else; how many there were. */
async function deleteKeys({ connection, prefix }: RedisPlace): Promise<number> {
  const client = openClient(connection);
  try {
    await client.connect();
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
