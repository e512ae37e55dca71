import { memoryStorage } from "@automatrix/core/memory";
import { crashConformance } from "@automatrix/core/testing";
import { describe, it } from "vitest";
import { bullmqDispatcher } from "../src/index.js";
import { describeRedis } from "./support/redis.js";

describeRedis("executions told of through BullMQ, while workers die and calls fail", (redis) => {
  const prefix = redis.newPrefix();
  crashConformance({
    createStorage: ({ clock }) => memoryStorage({ clock }),
    // Jobs take real time and leases the kit's: what comes late is found by a sweep, as it should be.
    createDispatcher: ({ run }) => bullmqDispatcher({ connection: redis.url, prefix: `${prefix}:${run}` }),
    maxTargets: 2,
    describe,
    it,
  });
});
