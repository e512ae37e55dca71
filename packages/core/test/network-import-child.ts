/** Imports core, makes and closes an engine, and prints which modules of undici that has loaded. */
import { createRequire } from "node:module";
import { createEngine } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";

const engine = createEngine({ storage: memoryStorage(), nodes: [] });
await engine.start();
await engine.close();
const { cache } = createRequire(import.meta.url);
console.log(JSON.stringify(Object.keys(cache).filter((path) => path.includes("undici"))));
