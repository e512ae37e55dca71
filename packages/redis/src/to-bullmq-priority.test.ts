import { describe, expect, it } from "vitest";
import { toBullmqPriority } from "./to-bullmq-priority.js";

describe("toBullmqPriority", () => {
  it("turns the order round, and stays in BullMQ's range", () => {
    const ours = [Number.MAX_SAFE_INTEGER, 1_000_000, 7, 1, 0, -1, -1_000_000, Number.MIN_SAFE_INTEGER];
    const theirs = ours.map(toBullmqPriority);
    expect(theirs).toEqual([...theirs].sort((a, b) => a - b));
    expect(Math.min(...theirs)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...theirs)).toBeLessThanOrEqual(2_097_152);
  });
});
