import type { Dispatcher } from "@automatrix/core";
import { dispatcherConformance } from "@automatrix/core/testing";
import { describe, it } from "vitest";
import { bullmqDispatcher } from "../src/index.js";
import { describeRedis } from "./support/redis.js";
import { layWire, type RedisWire } from "./support/redis-wire.js";

/** Short, so that the heir of a dead worker need not wait long. */
const LOCK_DURATION_MS = 300;

describeRedis("the BullMQ dispatcher", (redis) => {
  for (const batchSize of [1, 10]) {
    describe(`with up to ${batchSize} in a job`, () => {
      dispatcherConformance({
        createLine: async () => {
          const prefix = redis.newPrefix();
          const wires = new Map<Dispatcher, RedisWire>();
          const spare: RedisWire[] = [await layWire(redis.url), await layWire(redis.url)];
          return {
            open: () => {
              const wire = spare.pop();
              const dispatcher = bullmqDispatcher({
                connection: wire?.url ?? redis.url,
                prefix,
                batchSize,
                lockDurationMs: LOCK_DURATION_MS,
              });
              if (wire !== undefined) wires.set(dispatcher, wire);
              return dispatcher;
            },
            kill: async (dispatcher) => wires.get(dispatcher)?.cut(),
            remove: async () => {
              for (const wire of [...wires.values(), ...spare]) await wire.cut();
              await redis.removePrefix(prefix);
            },
          };
        },
        describe,
        it,
      });
    });
  }
});
