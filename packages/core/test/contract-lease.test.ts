import { describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { testClock } from "../src/testing/index.js";
import { sharedStorage, startWorker } from "./support/shared-storage.js";
import { flow } from "./support/workflow.js";

describe("a short lease given alone", () => {
  it("is kept by its worker, and nobody takes over what it runs", async () => {
    const clock = testClock();
    const storage = sharedStorage(clock);
    let starts = 0;
    const slow = defineNode({
      type: "slow",
      execute(ctx) {
        starts++;
        return new Promise((resolve) => {
          ctx.clock.setTimer(ctx.clock.now() + 30_000, () => resolve("done"));
        });
      },
    });
    const parts = { storage, clock, nodes: [slow], lease: { durationMs: 2_000 } };
    const owner = await startWorker("owner", parts);
    const other = await startWorker("other", parts);
    const handle = await owner.execute(flow("a", { a: { type: "slow" } }));
    await clock.advance("40s");
    expect(await handle.result()).toMatchObject({ status: "completed", output: "done" });
    expect(starts).toBe(1);
    expect(await owner.getExecution(handle.id)).toMatchObject({ crashes: 0, epoch: 1 });
    await Promise.all([owner.close({ deadlineMs: 0 }), other.close({ deadlineMs: 0 })]);
  });
});
