import { expect, it } from "vitest";
import { defineNode, z } from "../src/index.js";
import { testEngine } from "../src/testing/index.js";
import { describeSharedData } from "./support/describe-shared-data.js";
import { findViolations, listTraces, readTrace, type TaskRun, TRACES, traceWorkflow } from "./support/trace.js";

/** The traces are recorded to the millisecond, so that on the test clock every runtime is exact. */
const MILLISECONDS_PER_SECOND = 1_000;
/** The bounds in the files are rounded to the millisecond, too. */
const ROUNDING_MS = 1;

async function runTrace(file: string, concurrency: number) {
  const trace = readTrace(file);
  const runs: TaskRun[] = [];
  let running = 0;
  let peak = 0;
  const task = defineNode({
    type: "task",
    parameters: z.object({ ms: z.number() }),
    execute: async ({ clock, nodeId, parameters }) => {
      const startAt = clock.now();
      peak = Math.max(peak, ++running);
      await new Promise<void>((resolve) => void clock.setTimer(startAt + parameters.ms, resolve));
      running -= 1;
      runs.push({ id: nodeId, startAt, endAt: clock.now() });
    },
  });
  await using engine = await testEngine({ nodes: [task] });
  const definition = traceWorkflow(trace, { millisecondsPerSecond: MILLISECONDS_PER_SECOND, concurrency });
  const execution = engine.run(definition);
  await engine.advance(Math.ceil(trace.bounds(concurrency).grahamS * MILLISECONDS_PER_SECOND) + 1_000);
  return { trace, definition, runs, peak, result: await execution };
}

describeSharedData("a recorded workflow on the test clock", TRACES, () => {
  it.each(listTraces().flatMap((file) => [4, 8, 64].map((concurrency) => [file, concurrency] as const)))(
    "%s keeps order, limit and bounds with %i at once",
    async (file, concurrency) => {
      const { trace, definition, runs, peak, result } = await runTrace(file, concurrency);
      expect(result.status).toBe("completed");
      expect(findViolations(definition, runs, concurrency)).toEqual([]);
      expect(peak).toBeLessThanOrEqual(concurrency);
      const makespanMs = Math.max(...runs.map(({ endAt }) => endAt)) - Math.min(...runs.map(({ startAt }) => startAt));
      const { lowerS, grahamS } = trace.bounds(concurrency);
      expect(makespanMs).toBeLessThanOrEqual(grahamS * MILLISECONDS_PER_SECOND + ROUNDING_MS);
      expect(makespanMs).toBeGreaterThanOrEqual(lowerS * MILLISECONDS_PER_SECOND - ROUNDING_MS);
      expect(result.durationMs).toBeGreaterThanOrEqual(makespanMs);
    },
  );
});
