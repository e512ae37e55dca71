import { Redis } from "ioredis";

export const DEFAULT_REDIS_URL = "redis://127.0.0.1:6379";
const CANDIDATES = [process.env["AUTOMATRIX_TEST_REDIS"], process.env["REDIS_URL"], DEFAULT_REDIS_URL];
const CONNECT_TIMEOUT_MS = 2_000;

/** The address of the first server that answers. */
export async function findRedis(): Promise<string | undefined> {
  for (const candidate of CANDIDATES) if (candidate !== undefined && (await isRedis(candidate))) return candidate;
  return undefined;
}

async function isRedis(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: CONNECT_TIMEOUT_MS, retryStrategy: () => null });
  client.on("error", () => {});
  const isThere = await client.connect().then(
    () => true,
    () => false,
  );
  client.disconnect();
  return isThere;
}
