import type { Cache } from "@automatrix/core";
import { DEFAULT_PREFIX, ImpatientClient, type RedisConnection } from "./redis-connection.js";
import { toKeyText } from "./to-key-text.js";

const DEFAULT_MAX_ENTRY_BYTES = 1_048_576;
/** Nothing is kept for ever: the cache of a workflow that is gone goes too. */
const DEFAULT_TTL_MS = 86_400_000;
/** Redis takes no instants beyond its range. */
const MAX_TTL_MS = 365 * 86_400_000;

/** Options of {@link redisCache}. */
export interface RedisCacheOptions {
  readonly connection: RedisConnection;
  /** First part of every key. Default `automatrix`. */
  readonly prefix?: string;
  /** Larger values are not kept, counted in bytes of their JSON. Default 1,048,576. */
  readonly maxEntryBytes?: number;
}

/** A cache on Redis. */
export interface RedisCache extends Cache {
  /** Ends the connection. Idempotent. */
  close(): Promise<void>;
}

/**
 * A cache that all processes share. Values are kept as JSON, for a day unless `ttlMs` says otherwise. While Redis is
 * away nothing is found and nothing kept, and nothing fails.
 *
 * ```ts
 * const cache = redisCache({ connection: "redis://localhost" });
 * const engine = createEngine({ storage, nodes, cache });
 * ```
 * @throws ConfigurationError `invalid_configuration`
 */
export function redisCache(options: RedisCacheOptions): RedisCache {
  const { connection, prefix = DEFAULT_PREFIX, maxEntryBytes = DEFAULT_MAX_ENTRY_BYTES } = options;
  const client = new ImpatientClient(connection);
  const toKey = (key: string) => `${prefix}:cache:${toKeyText(key)}`;
  return {
    async get(key) {
      const text = await orForget(async () => {
        await client.connect();
        return client.redis.get(toKey(key));
      });
      return text === undefined || text === null ? undefined : parse(text);
    },
    async set(key, value, { ttlMs = DEFAULT_TTL_MS } = {}) {
      const text = JSON.stringify(value) as string | undefined;
      const lastsMs = Math.min(Math.ceil(ttlMs), MAX_TTL_MS);
      await orForget(async () => {
        await client.connect();
        // What was there is out of date in any case.
        const isKept = text !== undefined && Buffer.byteLength(text) <= maxEntryBytes && lastsMs > 0;
        // A Redis whose memory is full refuses to keep, not to forget.
        const isWritten = isKept && (await orForget(() => client.redis.set(toKey(key), text, "PX", lastsMs))) === "OK";
        if (!isWritten) await client.redis.del(toKey(key));
      });
    },
    async delete(key) {
      await orForget(async () => {
        await client.connect();
        await client.redis.del(toKey(key));
      });
    },
    async close() {
      client.close();
    },
  };
}

/** A cache may forget at any time: also when Redis does not answer. */
async function orForget<Value>(call: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await call();
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
