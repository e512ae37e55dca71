import { describe, expect, it } from "vitest";
import { readExecutionJob, toExecutionJobs } from "./execution-jobs.js";

const job = (executionId: string, priority = 0, delayMs = 0) => ({ executionId, priority, delayMs });

describe("toExecutionJobs", () => {
  it("puts executions of the same priority and delay in one job, up to the size of a batch", () => {
    const jobs = toExecutionJobs([job("a"), job("b", 1), job("c"), job("d"), job("e", 0, 5)], {
      batchSize: 2,
      attempts: 5,
    });
    expect(jobs.map(({ data }) => data.executionIds)).toEqual([["a", "c"], ["b"], ["d"], ["e"]]);
    expect(jobs.map(({ opts }) => opts.delay)).toEqual([undefined, undefined, undefined, 5]);
  });

  it("lets nothing stay in Redis when a job is done or given up", () => {
    const [only] = toExecutionJobs([job("a")], { batchSize: 10, attempts: 3 });
    expect(only?.opts).toMatchObject({ attempts: 3, removeOnComplete: true, removeOnFail: true });
  });
});

describe("readExecutionJob", () => {
  it("reads what was written, and nothing from what others have put there", () => {
    const [only] = toExecutionJobs([job("a", 3)], { batchSize: 10, attempts: 3 });
    expect(readExecutionJob(only?.data)).toEqual({ executionIds: ["a"], priority: 3 });
    for (const data of [undefined, null, 1, {}, { executionIds: "a" }, { executionIds: [1] }])
      expect(readExecutionJob(data)).toEqual({ executionIds: [], priority: 0 });
  });
});
