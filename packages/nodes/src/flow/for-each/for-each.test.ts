import { AutomatrixError, FatalNodeError, RetryableNodeError } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { failureOf, fakeContext, runNode } from "../../../test/fake-context.js";
import { forEach } from "./for-each.js";

const body = { nodes: [] };

function failingAt(places: readonly number[], error: () => unknown = () => new FatalNodeError("no")) {
  return ({ input }: { readonly input: unknown }): unknown => {
    if (places.includes(input as number)) throw error();
    return (input as number) * 10;
  };
}

describe("for_each", () => {
  it("runs the body for each item, with item and index as variables, results in order", async () => {
    const fake = fakeContext(forEach, {
      parameters: { items: ["a", "b"], body },
      runBody: ({ input }) => `${String(input)}!`,
    });
    expect(await forEach.execute(fake.ctx)).toEqual({ results: ["a!", "b!"], errors: [] });
    expect(fake.bodies.map(({ key, options }) => [key, options.variables])).toEqual([
      ["[0]", { item: "a", index: 0 }],
      ["[1]", { item: "b", index: 1 }],
    ]);
    expect(fake.bodies[0]?.definition).toBe(fake.ctx.parameters["body" as never]);
  });

  it("hands out batches", async () => {
    const fake = fakeContext(forEach, {
      parameters: { items: [1, 2, 3], body, batchSize: 2 },
      runBody: ({ input }) => (input as number[]).length,
    });
    expect(await forEach.execute(fake.ctx)).toEqual({ results: [2, 1], errors: [] });
    expect(fake.bodies.map(({ input }) => input)).toEqual([[1, 2], [3]]);
  });

  it("keeps at most `concurrency` bodies running, and results in the order of the items", async () => {
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const done = runNode(forEach, {
      parameters: { items: [0, 1, 2, 3, 4, 5, 6], body, concurrency: 3 },
      runBody: async ({ input }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => release.push(resolve));
        running -= 1;
        return input;
      },
    });
    for (let turn = 0; turn < 50; turn += 1) {
      await Promise.resolve();
      release.pop()?.();
    }
    expect(await done).toEqual({ results: [0, 1, 2, 3, 4, 5, 6], errors: [] });
    expect(most).toBe(3);
  });

  it("fails naming the index, and starts no further item", async () => {
    const fake = fakeContext(forEach, {
      parameters: { items: [0, 1, 2, 3, 4], body, concurrency: 1 },
      runBody: failingAt([1]),
    });
    await expect(forEach.execute(fake.ctx)).rejects.toMatchObject({
      code: "item_failed",
      message: "Item 1 failed: no",
      details: { index: 1, code: "fatal" },
    });
    expect(fake.bodies.map(({ key }) => key)).toEqual(["[0]", "[1]"]);
  });

  it("names the lowest index of several that failed together, after all running ones ended", async () => {
    let ended = 0;
    const failure = await failureOf(forEach, {
      parameters: { items: [0, 1, 2], body },
      runBody: async ({ input }) => {
        for (let turn = 0; turn < 10 - (input as number); turn += 1) await Promise.resolve();
        ended += 1;
        throw new FatalNodeError("no");
      },
    });
    expect(failure.details).toMatchObject({ index: 0 });
    expect(ended).toBe(3);
  });

  it.each([
    [new RetryableNodeError("later"), { name: "AutomatrixError", details: { index: 0, code: "retryable" } }],
    [new AutomatrixError("attempt_timed_out", "later"), { name: "AutomatrixError" }],
    [new FatalNodeError("never"), { name: "FatalNodeError" }],
    [new AutomatrixError("node_failed", "perhaps"), { name: "AutomatrixError" }],
    ["text", { name: "AutomatrixError", details: { index: 0, code: "node_failed" } }],
    [undefined, { name: "AutomatrixError" }],
  ])(
    "is never transient, since the node was retried inside, and fatal when the cause is: %s",
    async (cause, expected) => {
      const failure = await failureOf(forEach, {
        parameters: { items: [0], body },
        runBody: failingAt([0], () => cause),
      });
      expect(failure).toMatchObject({ code: "item_failed", ...expected });
    },
  );

  it("collects failures, leaving null at their places", async () => {
    const parameters = { items: [0, 1, 2], body, onItemError: "collect" };
    const error = () => new AutomatrixError("node_failed", "no", { details: { nodeId: "loop[1]/call", attempt: 2 } });
    expect(await runNode(forEach, { parameters, runBody: failingAt([1], error) })).toEqual({
      results: [0, null, 20],
      errors: [{ index: 1, error: { code: "node_failed", message: "no", nodeId: "loop[1]/call", attempt: 2 } }],
    });
  });

  it("skips failures, leaving their places out", async () => {
    const parameters = { items: [0, 1, 2], body, onItemError: "skip" };
    expect(await runNode(forEach, { parameters, runBody: failingAt([0, 2]) })).toMatchObject({
      results: [10],
      errors: [{ index: 0 }, { index: 2 }],
    });
  });

  it("fails before anything runs when there are too many items or no list", async () => {
    const fake = fakeContext(forEach, { parameters: { items: [1, 2, 3], body, maxItems: 2 } });
    await expect(forEach.execute(fake.ctx)).rejects.toMatchObject({ code: "too_many_items", name: "FatalNodeError" });
    expect(fake.bodies).toEqual([]);
    expect((await failureOf(forEach, { parameters: { items: "x", body } })).message).toMatch(/`items` is a string/);
    expect((await failureOf(forEach, { parameters: { items: null, body } })).message).toMatch(/`items` is null/);
  });

  it("works on its input when no items are given", async () => {
    expect(await runNode(forEach, { parameters: { body }, input: [1], runBody: ({ input }) => input })).toMatchObject({
      results: [1],
    });
  });

  it("stops when interrupted, whatever onItemError says", async () => {
    const controller = new AbortController();
    const cancelled = new AutomatrixError("execution_cancelled", "Cancelled.");
    const fake = fakeContext(forEach, {
      parameters: { items: [0, 1, 2, 3], body, concurrency: 1, onItemError: "collect" },
      signal: controller.signal,
      runBody: () => {
        controller.abort(cancelled);
        throw cancelled;
      },
    });
    await expect(forEach.execute(fake.ctx)).rejects.toBe(cancelled);
    expect(fake.bodies).toHaveLength(1);
  });

  it("runs 100,000 items", async () => {
    const items = Array.from({ length: 100_000 }, (_, index) => index);
    const { results } = (await runNode(forEach, {
      parameters: { items, body, concurrency: 100 },
      runBody: ({ input }) => input,
    })) as { results: unknown[] };
    expect(results).toHaveLength(100_000);
    expect(results[99_999]).toBe(99_999);
  });
});
