import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { fakeContext } from "../../../test/fake-context.js";
import { switchNode } from "./switch.js";

async function portsTaken(parameters: Readonly<Record<string, unknown>>): Promise<unknown> {
  const fake = fakeContext(switchNode, { parameters, input: { n: 1 } });
  await switchNode.execute(fake.ctx);
  return fake.emitted;
}

describe("switch", () => {
  const cases = [
    { port: "none", equals: null },
    { port: "one", equals: 1 },
    { port: "list", equals: [1, { a: 2 }] },
    { port: "sure", condition: true },
  ];

  it.each([
    [1, "one"],
    [null, "none"],
    [[1, { a: 2 }], "list"],
    ["1", "sure"],
  ])("for the value %j takes the first case that applies, %s", async (value, port) => {
    expect(await portsTaken({ value, cases })).toEqual({ [port]: { n: 1 } });
  });

  it("takes fallback when no case applies", async () => {
    expect(
      await portsTaken({
        value: "1",
        cases: [
          { port: "one", equals: 1 },
          { port: "no", condition: null },
          { port: "empty", condition: "" },
          { port: "zero", condition: 0 },
        ],
      }),
    ).toEqual({ fallback: { n: 1 } });
  });

  it("has a port for each case, once, and fallback", () => {
    const ports = switchNode.ports as (parameters: Readonly<Record<string, unknown>>) => readonly string[];
    expect(ports({ cases: [...cases, { port: "one", equals: 3 }] })).toEqual([
      "none",
      "one",
      "list",
      "sure",
      "fallback",
    ]);
    expect(ports({ cases: "{{input.cases}}" })).toEqual(["fallback"]);
    expect(ports({ cases: [null, 5, {}] })).toEqual(["fallback"]);
  });

  it("wants either equals or condition in a case", () => {
    expect(switchNode.parameterSchema?.safeParse({ cases: [{ port: "a" }] }).success).toBe(false);
    expect(switchNode.parameterSchema?.safeParse({ cases: [{ port: "a", equals: 1, condition: true }] }).success).toBe(
      false,
    );
  });

  const decide = (condition: unknown) =>
    testNode(switchNode)
      .parameters({ cases: [{ port: "yes", condition }] })
      .input({ x: 2, text: "{{ false }}" })
      .run();

  it.each([
    ["input.x > 1", "yes"],
    ["input.x > 2", "fallback"],
    ["  {{ input.x > 2 }}\n", "fallback"],
    ["{{input.x}}", "yes"],
    ["{{input.none}}", "fallback"],
    ["input.text", "yes"],
    ["false", "fallback"],
    [true, "yes"],
  ])("reads the condition %j as an expression", async (condition, port) => {
    expect(await decide(condition)).toMatchObject({ status: "completed", port });
  });

  it.each(["input.x >", "{{input.x}} > 1", "{{input.x >}}", "nodes.none.output", ""])(
    "refuses the condition %j before it runs",
    async (condition) => {
      await expect(decide(condition)).rejects.toMatchObject({
        issues: [{ path: "/nodes/0/data/cases/0/condition" }],
      });
    },
  );
});
