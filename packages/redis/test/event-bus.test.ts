import type { EventAnnouncement } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { redisEventBus } from "../src/index.js";
import { describeRedis } from "./support/redis.js";
import { layWire } from "./support/redis-wire.js";
import { unreachableUrl } from "./support/silent-server.js";

const announce = (executionId: string, lastSeq = 1, hasEnded = false) => ({ executionId, lastSeq, hasEnded });

describeRedis("the Redis event bus", (redis) => {
  it("tells others what was published, and not whoever published it", async () => {
    const prefix = redis.newPrefix();
    const [one, two] = [0, 1].map(() => redisEventBus({ connection: redis.url, prefix })) as [Bus, Bus];
    const heard: Record<"one" | "two", EventAnnouncement[]> = { one: [], two: [] };
    await subscribe(one, heard.one);
    await subscribe(two, heard.two);
    await publish(one, [announce("a", 3), announce("b", 9, true)]);
    await publish(two, [announce("c", 0)]);
    await expect.poll(() => [heard.two.length, heard.one.length]).toEqual([2, 1]);
    expect(heard).toEqual({ one: [announce("c", 0)], two: [announce("a", 3), announce("b", 9, true)] });
    await close(one);
    await close(two);
  });

  it("keeps prefixes apart", async () => {
    const [here, elsewhere] = [redis.newPrefix(), redis.newPrefix()];
    const listener = redisEventBus({ connection: redis.url, prefix: here });
    const heard: EventAnnouncement[] = [];
    await subscribe(listener, heard);
    const foreign = redisEventBus({ connection: redis.url, prefix: elsewhere });
    const own = redisEventBus({ connection: redis.url, prefix: here });
    await publish(foreign, [announce("foreign")]);
    await publish(own, [announce("own")]);
    await expect.poll(() => heard.length).toBe(1);
    expect(heard).toEqual([announce("own")]);
    for (const bus of [listener, foreign, own]) await close(bus);
  });

  it("hears again after the connection was lost", async () => {
    const wire = await layWire(redis.url);
    const prefix = redis.newPrefix();
    const listener = redisEventBus({ connection: wire.url, prefix });
    const speaker = redisEventBus({ connection: redis.url, prefix });
    const heard: EventAnnouncement[] = [];
    await subscribe(listener, heard);
    expect(listener.health?.()).toEqual({ status: "up" });
    await wire.cut();
    await expect.poll(() => listener.health?.()).toEqual({ status: "degraded", message: "Redis cannot be reached" });
    await wire.mend();
    await expect
      .poll(
        async () => {
          await publish(speaker, [announce("again")]);
          return heard.length > 0;
        },
        { timeout: 5_000 },
      )
      .toBe(true);
    expect(listener.health?.()).toEqual({ status: "up" });
    for (const bus of [listener, speaker]) await close(bus);
    await wire.cut();
  });
});

describeRedis("a Redis event bus whose connections fall silent", (redis) => {
  for (const protocol of [2, 3] as const)
    it(`hears again and is heard again, with protocol ${protocol} of Redis`, async () => {
      const wire = await layWire(redis.url);
      const prefix = redis.newPrefix();
      const { hostname: host, port } = new URL(wire.url);
      const silenced = redisEventBus({ connection: { host, port: Number(port), protocol }, prefix });
      const other = redisEventBus({ connection: redis.url, prefix });
      const heard: Record<"silenced" | "other", EventAnnouncement[]> = { silenced: [], other: [] };
      await subscribe(silenced, heard.silenced);
      await subscribe(other, heard.other);
      await publish(silenced, [announce("before")]);
      wire.silence();
      await expect(publish(silenced, [announce("lost")])).rejects.toThrow();
      const speak = async (bus: Bus, ears: EventAnnouncement[]) => {
        await publish(bus, [announce("again")]).catch(() => {});
        return ears.some(({ executionId }) => executionId === "again");
      };
      await expect.poll(() => speak(other, heard.silenced), { timeout: 10_000 }).toBe(true);
      await expect.poll(() => speak(silenced, heard.other), { timeout: 10_000 }).toBe(true);
      for (const bus of [silenced, other]) await close(bus);
      await wire.cut();
    });
});

describe("a Redis event bus without Redis", () => {
  it("subscribes and closes, and rejects what is published", async () => {
    const bus = redisEventBus({ connection: await unreachableUrl() });
    await bus.subscribe(() => {});
    await expect(bus.publish([announce("a")])).rejects.toThrow();
    await bus.close();
    await bus.close();
  });
});

type Bus = ReturnType<typeof redisEventBus>;

const subscribe = (bus: Bus, heard: EventAnnouncement[]) =>
  bus.subscribe((announcements) => void heard.push(...announcements));
const publish = (bus: Bus, announcements: readonly EventAnnouncement[]) => bus.publish(announcements);
const close = (bus: Bus) => bus.close();
