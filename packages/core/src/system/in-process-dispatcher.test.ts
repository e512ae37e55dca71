import { describe, expect, it } from "vitest";
import type { Clock } from "../ports/clock.js";
import { inProcessDispatcher, JobLine } from "./in-process-dispatcher.js";

/** A clock that stands still and counts the timers that are set. */
function stoppedClock(): Clock & { timers: number } {
  const clock = {
    timers: 0,
    now: () => 0,
    setTimer: () => {
      clock.timers++;
      return () => {
        clock.timers--;
      };
    },
  };
  return clock;
}

describe("a line of jobs", () => {
  it("keeps no timer of a delayed job once the last dispatcher on it is closed", async () => {
    const clock = stoppedClock();
    const line = new JobLine(clock);
    const [one, two] = [inProcessDispatcher(line), inProcessDispatcher(line)];
    await one.dispatch([{ executionId: "later", priority: 0, delayMs: 1_000 }]);
    await one.close();
    expect(clock.timers).toBe(1);
    await two.close();
    await two.close();
    expect(clock.timers).toBe(0);
  });
});
