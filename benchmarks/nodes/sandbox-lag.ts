/**
 * How late a timer of 1 ms fires in the engine's thread while hostile code runs in the sandboxes:
 * `npx tsx --conditions=@automatrix/source benchmarks/nodes/sandbox-lag.ts`.
 */
import { performance } from "node:perf_hooks";
import { createEngine } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { codeJavascript } from "../../packages/nodes/src/code/code-javascript/code-javascript.js";
import { codePython } from "../../packages/nodes/src/code/code-python/code-python.js";
import { dataTransform } from "../../packages/nodes/src/data/data-transform/data-transform.js";
import { quantile } from "../statistics.js";

const PERIOD_MS = 1;
const QUIET_MS = 2_000;
const ROUNDS = 3;
const LIMITS = { timeoutMs: 500, memoryMb: 32 };

const JAVASCRIPT = [
  "for (;;);",
  "for (;;) await null",
  "const all = []; for (;;) all.push('x'.repeat(1000) + all.length)",
  "for (let n = 0; n < 1e5; n++) console.log('x'.repeat(1e4))",
  "return 'x'.repeat(4e6)",
  "const f = () => f(); f()",
] as const;
const PYTHON = ["while True: pass", "a = []\nwhile True: a.append('x' * 10000)", "return 'x' * 4000000"] as const;
const JSONATA = [
  "($f := function($s, $n) { $n = 0 ? $split($s, '') : $f($s & $s, $n - 1) }; $f('x', 25))",
  "$count([1..999999].[1..999999])",
] as const;

interface Step {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const HOSTILE: readonly Step[] = [
  ...JAVASCRIPT.map((code) => ({ type: "code_javascript", data: { code, ...LIMITS } })),
  ...PYTHON.map((code) => ({ type: "code_python", data: { code, ...LIMITS } })),
  ...JSONATA.map((jsonata) => ({ type: "data_transform", data: { jsonata } })),
];

/** Lateness of each tick of a timer until `done` settles. */
async function latenessUntil(done: Promise<unknown>): Promise<readonly number[]> {
  const lateness: number[] = [];
  let expected = performance.now() + PERIOD_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    lateness.push(Math.max(0, now - expected));
    expected = now + PERIOD_MS;
  }, PERIOD_MS);
  await done;
  clearInterval(timer);
  return lateness;
}

function report(name: string, lateness: readonly number[]): void {
  const figure = (fraction: number) => quantile(lateness, fraction).toFixed(2);
  console.log(`${name}: p50 ${figure(0.5)} ms, p99 ${figure(0.99)} ms, max ${figure(1)} ms (${lateness.length} ticks)`);
}

await using engine = createEngine({ storage: memoryStorage(), nodes: [codeJavascript, codePython, dataTransform] });
await engine.start();
const run = ({ type, data }: Step) => engine.run({ nodes: [{ id: "code", type, data }] }, { input: {} });

await run({ type: "code_javascript", data: { code: ";", ...LIMITS } });
await run({ type: "code_python", data: { code: "pass", ...LIMITS } });
report("quiet", await latenessUntil(new Promise((resolve) => setTimeout(resolve, QUIET_MS))));
for (let round = 1; round <= ROUNDS; round++) {
  report(`hostile, round ${round}`, await latenessUntil(Promise.all(HOSTILE.map(run))));
}
