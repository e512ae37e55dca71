import { describe, expect, it } from "vitest";
import { redisCache } from "../src/index.js";
import { canStartServer, startOwnServer } from "./support/own-server.js";
import { describeRedis } from "./support/redis.js";
import { layWire } from "./support/redis-wire.js";
import { unreachableUrl } from "./support/silent-server.js";

describeRedis("the Redis cache", (redis) => {
  it("gives back what was set, until it is deleted", async () => {
    const cache = redisCache({ connection: redis.url, prefix: redis.newPrefix() });
    expect(await cache.get("a")).toBeUndefined();
    for (const value of [{ deep: [1, "two", null] }, "text", 0, false, null]) {
      await cache.set("a", value);
      expect(await cache.get("a")).toEqual(value);
    }
    await cache.delete("a");
    expect(await cache.get("a")).toBeUndefined();
    await cache.close();
  });

  it("is shared by processes with the same prefix, and by no others", async () => {
    const prefix = redis.newPrefix();
    const caches = [prefix, prefix, redis.newPrefix()].map((one) => redisCache({ connection: redis.url, prefix: one }));
    await caches[0]?.set("a", 1);
    expect(await Promise.all(caches.map((cache) => cache.get("a")))).toEqual([1, 1, undefined]);
    for (const cache of caches) await cache.close();
  });

  it("forgets a value after its time", async () => {
    const cache = redisCache({ connection: redis.url, prefix: redis.newPrefix() });
    await cache.set("a", 1, { ttlMs: 30 });
    await expect.poll(() => cache.get("a")).toBeUndefined();
    await cache.set("b", 1, { ttlMs: 0 });
    expect(await cache.get("b")).toBeUndefined();
    await cache.set("b", 1);
    await cache.set("b", 2, { ttlMs: Number.NaN });
    expect(await cache.get("b")).toBeUndefined();
    await cache.set("c", 1, { ttlMs: Number.POSITIVE_INFINITY });
    expect(await cache.get("c")).toBe(1);
    await cache.close();
  });

  it("does not keep what is too large, nor what was there before it", async () => {
    const cache = redisCache({ connection: redis.url, prefix: redis.newPrefix(), maxEntryBytes: 10 });
    await cache.set("a", "12345678");
    expect(await cache.get("a")).toBe("12345678");
    await cache.set("a", "123456789");
    expect(await cache.get("a")).toBeUndefined();
    await cache.set("a", "ééééé");
    expect(await cache.get("a")).toBeUndefined();
    await cache.close();
  });

  it("keeps keys apart that are no well-formed text", async () => {
    const cache = redisCache({ connection: redis.url, prefix: redis.newPrefix() });
    await cache.set("\ud800", 1);
    expect(await Promise.all(["\ud800", "\ud801", "\ufffd"].map((key) => cache.get(key)))).toEqual([
      1,
      undefined,
      undefined,
    ]);
    await cache.delete("\ud801");
    expect(await cache.get("\ud800")).toBe(1);
    await cache.close();
  });

  it("finds things again after its connection fell silent", async () => {
    const wire = await layWire(redis.url);
    const cache = redisCache({ connection: wire.url, prefix: redis.newPrefix() });
    await cache.set("a", 1);
    wire.silence();
    expect(await cache.get("a")).toBeUndefined();
    await expect.poll(() => cache.get("a"), { timeout: 10_000 }).toBe(1);
    await cache.close();
    await wire.cut();
  });

  it("takes what is no JSON for nothing", async () => {
    const prefix = redis.newPrefix();
    const cache = redisCache({ connection: redis.url, prefix });
    await redis.put(`${prefix}:cache:a`, "{");
    expect(await cache.get("a")).toBeUndefined();
    await cache.close();
  });
});

describe.skipIf(!(await canStartServer()))("a Redis cache whose Redis is full", () => {
  it("forgets what it could not replace, and keeps things again when there is room", async () => {
    const server = await startOwnServer();
    const cache = redisCache({ connection: server.url });
    await cache.set("a", "old");
    await server.admin.config("SET", "maxmemory", "1");
    await cache.set("a", "new");
    expect(await cache.get("a")).toBeUndefined();
    await server.admin.config("SET", "maxmemory", "0");
    await cache.set("a", "newer");
    expect(await cache.get("a")).toBe("newer");
    await cache.close();
    await server.stop();
  });
});

describe("a Redis cache without Redis", () => {
  it("finds nothing, keeps nothing and fails nobody", async () => {
    const cache = redisCache({ connection: await unreachableUrl() });
    await cache.set("a", 1);
    expect(await cache.get("a")).toBeUndefined();
    await cache.delete("a");
    await cache.close();
  });
});
