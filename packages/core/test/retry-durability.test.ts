import { describe, expect, it } from "vitest";
import { defineNode, type Storage } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { type TestClock, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

const COMMIT_MS = 200;

/** A memory storage whose commits take a while. */
function slowStorage(clock: TestClock): Storage {
  const storage = memoryStorage({ clock });
  return new Proxy(storage, {
    get(target, name) {
      if (name === "commit")
        return async (batch: Parameters<Storage["commit"]>[0]) => {
          await new Promise<void>((resolve) => clock.setTimer(clock.now() + COMMIT_MS, resolve));
          return target.commit(batch);
        };
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

describe("the next attempt of a node with effects", () => {
  it("begins once the last one is durable, so that a crash never resets the count", async () => {
    const recorded: (number | undefined)[] = [];
    const flaky = defineNode({
      type: "flaky",
      async execute(ctx) {
        const [record] = await engine.storage.listNodes(ctx.execution.id);
        recorded.push(record?.attempts);
        if (ctx.attempt < 3) throw new Error("busy");
        return ctx.attempt;
      },
    });
    const engine = await testEngine({ nodes: [...BASIC_NODES, flaky], storage: slowStorage });
    const running = engine.run(flow("a", { a: { type: "flaky", retry: { delaysMs: [10, 10], on: "any" } } }));
    await engine.advance(5_000);
    expect(await running).toMatchObject({ status: "completed", output: 3 });
    expect(recorded).toEqual([undefined, 1, 2]);
    await engine.close();
  });
});
