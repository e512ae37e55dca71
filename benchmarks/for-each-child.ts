/** Runs a `for_each` over many items and prints what it took; started by for-each-memory.ts with a small heap. */
import { performance } from "node:perf_hooks";
import { createEngine, defineNode } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { standardNodes } from "@automatrix/nodes";

const ITEMS = 100_000;
const BYTES_PER_MIB = 1024 * 1024;
const WATCH_INTERVAL_MS = 20;

const double = defineNode({ type: "double", effects: "pure", execute: ({ input }) => input * 2 });

let peakHeapBytes = 0;
const watch = setInterval(() => {
  peakHeapBytes = Math.max(peakHeapBytes, process.memoryUsage().heapUsed);
}, WATCH_INTERVAL_MS);

const engine = createEngine({ storage: memoryStorage(), nodes: [...standardNodes(), double] });
await engine.start();
const startedAt = performance.now();
const { status, output, error } = await engine.run(
  {
    name: "for-each",
    nodes: [
      {
        id: "loop",
        type: "for_each",
        data: { items: "{{ trigger }}", concurrency: 100, body: { nodes: [{ id: "double", type: "double" }] } },
      },
    ],
  },
  { input: Array.from({ length: ITEMS }, (_, index) => index) },
);
const seconds = (performance.now() - startedAt) / 1_000;
clearInterval(watch);
await engine.close();
const { results } = (output ?? { results: [] }) as { readonly results: readonly number[] };
const isRight = results.length === ITEMS && results.every((value, index) => value === index * 2);
if (status !== "completed" || !isRight)
  throw new Error(`for_each ended ${status} with ${results.length} results: ${error?.message}`);
process.stdout.write(
  `${JSON.stringify({ seconds, itemsPerSecond: ITEMS / seconds, peakHeapMib: peakHeapBytes / BYTES_PER_MIB })}\n`,
);
