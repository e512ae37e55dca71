import { describe, expect, it } from "vitest";
import { bullmqDispatcher, type RedisConnection, redisCache, redisEventBus, redisRateLimiter } from "./index.js";

const FACTORIES = { bullmqDispatcher, redisCache, redisEventBus, redisRateLimiter };

describe.each(Object.entries(FACTORIES))("the connection of %s", (_name, open) => {
  it.each([
    "not a url hidden",
    "localhost:6379",
    "6379",
    "/var/run/redis.sock",
    "http://localhost:6379",
    "redis://:hidden@localhost:port",
    "redis://:hidden%@localhost",
    "redis://:hidden#@localhost",
    "redis:///0",
    "redis://localhost/hidden",
    "",
    {},
    undefined,
    null,
    6379,
  ])("is refused when it is %j, without repeating it", (connection) => {
    let refusal: unknown;
    try {
      open({ connection: connection as RedisConnection });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ name: "ConfigurationError", code: "invalid_configuration" });
    expect((refusal as Error).message).not.toContain("hidden");
    expect((refusal as Error).cause).toBeUndefined();
  });

  it.each(["redis://localhost", "rediss://ada:p%40ss@[::1]:6380/2?family=6", { host: "localhost" }])(
    "may be %j",
    async (connection) => {
      await open({ connection }).close();
    },
  );
});
