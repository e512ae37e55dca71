import { describe, expect, it } from "vitest";
import { testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

describe("the instants of a schedule", () => {
  it("may be numbers, dates and ISO texts, and mean the same", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES });
    const noon = "2025-06-01T12:00:00Z";
    const asked = [noon, Date.parse(noon), new Date(noon)];
    const answers = await Promise.all(
      asked.map((from) => engine.schedules.next({ cron: "0 9 * * *", timeZone: "Europe/Berlin" }, { count: 1, from })),
    );
    expect(answers).toEqual(asked.map(() => [Date.UTC(2025, 5, 2, 7)]));
    await expect(engine.schedules.next({ cron: "* * * * *" }, { from: new Date(Number.NaN) })).rejects.toMatchObject({
      code: "invalid_schedule",
    });
  });

  it("tell an execution in its metadata which slot it is for", async () => {
    await using engine = await testEngine({ nodes: BASIC_NODES, now: "2025-01-01T00:00:30Z" });
    const { id: workflowId } = await engine.saveWorkflow(flow("a"));
    const { id: scheduleId } = await engine.schedules.create({ workflowId, cron: "* * * * *", input: { a: 1 } });
    await engine.advance("2m");
    const { items } = await engine.listExecutions({ workflowId });
    expect(items.map(({ metadata, status }) => [status, metadata["trigger"]])).toEqual([
      ["completed", { type: "schedule", scheduleId, fireAt: Date.UTC(2025, 0, 1, 0, 2) }],
      ["completed", { type: "schedule", scheduleId, fireAt: Date.UTC(2025, 0, 1, 0, 1) }],
    ]);
    expect((await engine.getExecution(items[0]?.id as string)).input).toEqual({ a: 1 });
    expect((await engine.schedules.history(scheduleId)).items.map(({ status }) => status)).toEqual([
      "started",
      "started",
    ]);
  });
});
