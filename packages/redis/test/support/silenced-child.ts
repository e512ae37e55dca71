/** Closes a dispatcher and an event bus whose connections fell silent, prints how long that took; must end by itself. */
import { bullmqDispatcher, redisEventBus } from "../../src/index.js";
import { layWire } from "./redis-wire.js";

const [url, prefix] = process.argv.slice(2) as [string, string];
const wire = await layWire(url);
const dispatcher = bullmqDispatcher({ connection: wire.url, prefix });
const eventBus = redisEventBus({ connection: wire.url, prefix });
await dispatcher.start({ freePlaces: () => 10, take: async () => [] });
await dispatcher.dispatch([{ executionId: "one", priority: 0 }]);
await eventBus.subscribe(() => {});
wire.silence();
const startedAt = performance.now();
await Promise.all([dispatcher.close(), eventBus.close()]);
process.stdout.write(String(performance.now() - startedAt));
await wire.cut();
