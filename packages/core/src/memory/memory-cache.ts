import type { Cache } from "../ports/cache.js";
import type { Clock } from "../ports/clock.js";

const DEFAULT_MAX_ENTRIES = 1_000;

/** The least recently written entries go first beyond `maxEntries` (1,000). */
export function memoryCache(clock: Clock, options: { readonly maxEntries?: number } = {}): Cache {
  const { maxEntries = DEFAULT_MAX_ENTRIES } = options;
  const entries = new Map<string, { readonly value: unknown; readonly expiresAt: number }>();
  return {
    async get(key) {
      const entry = entries.get(key);
      if (entry === undefined || entry.expiresAt > clock.now()) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    async set(key, value, { ttlMs = Number.POSITIVE_INFINITY } = {}) {
      entries.delete(key);
      entries.set(key, { value, expiresAt: clock.now() + ttlMs });
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string);
    },
    async delete(key) {
      entries.delete(key);
    },
  };
}
