import { AutomatrixError } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { failureOf, fakeContext, runNode } from "../../../test/fake-context.js";
import { whileLoop } from "./while-loop.js";

const body = { nodes: [] };
const below = (limit: number) => (_: string, extra: Readonly<Record<string, unknown>>) =>
  (extra["input"] as { n: number }).n < limit;
const addOne = ({ input }: { readonly input: unknown }) => ({ n: (input as { n: number }).n + 1 });

describe("while_loop", () => {
  it("hands each turn the previous output, and gives that of the last", async () => {
    const fake = fakeContext(whileLoop, {
      parameters: { condition: "input.n < 3", body, maxIterations: 10 },
      input: { n: 0 },
      evaluate: below(3),
      runBody: addOne,
    });
    expect(await whileLoop.execute(fake.ctx)).toEqual({ n: 3 });
    expect(fake.bodies.map(({ key, input }) => [key, input])).toEqual([
      ["[0]", { n: 0 }],
      ["[1]", { n: 1 }],
      ["[2]", { n: 2 }],
    ]);
  });

  it("gives its input when there is no turn", async () => {
    expect(
      await runNode(whileLoop, {
        parameters: { condition: "false", body, maxIterations: 1 },
        input: { n: 5 },
        evaluate: below(3),
      }),
    ).toEqual({ n: 5 });
  });

  it("lets the limit be reached, and fails when the condition is true beyond it", async () => {
    const run = { parameters: { condition: "true", body, maxIterations: 3 }, input: { n: 0 }, runBody: addOne };
    expect(await runNode(whileLoop, { ...run, evaluate: below(3) })).toEqual({ n: 3 });
    expect(await failureOf(whileLoop, { ...run, evaluate: below(4) })).toMatchObject({
      code: "loop_limit_reached",
      name: "FatalNodeError",
    });
  });

  it("carries the variables of earlier turns into the condition and into later turns", async () => {
    const seen: unknown[] = [];
    const fake = fakeContext(whileLoop, {
      parameters: { condition: "vars.total < 2", body, maxIterations: 5 },
      vars: { total: 0, region: "eu" },
      evaluate: (_, extra) => {
        seen.push(extra["vars"]);
        return (extra["vars"] as { total: number }).total < 2;
      },
      runBody: ({ options }) =>
        options.onVariables?.({ total: ((options.variables?.["total"] as number | undefined) ?? 0) + 1 }),
    });
    await whileLoop.execute(fake.ctx);
    expect(seen).toEqual([
      { total: 0, region: "eu" },
      { total: 1, region: "eu" },
      { total: 2, region: "eu" },
    ]);
    expect(fake.bodies.map(({ options }) => options.variables)).toEqual([{ index: 0 }, { total: 1, index: 1 }]);
  });

  it("needs a limit, and says so", () => {
    expect(whileLoop.unbounded?.({})).toMatch(/maxIterations/);
    expect(whileLoop.unbounded?.({ maxIterations: 3 })).toBeUndefined();
    expect(whileLoop.parameterSchema?.safeParse({ condition: "true", body }).success).toBe(false);
  });

  it("hands a failing turn's error on as it is, and stops when aborted", async () => {
    const error = new AutomatrixError("node_failed", "no");
    const run = { parameters: { condition: "true", body, maxIterations: 3 }, evaluate: () => true };
    expect(await failureOf(whileLoop, { ...run, runBody: () => Promise.reject(error) })).toBe(error);
    expect(await failureOf(whileLoop, { ...run, signal: AbortSignal.abort(error) })).toBe(error);
  });
});
