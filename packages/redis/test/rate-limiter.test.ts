import { describe, expect, it, vi } from "vitest";
import { redisRateLimiter } from "../src/index.js";
import { describeRedis } from "./support/redis.js";
import { unreachableUrl } from "./support/silent-server.js";

const DAY_MS = 86_400_000;
const WINDOW = { limit: 3, perMs: 60_000 };

describeRedis("the Redis rate limiter", (redis) => {
  it("allows as many uses as the limit, and says when to try again", async () => {
    const limiter = redisRateLimiter({ connection: redis.url, prefix: redis.newPrefix() });
    const answers = [];
    for (let use = 0; use < 5; use++) answers.push(await limiter.consume("ada", WINDOW));
    expect(answers.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, false, false]);
    expect(answers.map(({ remaining }) => remaining)).toEqual([2, 1, 0, 0, 0]);
    for (const { resetMs } of answers) {
      expect(resetMs).toBeGreaterThan(50_000);
      expect(resetMs).toBeLessThanOrEqual(60_000);
    }
    await limiter.close();
  });

  it("counts keys, limits and windows apart", async () => {
    const limiter = redisRateLimiter({ connection: redis.url, prefix: redis.newPrefix() });
    for (let use = 0; use < 3; use++) await limiter.consume("ada", WINDOW);
    expect((await limiter.consume("ada", WINDOW)).isAllowed).toBe(false);
    expect((await limiter.consume("bob", WINDOW)).isAllowed).toBe(true);
    expect((await limiter.consume("ada", { ...WINDOW, limit: 4 })).isAllowed).toBe(true);
    expect((await limiter.consume("ada", { ...WINDOW, perMs: 90_000 })).isAllowed).toBe(true);
    await limiter.close();
  });

  it("counts keys apart that are no well-formed text", async () => {
    const limiter = redisRateLimiter({ connection: redis.url, prefix: redis.newPrefix() });
    const window = { limit: 1, perMs: 60_000 };
    for (const key of ["\ud800", "\ud801", "\ufffd"]) expect((await limiter.consume(key, window)).isAllowed).toBe(true);
    expect((await limiter.consume("\ud800", window)).isAllowed).toBe(false);
    await limiter.close();
  });

  it("never allows more when processes ask at the same time", async () => {
    const prefix = redis.newPrefix();
    const limiters = [0, 1, 2].map(() => redisRateLimiter({ connection: redis.url, prefix }));
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, use) => limiters[use % 3]?.consume("all", { limit: 25, perMs: 60_000 })),
    );
    expect(answers.filter((answer) => answer?.isAllowed)).toHaveLength(25);
    for (const limiter of limiters) await limiter.close();
  });

  it("opens the window again when it has ended, to the millisecond", async () => {
    const limiter = redisRateLimiter({ connection: redis.url, prefix: redis.newPrefix() });
    const first = await limiter.consume("ada", { limit: 1, perMs: 1_250 });
    expect(first.resetMs).toBe(1_250);
    expect((await limiter.consume("ada", { limit: 1, perMs: 1_250 })).isAllowed).toBe(false);
    await expect
      .poll(async () => (await limiter.consume("ada", { limit: 1, perMs: 1_250 })).isAllowed, { timeout: 3_000 })
      .toBe(true);
    await limiter.close();
  });

  it("takes no window that Redis cannot keep", async () => {
    const limiter = redisRateLimiter({ connection: redis.url, prefix: redis.newPrefix() });
    for (const window of [
      { limit: 0, perMs: 1_000 },
      { limit: 1, perMs: 999 },
      { limit: 1.5, perMs: 1_000 },
    ])
      await expect(limiter.consume("ada", window)).rejects.toMatchObject({ code: "invalid_configuration" });
    await limiter.close();
  });
});

describe("a Redis rate limiter without Redis", () => {
  it("counts in this process", async () => {
    const limiter = redisRateLimiter({ connection: await unreachableUrl() });
    const answers = [];
    for (let use = 0; use < 4; use++) answers.push(await limiter.consume("ada", WINDOW));
    expect(answers.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, false]);
    await limiter.close();
  });

  it("counts in windows that are longer than any timer", async () => {
    const limiter = redisRateLimiter({ connection: await unreachableUrl() });
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const answers = [];
    for (let use = 0; use < 4; use++) {
      answers.push(await limiter.consume("ada", { limit: 3, perMs: 30 * DAY_MS }));
      // Long enough for a timer that went wrong, which ends at once.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(answers.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, false]);
    expect(answers.at(-1)?.resetMs).toBeGreaterThan(24 * DAY_MS);
    expect(warn).not.toHaveBeenCalled();
    await limiter.close();
  });
});
