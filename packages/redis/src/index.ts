/** Dispatcher, event bus, cache and rate limiter of AutoMatrix on Redis. */
export { type BullmqDispatcherOptions, bullmqDispatcher } from "./bullmq-dispatcher.js";
export { type RedisCache, type RedisCacheOptions, redisCache } from "./redis-cache.js";
export type { RedisConnection } from "./redis-connection.js";
export { type RedisEventBusOptions, redisEventBus } from "./redis-event-bus.js";
export { type RedisRateLimiter, type RedisRateLimiterOptions, redisRateLimiter } from "./redis-rate-limiter.js";
