import { describe, expect, it } from "vitest";
import { defineNode } from "../src/index.js";
import { testClock } from "../src/testing/index.js";
import { sharedStorage, startWorker } from "./support/shared-storage.js";
import { flow } from "./support/workflow.js";

/** A front end, whose engine runs nothing, and a function that adds a worker on the same storage. */
async function scene() {
  const clock = testClock();
  const storage = sharedStorage(clock);
  const ran: string[] = [];
  const nodesOf = (name: string) => [
    defineNode({
      type: "where",
      execute: () => {
        ran.push(name);
        return name;
      },
    }),
    defineNode({ type: "await", execute: (ctx) => ctx.wait.signal("go") }),
  ];
  const start = (name: string, executions: number) =>
    startWorker(name, { storage, clock, nodes: nodesOf(name), concurrency: { executions } });
  return { clock, ran, front: await start("front", 0), addWorker: () => start("worker", 10) };
}

const WHERE = flow("a", { a: { type: "where" } });

describe("an engine with no place for executions", () => {
  it("leaves to workers what it starts, and hears how it ended", async () => {
    const { clock, ran, front, addWorker } = await scene();
    await using _ = front;
    const handle = await front.execute(WHERE);
    await clock.advance(5_000);
    expect(await front.getExecution(handle.id)).toMatchObject({ status: "queued" });
    await using _worker = await addWorker();
    await clock.advance(1_000);
    expect((await handle.result()).output).toBe("worker");
    expect(ran).toEqual(["worker"]);
  });

  it("cancels what is queued", async () => {
    const { clock, front } = await scene();
    await using _ = front;
    const { id } = await front.execute(WHERE);
    await front.cancel(id, "no longer wanted");
    await clock.advance(1_000);
    expect(await front.getExecution(id)).toMatchObject({ status: "cancelled" });
  });

  it("signals what waits elsewhere", async () => {
    const { clock, front, addWorker } = await scene();
    await using _ = front;
    await using _worker = await addWorker();
    const handle = await front.execute(flow("a", { a: { type: "await" } }));
    await clock.advance(1_000);
    await front.signal(handle.id, "go", { data: 7 });
    await clock.advance(1_000);
    expect((await handle.result()).status).toBe("completed");
  });

  it("fires schedules", async () => {
    const { clock, ran, front, addWorker } = await scene();
    await using _ = front;
    await front.saveWorkflow({ id: "w", ...WHERE });
    await front.schedules.create({ id: "s", workflowId: "w", cron: "*/10 * * * * *" });
    await clock.advance(10_000);
    await using _worker = await addWorker();
    await clock.advance(1_000);
    expect(ran).toEqual(["worker"]);
  });
});
