import { describe, expect, it } from "vitest";
import { type Storage, StorageError } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { type TestClock, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

/** A memory storage that fails once, at the first definition that is stored after `fail`. */
function cutOnce(clock: TestClock): Storage & { fail(): void } {
  let isFailing = false;
  const storage = memoryStorage({ clock });
  return new Proxy(Object.assign(storage, { fail: () => {} }), {
    get(target, name) {
      if (name === "fail")
        return () => {
          isFailing = true;
        };
      if (name === "getWorkflow" && isFailing)
        return async () => {
          isFailing = false;
          throw new StorageError("storage_unavailable", "the connection was cut");
        };
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

describe("a slot of a schedule whose start fails since the storage is away", () => {
  it("is started by the process that took it, soon, and once", async () => {
    let fail = () => {};
    await using engine = await testEngine({
      nodes: BASIC_NODES,
      storage: (clock) => {
        const storage = cutOnce(clock);
        fail = () => storage.fail();
        return storage;
      },
    });
    await engine.saveWorkflow({ id: "tick", ...flow("a") });
    await engine.schedules.create({ id: "each-minute", workflowId: "tick", cron: "* * * * *" });
    fail();
    await engine.advance("60s");
    const pending = await engine.schedules.history("each-minute");
    expect(pending.items).toMatchObject([{ status: "pending" }]);
    await engine.advance("3s");
    const { items } = await engine.schedules.history("each-minute");
    expect(items).toMatchObject([{ status: "started" }]);
    expect((await engine.listExecutions()).items).toHaveLength(1);
  });
});
