import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, describe, it } from "vitest";

/** Tried in this order; the first that answers is used. */
const CANDIDATES: readonly (string | undefined)[] = [
  process.env["AUTOMATRIX_TEST_REDIS"],
  process.env["REDIS_URL"],
  "redis://127.0.0.1:6379",
];

const CONNECT_TIMEOUT_MS = 2_000;
const SCAN_COUNT = 1_000;

/** The server of one test file. */
export interface TestRedis {
  readonly url: string;
  /** First part of the keys of one test: new each time, its keys deleted at the end of the suite. */
  newPrefix(): string;
  /** Deletes every key of a prefix: the server may hold what others put there. */
  removePrefix(prefix: string): Promise<void>;
  keysOf(prefix: string): Promise<readonly string[]>;
  /** Puts a text under a key, as somebody else would. */
  put(key: string, text: string): Promise<void>;
}

const server = await findServer();

/**
 * `describe` for suites that need a Redis server. Without one the suite is left out and its title says so; with
 * `CI=true` that is a failure.
 */
export function describeRedis(title: string, suite: (redis: TestRedis) => void): void {
  if (server !== undefined) {
    describe(title, () => suite(makeRedis(server)));
    return;
  }
  const reason = "no Redis server answers: set AUTOMATRIX_TEST_REDIS to one, or start one on port 6379";
  if (process.env["CI"] !== "true") {
    describe.skip(`${title} (left out: ${reason})`, () => it("needs a server", () => {}));
    return;
  }
  describe(title, () => {
    it("has a Redis server", () => {
      throw new Error(`${reason}; with CI=true leaving the suite out is a failure`);
    });
  });
}

function makeRedis(url: string): TestRedis {
  const prefixes: string[] = [];
  const removePrefix = (prefix: string) =>
    withClient(url, async (client) => {
      const keys = await listKeys(client, prefix);
      if (keys.length > 0) await client.del(...keys);
    });
  afterAll(async () => {
    for (const prefix of prefixes) await removePrefix(prefix);
  });
  return {
    url,
    removePrefix,
    newPrefix: () => {
      const prefix = `automatrix_test_${randomBytes(6).toString("hex")}`;
      prefixes.push(prefix);
      return prefix;
    },
    keysOf: (prefix) => withClient(url, (client) => listKeys(client, prefix)),
    put: (key, text) =>
      withClient(url, async (client) => {
        await client.set(key, text);
      }),
  };
}

async function listKeys(client: Redis, prefix: string): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = "0";
  do {
    const [next, found] = await client.scan(cursor, "MATCH", `${prefix}:*`, "COUNT", SCAN_COUNT);
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== "0");
  return [...keys];
}

async function findServer(): Promise<string | undefined> {
  for (const candidate of CANDIDATES) {
    if (candidate === undefined) continue;
    const isThere = await withClient(candidate, (client) => client.ping()).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return undefined;
}

async function withClient<Result>(url: string, run: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return await run(client);
  } finally {
    client.disconnect();
  }
}
