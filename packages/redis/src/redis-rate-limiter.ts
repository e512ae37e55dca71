import { ConfigurationError, type RateLimitAnswer, type RateLimiter } from "@automatrix/core";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { DEFAULT_PREFIX, ImpatientClient, type RedisConnection } from "./redis-connection.js";
import { toKeyText } from "./to-key-text.js";

/** Below this Redis keys of the limiter would not end. */
const MIN_WINDOW_MS = 1_000;
/** Windows with a limiter of their own; beyond it they are made again. */
const MAX_WINDOWS = 1_000;
/** Timers end the counters of this process, and none lasts longer than these 24.8 days: longer windows end then too. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Counts a use that is allowed and only that; ends the window to the millisecond. KEYS[1] the counter; ARGV: uses,
 * whole seconds (not used), limit, seconds.
 */
const COUNT_ALLOWED = `
local used = tonumber(redis.call('get', KEYS[1]) or '0')
local ttl = redis.call('pttl', KEYS[1])
if used + 1 > tonumber(ARGV[3]) then
  return {used + 1, math.max(ttl, 0)}
end
if ttl < 0 then
  ttl = math.floor(tonumber(ARGV[4]) * 1000 + 0.5)
  redis.call('set', KEYS[1], 1, 'PX', ttl)
  return {1, ttl}
end
return {redis.call('incr', KEYS[1]), ttl}`;

/** Options of {@link redisRateLimiter}. */
export interface RedisRateLimiterOptions {
  readonly connection: RedisConnection;
  /** First part of every key. Default `automatrix`. */
  readonly prefix?: string;
}

/** A rate limiter on Redis. */
export interface RedisRateLimiter extends RateLimiter {
  /** Ends the connection. Idempotent. */
  close(): Promise<void>;
}

/**
 * A rate limiter that all processes share. Windows last a second or more. While Redis is away each process counts for
 * itself, in windows of 24.8 days at most, so that the service goes on and stays limited; what was counted in Redis is
 * then not seen.
 *
 * ```ts
 * const limiter = redisRateLimiter({ connection: "redis://localhost" });
 * const { isAllowed, resetMs } = await limiter.consume("login:ada", { limit: 5, perMs: 60_000 });
 * ```
 * @throws ConfigurationError `invalid_configuration`
 */
export function redisRateLimiter({ connection, prefix = DEFAULT_PREFIX }: RedisRateLimiterOptions): RedisRateLimiter {
  const client = new ImpatientClient(connection);
  const limiters = new Map<string, RateLimiterRedis>();
  const limiterOf = (limit: number, perMs: number): RateLimiterRedis => {
    const name = `${limit}:${perMs}`;
    const known = limiters.get(name);
    if (known !== undefined) return known;
    if (limiters.size >= MAX_WINDOWS) limiters.clear();
    const window = { points: limit, duration: perMs / 1_000, keyPrefix: `${prefix}:rate:${name}` };
    const limiter = new RateLimiterRedis({
      ...window,
      storeClient: client.redis,
      rejectIfRedisNotReady: true,
      customIncrTtlLuaScript: COUNT_ALLOWED,
      insuranceLimiter: new RateLimiterMemory({ ...window, duration: Math.min(perMs, MAX_TIMER_MS) / 1_000 }),
    });
    limiters.set(name, limiter);
    return limiter;
  };
  return {
    async consume(key, { limit, perMs }) {
      checkWindow({ limit, perMs });
      await client.connect();
      try {
        return toAnswer(await limiterOf(limit, perMs).consume(toKeyText(key)), true);
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return toAnswer(refusal, false);
        throw refusal;
      }
    },
    async close() {
      client.close();
    },
  };
}

function toAnswer({ remainingPoints, msBeforeNext }: RateLimiterRes, isAllowed: boolean): RateLimitAnswer {
  return { isAllowed, remaining: remainingPoints, resetMs: Math.max(0, msBeforeNext) };
}

function checkWindow(window: { readonly limit: number; readonly perMs: number }): void {
  for (const name of ["limit", "perMs"] as const)
    if (!Number.isSafeInteger(window[name]) || window[name] <= 0)
      throw new ConfigurationError("invalid_configuration", `${name} must be a positive integer, not ${window[name]}.`);
  if (window.perMs < MIN_WINDOW_MS)
    throw new ConfigurationError(
      "invalid_configuration",
      `perMs must be ${MIN_WINDOW_MS} or more, not ${window.perMs}.`,
    );
}
